"""The demo: the built-in moving portrait through the whole filter, into a video, a picture and a window."""

from __future__ import annotations

import time as clock
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.realtime.filter import FaceFilter
from animirror.realtime.images import Picture, write_picture
from animirror.realtime.report import Timings
from animirror.realtime.scene import Filtered
from animirror.realtime.sinks import VideoSink
from animirror.realtime.sources import DemoSource
from animirror.realtime.window import Window, display_answers

VIDEO, SHEET = "animirror-demo.mp4", "animirror-demo.png"
TITLE = "AniMirror demo (q quits)"
CAPTIONS = ("before", "mask", "after")
# Tint of the mask panel (BGR) and how much of it covers the picture.
TINT, TINT_SHARE = (60, 40, 230), 0.6


@dataclass(frozen=True)
class DemoReport:
    """What the demo did: frames, seconds, frames per second of the filter alone, ms per stage, files."""

    frames: int
    seconds: float
    fps: float
    stages: dict[str, dict[str, float]]
    video: str
    sheet: str
    window: bool


def run_demo(face_filter: FaceFilter, folder: Path, frames: int, window: bool = True) -> DemoReport:
    """Run ``frames`` frames and write VIDEO and SHEET into ``folder`` (overwritten). Raises UserError.

    A window opens as well where ``window`` is wanted and a display answers; closing it ends the window only.
    """
    source, timings = DemoSource(frames), Timings()
    busy, widest, best = 0.0, -1.0, None
    with ExitStack() as stack:
        sink = stack.enter_context(
            VideoSink(folder / VIDEO, source.WIDTH, source.HEIGHT, source.RATE, overwrite=True)
        )
        shown = stack.enter_context(Window(TITLE)) if window and display_answers() else None
        had_window, start = shown is not None, clock.perf_counter()
        for item in source:
            filtered = face_filter(item.frame, item.time)
            busy += sum(filtered.timings.values()) / 1000.0
            timings.add(filtered)
            sink.write(filtered.frame, item.time, item.duration)
            if shown is not None and not shown.show(filtered.frame):
                shown.close()
                shown = None
            largest = max((crop.side for crop in filtered.crops), default=0.0)
            if largest > widest:
                widest, best = largest, (item.frame, filtered)
        seconds = clock.perf_counter() - start
    if best is not None:
        write_picture(Picture(sheet(*best)), folder / SHEET)
    return DemoReport(
        frames,
        round(seconds, 2),
        round(frames / busy, 1),
        timings.summary(),
        str(folder / VIDEO),
        str(folder / SHEET),
        had_window,
    )


def sheet(frame: NDArray[np.uint8], filtered: Filtered) -> NDArray[np.uint8]:
    """Before, mask and after beside each other with captions: uint8 [H, 3 W, 3] BGR."""
    tint = np.full_like(frame, TINT)
    share = (filtered.mask * TINT_SHARE)[..., None]
    masked = (frame * (1 - share) + tint * share).astype(np.uint8)
    panels = [frame.copy(), masked, filtered.frame.copy()]
    for panel, caption in zip(panels, CAPTIONS, strict=True):
        for color, thickness in (((0, 0, 0), 5), ((255, 255, 255), 2)):
            cv2.putText(
                panel, caption, (20, 45), cv2.FONT_HERSHEY_SIMPLEX, 1.2, color, thickness, cv2.LINE_AA
            )
    return np.hstack(panels)
