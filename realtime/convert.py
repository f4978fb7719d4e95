"""Files through the filter: pictures one by one, videos frame by frame."""

from __future__ import annotations

import sys
import time as clock
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from animirror.realtime.errors import UserError
from animirror.realtime.filter import MIN_SIDE, FaceFilter, Filtered
from animirror.realtime.images import Picture, check_target, check_writable, read_picture, write_picture
from animirror.realtime.sinks import VideoSink
from animirror.realtime.sources import VideoSource


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
        }


@dataclass(frozen=True)
class Report:
    """What was done to one file. ``frames``: written; ``with_heads``: those where somebody was found;

    ``peak_memory_mb``: of the process so far (None on Windows, which does not tell);
    ``problem``: what the user should know of the source (None: nothing); ``partial``: part of it is missing
    in the result.
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


Progress = Callable[[int, int | None], None]


def convert_picture(source: Path, target: Path, face_filter: FaceFilter, overwrite: bool = False) -> Report:
    """Redraw the heads of a picture file. Raises UserError before anything is written."""
    check_target(target, source, overwrite)
    picture = read_picture(source)
    height, width = picture.frame.shape[:2]
    if min(height, width) < MIN_SIDE:
        raise UserError(f"{source} is too small ({width}x{height}); at least {MIN_SIDE}x{MIN_SIDE} pixels.")
    start = clock.perf_counter()
    filtered = face_filter(picture.frame)
    write_picture(replace(picture, frame=filtered.frame), target)
    timings = Timings()
    timings.add(filtered)
    return _report(
        source, target, 1, int(bool(filtered.crops)), start, timings, _notes(picture, filtered, source)
    )


def _notes(picture: Picture, filtered: Filtered, source: Path) -> str | None:
    nobody = None if filtered.crops else f"Nobody was found in {source}: it was copied as it is."
    return " ".join(note for note in (picture.note, nobody) if note) or None


def convert_video(
    source: Path,
    target: Path,
    face_filter: FaceFilter,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Redraw the heads in every frame of a video file: as many frames out as in, at the same times.

    ``progress`` is called after each frame with the number done and the number in all (None: unknown).
    Raises UserError where source or target cannot be used; the target appears only when it is whole.
    """
    check_writable(target, source, overwrite)
    with VideoSource(source) as video:
        info = video.info
        if min(info.width, info.height) < MIN_SIDE:
            raise UserError(
                f"{source} is too small ({info.width}x{info.height}); at least {MIN_SIDE}x{MIN_SIDE}."
            )
        face_filter.reset()
        start, timings, frames, with_heads = clock.perf_counter(), Timings(), 0, 0
        with VideoSink(target, info.width, info.height, info.rate, overwrite, info.pixel_aspect) as sink:
            for item in video:
                filtered = face_filter(item.frame, item.time)
                sink.write(filtered.frame, item.time, item.duration)
                timings.add(filtered)
                frames += 1
                with_heads += bool(filtered.crops)
                if progress is not None:
                    progress(frames, info.frames)
        return _report(source, target, frames, with_heads, start, timings, video.problem, video.partial)


def _report(
    source: Path,
    target: Path,
    frames: int,
    with_heads: int,
    start: float,
    timings: Timings,
    problem: str | None,
    partial: bool = False,
) -> Report:
    seconds = clock.perf_counter() - start
    return Report(
        str(source),
        str(target),
        frames,
        with_heads,
        round(seconds, 3),
        round(frames / seconds, 2),
        timings.summary(),
        peak_memory_mb(),
        problem,
        partial,
    )


def peak_memory_mb() -> float | None:
    """Highest resident memory of this process so far, megabytes; None where the system does not tell."""
    if sys.platform == "win32":
        return None
    import resource

    # Linux counts in kilobytes, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6, 1)
