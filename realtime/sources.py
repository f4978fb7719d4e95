"""Where frames come from: video files, and the built-in demo portrait."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.realtime.colors import Upright, quarter_turns
from animirror.realtime.decode import Decoder
from animirror.realtime.errors import UserError


@dataclass(frozen=True)
class VideoInfo:
    """What a video is: pixels (upright), frames per second, number of frames and seconds where known.

    ``pixel_aspect``: width of a pixel by its height.
    """

    width: int
    height: int
    rate: Fraction
    frames: int | None
    seconds: float | None
    pixel_aspect: Fraction = Fraction(1)


@dataclass(frozen=True)
class TimedFrame:
    """A frame (uint8 [H, W, 3] BGR), its time from the start of the video and how long it shows, seconds."""

    frame: NDArray[np.uint8]
    time: float
    duration: float


class VideoSource:
    """A video file, decoded by PyAV: a context manager that is iterated once, yielding :class:`TimedFrame`.

    Frames come upright (the display matrix is applied) and all in the size of the first. After the
    iteration ``problem`` says in one sentence what was wrong with the file (None: nothing) and ``partial``
    whether frames are missing. Opening raises UserError naming the file where it is missing, empty, no video,
    or has no video stream.

        with VideoSource(Path("clip.mp4")) as source:
            for item in source:
                show(item.frame, item.time)
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.partial = False
        self._problems: list[str] = []
        self._upright = Upright()
        self._decoder = Decoder(path)
        try:
            self._begin()
        except BaseException:
            self._decoder.__exit__(None, None, None)
            raise

    def _begin(self) -> None:
        # One iterator for the file's whole life: one that is given up takes decoded frames with it.
        self._decoded = self._decoder.frames()
        first = next(self._decoded, None)
        if first is None:
            raise UserError(f"{self.path} is damaged or truncated: no frame of it can be decoded.")
        self._first = first
        picture, stream = first.picture, self._decoder.stream
        turned = quarter_turns(picture) % 2
        aspect = stream.sample_aspect_ratio or Fraction(1)
        self.info = VideoInfo(
            width=picture.height if turned else picture.width,
            height=picture.width if turned else picture.height,
            rate=self._decoder.rate,
            frames=stream.frames or None,
            seconds=self._decoder.length(),
            pixel_aspect=1 / aspect if turned else aspect,
        )

    @property
    def problem(self) -> str | None:
        """What was wrong with the file, known in full after the iteration; None: nothing."""
        return " ".join(self._problems) or None

    def __enter__(self) -> VideoSource:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._decoder.__exit__(kind, error, trace)

    def __iter__(self) -> Iterator[TimedFrame]:
        base, start = self._decoder.base, self._first.pts
        for item in itertools.chain([self._first], self._decoded):
            frame = self._resized(self._upright(item.picture))
            yield TimedFrame(frame, float((item.pts - start) * base), float(item.duration * base))
        self._note_damage()

    def _resized(self, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        height, width = frame.shape[:2]
        if (width, height) == (self.info.width, self.info.height):
            return frame
        if not self._problems:
            self._problems.append(
                f"{self.path} changes its size to {width}x{height} midway; "
                f"those frames were fitted to {self.info.width}x{self.info.height}."
            )
        return letterboxed(frame, self.info.width, self.info.height)

    def _note_damage(self) -> None:
        """Say what is missing of the file, all of which was read."""
        decoder = self._decoder
        if decoder.gaps:
            self._problems.append(
                f"{self.path} is damaged or truncated: what could be decoded of it was used, "
                f"{decoder.count} frames."
            )
        elif (missing := decoder.missing_end()) is not None:
            self._problems.append(
                f"{self.path} is truncated: it ends at {missing.begin:.1f} s, after {decoder.count} frames."
            )
        else:
            return
        self.partial = True


def letterboxed(frame: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """A frame fitted into width x height pixels with its proportions kept, black beside it."""
    scale = min(width / frame.shape[1], height / frame.shape[0])
    size = (max(1, round(frame.shape[1] * scale)), max(1, round(frame.shape[0] * scale)))
    fitted = cv2.resize(frame, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    left, top = (width - size[0]) // 2, (height - size[1]) // 2
    result = np.zeros((height, width, 3), np.uint8)
    result[top : top + size[1], left : left + size[0]] = fitted
    return result


class DemoSource:
    """NASA's portrait of Eileen Collins (skimage.data.astronaut, public domain) before a hand-held camera.

    Pan, zoom, turn and light follow slow sines, so frame i is the same on every machine.
    """

    WIDTH, HEIGHT, RATE = 960, 540, Fraction(30)
    # The face in the 512 x 512 picture, where it stands in the frame (shares), and the zoom that makes it a
    # webcam's close-up: a wider view would show what lies beyond the picture.
    FACE, PLACE, ZOOM = (225.0, 115.0), (0.43, 0.47), 2.05

    def __init__(self, frames: int) -> None:
        from skimage import data

        self._picture = np.ascontiguousarray(data.astronaut()[..., ::-1])
        self.info = VideoInfo(self.WIDTH, self.HEIGHT, self.RATE, frames, float(frames / self.RATE))

    def __iter__(self) -> Iterator[TimedFrame]:
        for index in range(self.info.frames or 0):
            time = float(index / self.RATE)
            yield TimedFrame(self.frame(time), time, float(1 / self.RATE))

    def frame(self, time: float) -> NDArray[np.uint8]:
        """The frame (uint8 [540, 960, 3] BGR) at a time in seconds."""
        zoom = self.ZOOM * (1.0 + 0.08 * math.sin(0.9 * time))
        matrix = cv2.getRotationMatrix2D(self.FACE, 6.0 * math.sin(1.3 * time), zoom)
        matrix[0, 2] += self.WIDTH * self.PLACE[0] - self.FACE[0] + 60.0 * math.sin(0.8 * time + 0.5)
        matrix[1, 2] += self.HEIGHT * self.PLACE[1] - self.FACE[1] + 20.0 * math.sin(1.7 * time)
        moved = cv2.warpAffine(
            self._picture,
            matrix,
            (self.WIDTH, self.HEIGHT),
            flags=cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REPLICATE,
        )
        light = 1.0 + 0.15 * math.sin(0.6 * time)
        return np.asarray(cv2.convertScaleAbs(moved, alpha=light), np.uint8)
