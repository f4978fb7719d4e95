"""Training of the generator: CycleGAN (Zhu et al., ICCV 2017), read from top to bottom.

animirror train cyclegan training/presets/anime-lite-1.json --max-minutes 60
animirror train cyclegan training/presets/anime-lite-1.json --resume
accelerate launch --num_processes 2 -m animirror.realtime.cli train cyclegan options.json
"""

from __future__ import annotations

import logging
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

import torch
from torch.utils.data import DataLoader

from animirror.training.data import Blur, Picture, UnpairedDataset, jitters, read_pictures
from animirror.training.gan import CycleGan, check_networks
from animirror.training.look import as_filtered
from animirror.training.loop import loader, run_loop
from animirror.training.monitor import Monitor
from animirror.training.options import CycleganOptions
from animirror.training.options_file import load_options
from animirror.training.processes import Processes
from animirror.training.splits import read_splits
from animirror.training.state import Progress, start

__all__ = ["CycleGan", "Progress", "train"]

log = logging.getLogger(__name__)

# {"photo", "drawing"}: float32 [N, 3, S, S] RGB in -1..1.
Batch = dict[str, torch.Tensor]


def train(options: CycleganOptions, resume: bool = False, max_minutes: float | None = None) -> Path:
    """Train until the last epoch or until the minutes are over; returns the run's folder.

    Ctrl-C finishes the step, saves and raises KeyboardInterrupt. Raises UserError for unusable data, networks
    or options, for a run folder that already holds another run, and when the losses stop being numbers.
    """
    folder, processes = Path(options.runs) / options.name, Processes()
    check_networks(options)
    splits = read_splits(Path(options.splits)) if options.splits else None
    root = Path(options.data_root)
    photos = as_filtered(read_pictures(root, options.photos, splits, validation=False), options)
    drawings = read_pictures(root, options.drawings, splits, validation=False)
    per_epoch = options.steps_per_epoch or max(1, len(photos) // (options.batch * processes.count))
    total = per_epoch * options.epochs

    gan = CycleGan(options, total, processes.device, processes)
    progress = start(folder, options, gan, resume)
    monitor = Monitor(folder, options, splits, gan, progress, per_epoch)
    data = batches(photos, drawings, options, progress.step, total, processes)
    run_loop(
        folder,
        gan,
        lambda batch: gan.step(batch["photo"], batch["drawing"]),
        data,
        progress,
        monitor,
        per_epoch,
        max_minutes,
    )
    return folder


def batches(
    photos: Sequence[Picture],
    drawings: Sequence[Picture],
    options: CycleganOptions,
    step: int,
    total: int,
    processes: Processes,
) -> DataLoader[Batch]:
    """This process's share of every batch from ``step`` to ``total``."""
    whole = options.batch * processes.count
    data = UnpairedDataset(
        photos,
        drawings,
        options.size,
        step * whole,
        total * whole,
        options.seed,
        jitters(options),
        Blur(options.blur_sigma, options.blur_kernel, options.blur_share),
    )
    return loader(data, options, processes)


def run(arguments: Namespace) -> int:
    """`animirror train cyclegan OPTIONS.json [--resume] [--max-minutes M]`."""
    logging.getLogger("animirror.training").setLevel(logging.INFO)
    options = load_options(CycleganOptions, Path(arguments.options))
    train(options, arguments.resume, arguments.max_minutes)
    return 0
