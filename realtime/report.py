"""What is told of a conversion: frames, times of every stage, memory, what was wrong."""

from __future__ import annotations

import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from animirror.realtime.scene import Filtered


@dataclass
class Timings:
    """Milliseconds of every stage of every frame."""

    stages: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, filtered: Filtered) -> None:
        for stage, milliseconds in filtered.timings.items():
            self.stages[stage].append(milliseconds)

    def summary(self) -> dict[str, dict[str, float]]:
        """Median and 95th percentile of each stage, ms."""
        return {
            stage: {
                "median": round(float(np.median(values)), 2),
                "p95": round(float(np.percentile(values, 95)), 2),
            }
            for stage, values in self.stages.items()
            if values
        }


@dataclass(frozen=True)
class Report:
    """What was done to one file. ``frames``: written; ``with_heads``: those where somebody was found;

    ``seconds``: of work, in this run; ``fps``: frames per second of it; ``peak_memory_mb``: of the process so
    far (None on Windows, which does not tell); ``problem``: what the user should know of the source (None:
    nothing); ``partial``: part of it is missing in the result; ``gaps``: what is damaged, from when to when,
    seconds; ``resumed``: frames that an earlier run had done.
    """

    source: str
    target: str
    frames: int
    with_heads: int
    seconds: float
    fps: float
    stages: dict[str, dict[str, float]]
    peak_memory_mb: float | None = None
    problem: str | None = None
    partial: bool = False
    gaps: tuple[tuple[float, float], ...] = ()
    resumed: int = 0


def peak_memory_mb() -> float | None:
    """Highest resident memory of this process so far, megabytes; None where the system does not tell."""
    if sys.platform == "win32":
        return None
    elif sys.platform == "linux":  # noqa: RET505  (mypy knows the branches of platforms, not what follows a return)
        # getrusage would tell a child the memory of the program that started it, if that was more.
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        return round(int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6, 1)
    else:
        import resource

        # macOS counts in bytes.
        return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 1)
