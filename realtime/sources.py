"""Where frames come from: video files, and the built-in demo portrait."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
import av.error
import cv2
import numpy as np
from av.container import InputContainer
from av.video.reformatter import Interpolation
from numpy.typing import NDArray

from animirror.realtime.errors import UserError

# FFmpeg's fast conversion is up to four levels off; a filter that changes only heads must not do that.
EXACT_COLORS = (
    Interpolation.BILINEAR
    | Interpolation.ACCURATE_RND
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.FULL_CHR_H_INP
)
# For files that tell no frame rate at all.
FALLBACK_RATE = Fraction(25)
# A file that ends this much (seconds, and share of its length) before its header says is truncated.
MISSING_SECONDS, MISSING_SHARE = 1.0, 0.03


@dataclass(frozen=True)
class VideoInfo:
    """What a video is: pixels (upright), frames per second, number of frames and seconds where known."""

    width: int
    height: int
    rate: Fraction
    frames: int | None
    seconds: float | None


@dataclass(frozen=True)
class TimedFrame:
    """A frame (uint8 [H, W, 3] BGR) and its time in seconds from the start of the video."""

    frame: NDArray[np.uint8]
    time: float


class VideoSource:
    """A video file, decoded by PyAV: a context manager that is iterated once, yielding :class:`TimedFrame`.

    Frames come upright (the display matrix is applied) and all in the size of the first. After the
    iteration ``problem`` says in one sentence what was wrong with the file (None: nothing) and ``partial``
    whether frames are missing at its end. Opening raises UserError naming the file where it is missing,
    empty, no video, or has no video stream.

        with VideoSource(Path("clip.mp4")) as source:
            for item in source:
                show(item.frame, item.time)
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problem: str | None = None
        self.partial = False
        self._container = _open(path)
        if not self._container.streams.video:
            self._container.close()
            raise UserError(f"{path} has no video stream.")
        self._stream = self._container.streams.video[0]
        self._stream.thread_type = "AUTO"
        try:
            # One iterator for the file's whole life: one that is given up takes decoded frames with it.
            self._decoded = self._container.decode(self._stream)
            self._first = next(self._decoded)
        except StopIteration:
            self._container.close()
            raise UserError(f"{path} holds no frame that can be decoded.") from None
        except av.error.FFmpegError as error:
            self._container.close()
            raise UserError(f"{path} cannot be decoded ({error.strerror}).") from error
        self._start = self._first.time or 0.0
        upright = _upright(self._first)
        self.info = VideoInfo(
            width=upright.shape[1],
            height=upright.shape[0],
            rate=self._stream.average_rate or self._stream.guessed_rate or FALLBACK_RATE,
            frames=self._stream.frames or None,
            seconds=self._seconds(),
        )

    def __enter__(self) -> VideoSource:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._container.close()

    def __iter__(self) -> Iterator[TimedFrame]:
        last = -1.0
        for decoded in self._all():
            time = last + float(1 / self.info.rate) if decoded.time is None else decoded.time - self._start
            # Damaged files repeat or turn back time; a filter and an encoder need it to grow.
            time = max(time, 0.0) if last < 0 else max(time, last + 1e-4)
            yield TimedFrame(self._resized(_upright(decoded)), time)
            last = time
        self._note_missing_end(last)

    def _all(self) -> Iterator[av.VideoFrame]:
        yield self._first
        try:
            yield from self._decoded
        except av.error.FFmpegError as error:
            self.partial = True
            self.problem = f"{self.path} is damaged ({error.strerror}): it was read up to there."

    def _resized(self, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        height, width = frame.shape[:2]
        if (width, height) == (self.info.width, self.info.height):
            return frame
        self.problem = self.problem or (
            f"{self.path} changes its size to {width}x{height} midway; "
            f"those frames were fitted to {self.info.width}x{self.info.height}."
        )
        return letterboxed(frame, self.info.width, self.info.height)

    def _seconds(self) -> float | None:
        if self._stream.duration is not None and self._stream.time_base is not None:
            return float(self._stream.duration * self._stream.time_base)
        return self._container.duration / av.time_base if self._container.duration else None

    def _note_missing_end(self, last: float) -> None:
        total = self.info.seconds
        if not self.partial and total is not None:
            missing = total - last - float(1 / self.info.rate)
            if missing > max(MISSING_SECONDS, MISSING_SHARE * total):
                self.partial = True
                self.problem = f"{self.path} is truncated: it ends at {last:.1f} s of {total:.1f} s."


def _open(path: Path) -> InputContainer:
    if path.is_dir():
        raise UserError(f"{path} is a folder, not a video.")
    try:
        if path.stat().st_size == 0:
            raise UserError(f"The video {path} is empty (0 bytes).")
        return av.open(str(path), mode="r")
    except FileNotFoundError as error:
        raise UserError(f"The video {path} does not exist.") from error
    except (OSError, av.error.FFmpegError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{path} is not a video that can be read, or it is damaged ({reason}).") from error


def _upright(decoded: av.VideoFrame) -> NDArray[np.uint8]:
    """The decoded frame as BGR, turned as its display matrix says."""
    frame = decoded.to_ndarray(format="bgr24", interpolation=EXACT_COLORS)
    # PyAV's rotation is counter-clockwise, in degrees.
    return np.ascontiguousarray(np.rot90(frame, round(decoded.rotation / 90) % 4))


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
    # The face in the 512 x 512 picture, and the zoom that makes it a webcam's close-up.
    FACE, ZOOM = (225.0, 125.0), 1.75

    def __init__(self, frames: int) -> None:
        from skimage import data

        self._picture = np.ascontiguousarray(data.astronaut()[..., ::-1])
        self.info = VideoInfo(self.WIDTH, self.HEIGHT, self.RATE, frames, float(frames / self.RATE))

    def __iter__(self) -> Iterator[TimedFrame]:
        for index in range(self.info.frames or 0):
            time = float(index / self.RATE)
            yield TimedFrame(self.frame(time), time)

    def frame(self, time: float) -> NDArray[np.uint8]:
        """The frame (uint8 [540, 960, 3] BGR) at a time in seconds."""
        zoom = self.ZOOM * (1.0 + 0.12 * math.sin(0.9 * time))
        matrix = cv2.getRotationMatrix2D(self.FACE, 7.0 * math.sin(1.3 * time), zoom)
        matrix[0, 2] += self.WIDTH / 2 - self.FACE[0] + 90.0 * math.sin(0.8 * time + 0.5)
        matrix[1, 2] += self.HEIGHT * 0.45 - self.FACE[1] + 25.0 * math.sin(1.7 * time)
        moved = cv2.warpAffine(
            self._picture,
            matrix,
            (self.WIDTH, self.HEIGHT),
            flags=cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REFLECT_101,
        )
        light = 1.0 + 0.15 * math.sin(0.6 * time)
        return np.asarray(cv2.convertScaleAbs(moved, alpha=light), np.uint8)
