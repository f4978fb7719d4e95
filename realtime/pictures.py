"""One picture file through the filter."""

from __future__ import annotations

import time as clock
from dataclasses import replace
from pathlib import Path

from animirror.realtime.errors import UserError
from animirror.realtime.filter import MIN_SIDE, FaceFilter
from animirror.realtime.images import Picture, check_target, read_picture, write_picture
from animirror.realtime.report import Report, Timings, peak_memory_mb
from animirror.realtime.scene import Filtered


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
    seconds, timings = clock.perf_counter() - start, Timings()
    timings.add(filtered)
    return Report(
        str(source),
        str(target),
        1,
        int(bool(filtered.crops)),
        round(seconds, 3),
        round(1 / seconds, 2),
        timings.summary(),
        peak_memory_mb(),
        _notes(picture, filtered, source),
    )


def _notes(picture: Picture, filtered: Filtered, source: Path) -> str | None:
    nobody = None if filtered.crops else f"Nobody was found in {source}: it was copied as it is."
    return " ".join(note for note in (picture.note, nobody) if note) or None
