"""Work spread over processes: answers in order, and nothing runs on after a Ctrl-C."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import TypeVar

import cv2

Item = TypeVar("Item")
Answer = TypeVar("Answer")


@contextmanager
def answers(
    job: Callable[[Item], Answer], items: Sequence[Item], workers: int, chunk: int = 1
) -> Iterator[Iterable[Answer]]:
    """``job`` of every item, in order, in so many processes; with one worker, in this one.

    ``job`` and items are pickled; ``chunk``: items that a process is given at once.
    """
    if workers == 1:
        yield map(job, items)
        return
    # Spawned, not forked: onnxruntime's threads do not survive a fork.
    with ProcessPoolExecutor(workers, get_context("spawn"), initializer=_begin) as pool:
        try:
            yield pool.map(job, items, chunksize=chunk)
        finally:
            pool.shutdown(cancel_futures=True)


def _begin() -> None:
    """Interrupts are the parent's business; each of several processes works on one thread."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
