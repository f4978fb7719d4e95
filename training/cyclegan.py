"""Training of the generator: CycleGAN (Zhu et al., ICCV 2017), read from top to bottom.

animirror train cyclegan training/presets/anime-lite-1.json --max-minutes 60
animirror train cyclegan training/presets/anime-lite-1.json --resume
accelerate launch --num_processes 2 -m animirror.realtime.cli train cyclegan options.json
"""

from __future__ import annotations

import logging
import math
import time
from argparse import Namespace
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import torch
from torch.utils.data import DataLoader

from animirror.realtime.errors import UserError
from animirror.training.data import Blur, Picture, UnpairedDataset, jitters, read_pictures
from animirror.training.gan import CycleGan, check_networks
from animirror.training.look import as_filtered
from animirror.training.monitor import Monitor
from animirror.training.options import CycleganOptions, load_options
from animirror.training.processes import Processes
from animirror.training.splits import read_splits
from animirror.training.state import Progress, lost, save, start
from animirror.training.stopper import Stopper, ignore_interrupts

__all__ = ["CycleGan", "Progress", "train"]

log = logging.getLogger(__name__)

# {"photo", "drawing"}: float32 [N, 3, S, S] RGB in -1..1.
Batch = dict[str, torch.Tensor]

# Steps between two rows of the table of losses, besides the end of each epoch.
LOG_EVERY = 50


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
    started = time.monotonic() - progress.seconds
    with Stopper(max_minutes) as stopper:
        for batch in in_one_sentence(batches(photos, drawings, options, progress.step, total, processes)):
            parts = gan.step(batch["photo"], batch["drawing"])
            progress.step, progress.seconds = gan.steps, time.monotonic() - started
            progress.add(parts)
            wrong = [name for name, value in parts.items() if not math.isfinite(value)]
            if wrong:
                raise UserError(lost(folder, progress, f"the loss '{wrong[0]}' is no number any more"))
            epoch_over = progress.step % per_epoch == 0
            stop = processes.any(stopper.asked)
            if progress.summed == LOG_EVERY or epoch_over:
                monitor.log(progress)
            if epoch_over:
                scores, best = monitor.judge(progress)
                save(folder, gan, progress, per_epoch, scores, best)
                monitor.tell(progress, scores, best)
            elif stop:
                save(folder, gan, progress, per_epoch)
            if epoch_over or stop:
                monitor.show(progress)
            if stop:
                break
    if processes.is_main:
        log.info("%s: saved at step %d of %d", folder, progress.step, total)
    if stopper.interrupted:
        raise KeyboardInterrupt
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
    first = processes.index * options.batch
    shares = [list(range(start, start + options.batch)) for start in range(first, len(data), whole)]
    return DataLoader(
        data,
        batch_sampler=shares,
        num_workers=options.workers,
        worker_init_fn=_start_worker,
        pin_memory=processes.device.type == "cuda",
        # Its own, or starting the workers would draw from the numbers that dropout uses.
        generator=torch.Generator(),
    )


def in_one_sentence(loader: Iterable[Batch]) -> Iterator[Batch]:
    """The loader's batches; a UserError of its workers comes without the traceback that torch wraps it in."""
    try:
        yield from loader
    except UserError as error:
        raise UserError(str(error).strip().splitlines()[-1].split("UserError: ")[-1]) from error


def _start_worker(_: Any) -> None:
    ignore_interrupts()
    # The workers are as many as are wanted already.
    cv2.setNumThreads(0)


def run(arguments: Namespace) -> int:
    """`animirror train cyclegan OPTIONS.json [--resume] [--max-minutes M]`."""
    logging.getLogger("animirror.training").setLevel(logging.INFO)
    options = load_options(CycleganOptions, Path(arguments.options))
    train(options, arguments.resume, arguments.max_minutes)
    return 0
