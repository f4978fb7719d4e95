"""The loop of every generator's training: batches in, steps, and after each epoch what tells how it goes."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import cv2
import torch
from torch.utils.data import DataLoader, Dataset

from animirror.realtime.errors import UserError
from animirror.training.gan import GanTraining
from animirror.training.monitor import Monitor
from animirror.training.options import CycleganOptions
from animirror.training.processes import Processes
from animirror.training.state import Progress, lost, save
from animirror.training.stopper import Stopper, ignore_interrupts

Item = TypeVar("Item")

log = logging.getLogger(__name__)

# Steps between two rows of the table of losses, besides the end of each epoch.
LOG_EVERY = 50


def run_loop(
    folder: Path,
    training: GanTraining,
    step: Callable[[Item], dict[str, float]],
    batches: Iterable[Item],
    progress: Progress,
    monitor: Monitor,
    per_epoch: int,
    max_minutes: float | None = None,
) -> None:
    """Take ``step`` with each batch until there are no more, or until the minutes are over.

    Ctrl-C finishes the step, saves and raises KeyboardInterrupt. Raises UserError when the losses stop being
    numbers; the last good state stays.
    """
    processes, started = training.processes, time.monotonic() - progress.seconds
    with Stopper(max_minutes) as stopper:
        for batch in in_one_sentence(batches):
            parts = step(batch)
            progress.step, progress.seconds = training.steps, time.monotonic() - started
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
                save(folder, training, progress, per_epoch, scores, best)
                monitor.tell(progress, scores, best)
            elif stop:
                save(folder, training, progress, per_epoch)
            if epoch_over or stop:
                monitor.show(progress)
            if stop:
                break
    if processes.is_main:
        log.info("%s: saved at step %d", folder, progress.step)
    if stopper.interrupted:
        raise KeyboardInterrupt


def loader(data: Dataset[Item], options: CycleganOptions, processes: Processes) -> DataLoader[Item]:
    """This process's share of every batch of ``data``, in order."""
    whole, first = options.batch * processes.count, processes.index * options.batch
    count = len(data)  # type: ignore[arg-type]
    return DataLoader(
        data,
        batch_sampler=[list(range(start, start + options.batch)) for start in range(first, count, whole)],
        num_workers=options.workers,
        worker_init_fn=_start_worker,
        pin_memory=processes.device.type == "cuda",
        # Its own, or starting the workers would draw from the numbers that dropout uses.
        generator=torch.Generator(),
    )


def in_one_sentence(batches: Iterable[Item]) -> Iterator[Item]:
    """The batches; a UserError of a loader's workers comes without the traceback that torch wraps it in."""
    try:
        yield from batches
    except UserError as error:
        raise UserError(str(error).strip().splitlines()[-1].split("UserError: ")[-1]) from error


def _start_worker(_: Any) -> None:
    ignore_interrupts()
    # The workers are as many as are wanted already.
    cv2.setNumThreads(0)
