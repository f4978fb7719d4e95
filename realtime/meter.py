"""How long something takes, and how often it happens, in memory that does not grow."""

from __future__ import annotations

import threading
import time as clock
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Times kept for medians and percentiles: bounded, or hours of live video would fill the memory.
KEPT = 10_000


@dataclass(frozen=True)
class Spread:
    """Median and 95th percentile, milliseconds."""

    median: float
    p95: float


class Meter:
    """Durations of something that happens again and again, and when; added by one thread, read by any.

    Takes the same memory from the first moment on, however long it runs.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # A ring: when, how long; both seconds.
        self._values = np.zeros((KEPT, 2))
        self.count = 0

    def add(self, seconds: float, now: float | None = None) -> None:
        with self._lock:
            self._values[self.count % KEPT] = clock.perf_counter() if now is None else now, seconds
            self.count += 1

    def spread(self, recent: int = KEPT) -> Spread:
        """Of the ``recent`` last durations; zeros where there are none."""
        durations = self._last(recent)[:, 1]
        median, p95 = np.percentile(durations, [50, 95]) * 1000.0 if len(durations) else (0.0, 0.0)
        return Spread(round(float(median), 2), round(float(p95), 2))

    def rate(self, recent: int = KEPT) -> float:
        """How often per second, over the ``recent`` last times; 0 where it happened less than twice."""
        times = self._last(recent)[:, 0]
        if len(times) < 2 or times[-1] <= times[0]:
            return 0.0
        return round(float((len(times) - 1) / (times[-1] - times[0])), 2)

    def _last(self, recent: int) -> NDArray[np.float64]:
        with self._lock:
            known = min(self.count, KEPT, recent)
            return self._values[np.arange(self.count - known, self.count) % KEPT]
