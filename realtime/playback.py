"""Live sources that are no cameras: files at their own speed, a still picture, the demo; and the choice."""

from __future__ import annotations

import itertools
import logging
import threading
import time as clock
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.realtime.camera import Shot, Wishes, open_camera, open_stream
from animirror.realtime.images import FORMATS, read_picture
from animirror.realtime.sources import DemoSource, VideoSource, letterboxed

log = logging.getLogger(__name__)

STILL_RATE = 30.0
# A still picture has no need to be larger than a screen (long side, pixels).
STILL_SIDE = 1920
# A file that falls behind its clock by more than this (seconds; a sleeping laptop) goes on from where it is.
BEHIND_SECONDS = 0.5


class LiveSource(Protocol):
    """What the live session needs: pictures until :meth:`stop`, their (width, height) and rate per second."""

    size: tuple[int, int]
    rate: float

    def __iter__(self) -> Iterator[Shot]: ...

    def stop(self) -> None: ...

    def close(self) -> None: ...


class Paced:
    """Gives pictures at their times; the base of the sources of this module."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._start: float | None = None

    def stop(self) -> None:
        """End the iteration; from any thread."""
        self._stopped.set()

    def close(self) -> None:
        """Nothing is held between iterations."""

    def _due(self, time: float) -> bool:
        """Wait until ``time`` seconds after the start; False when stopped meanwhile."""
        now = clock.perf_counter()
        if self._start is None or now - self._start - time > BEHIND_SECONDS:
            self._start = now - time
        return not self._stopped.wait(max(0.0, self._start + time - now))


class VideoPlayback(Paced):
    """A video file at its own speed, once or (``loop``) for ever, its times beginning anew each time.

    ``size``: (width, height) to fit it into; None: its own. Raises UserError where it is no video.
    """

    def __init__(self, path: Path, loop: bool = False, size: tuple[int, int] | None = None) -> None:
        super().__init__()
        self._path, self._loop = path, loop
        with VideoSource(path) as video:
            self.size = size or (video.info.width, video.info.height)
            self.rate = float(video.info.rate)

    def __iter__(self) -> Iterator[Shot]:
        for turn in itertools.count():
            self._start = None
            with VideoSource(self._path) as video:
                for item in video:
                    if not self._due(item.time):
                        return
                    yield Shot(fitted(item.frame, self.size), item.time)
                self._stopped.wait(item.duration)
                if video.problem and turn == 0:
                    log.warning("%s", video.problem)
            if not self._loop or self._stopped.is_set():
                return


class Still(Paced):
    """One picture again and again. Raises UserError where the file is no picture."""

    def __init__(self, path: Path, size: tuple[int, int] | None = None, rate: float | None = None) -> None:
        super().__init__()
        frame = read_picture(path).frame
        if size is None:
            scale = min(1.0, STILL_SIDE / max(frame.shape[:2]))
            size = max(1, round(frame.shape[1] * scale)), max(1, round(frame.shape[0] * scale))
        self._frame = fitted(frame, size)
        self.size, self.rate = size, rate or STILL_RATE

    def __iter__(self) -> Iterator[Shot]:
        for index in itertools.count():
            if not self._due(index / self.rate):
                return
            yield Shot(self._frame, index / self.rate)


class DemoPlayback(Paced):
    """The built-in moving portrait, for ever."""

    def __init__(self, size: tuple[int, int] | None = None, rate: float | None = None) -> None:
        super().__init__()
        self._demo = DemoSource(1)
        self.size = size or (self._demo.WIDTH, self._demo.HEIGHT)
        self.rate = rate or float(self._demo.RATE)

    def __iter__(self) -> Iterator[Shot]:
        for index in itertools.count():
            time = index / self.rate
            if not self._due(time):
                return
            yield Shot(fitted(self._demo.frame(time), self.size), time)


def open_source(
    source: str, size: tuple[int, int] | None = None, rate: float | None = None, loop: bool = False
) -> LiveSource:
    """The live source that ``--source`` names.

    "demo", a stream's URL, a picture or video file, or a camera: index, device file, or part of its name.
    ``size`` and ``rate`` are asked of a camera and forced on the others (a video keeps its own rate).
    Raises UserError.
    """
    if source == "demo":
        return DemoPlayback(size, rate)
    if "://" in source:
        return open_stream(source)
    path = Path(source)
    if source.isdecimal() or source.startswith("/dev/"):
        return open_camera(source, Wishes(size, rate))
    if path.exists() or path.suffix:
        if path.suffix.lower() in FORMATS:
            return Still(path, size, rate)
        return VideoPlayback(path, loop, size)
    return open_camera(source, Wishes(size, rate))


def fitted(frame: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """A frame in (width, height) pixels, its proportions kept, black beside it where they differ."""
    if (frame.shape[1], frame.shape[0]) == size:
        return frame
    if frame.shape[1] * size[1] == frame.shape[0] * size[0]:
        way = cv2.INTER_AREA if frame.shape[1] > size[0] else cv2.INTER_CUBIC
        return np.asarray(cv2.resize(frame, size, interpolation=way), np.uint8)
    return letterboxed(frame, *size)
