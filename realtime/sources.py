"""Where frames come from: video files, and the built-in demo portrait."""

from __future__ import annotations

import itertools
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
from av.video.reformatter import Colorspace, Interpolation
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
# A file that ends this much (seconds, frames) before its header says is truncated ...
MISSING_SECONDS, MISSING_FRAMES = 0.1, 1.5
# ... but where only the whole file's length is known, its sound may be this much longer (seconds, share).
LONGER_SOUND_SECONDS, LONGER_SOUND_SHARE = 1.0, 0.03
# Damaged files repeat times; a filter and an encoder need them to grow (seconds).
MIN_STEP = 1e-4
# FFmpeg's numbers: colours of no known standard, full range (JPEG, always BT.601).
UNKNOWN_COLORS, FULL_RANGE = 2, 2
# Players take untagged video for BT.709 from this size on (wider, or higher, in pixels) and so must we.
HD_WIDTH, HD_HEIGHT = 1280, 577
# The last byte of a whole GIF.
GIF_END = b";"


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
    whether frames are missing at its end. Opening raises UserError naming the file where it is missing,
    empty, no video, or has no video stream.

        with VideoSource(Path("clip.mp4")) as source:
            for item in source:
                show(item.frame, item.time)
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.partial = False
        self._problems: list[str] = []
        self._damaged = 0
        self._container = _open(path)
        try:
            self._begin()
        except BaseException:
            self._container.close()
            raise

    def _begin(self) -> None:
        if not self._container.streams.video:
            raise UserError(f"{self.path} has no video stream.")
        self._stream = self._container.streams.video[0]
        # FFmpeg knows more formats than it can decode.
        if getattr(self._stream, "codec_context", None) is None:
            raise UserError(
                f"{self.path} is coded in a way that cannot be decoded; convert it to H.264 first."
            )
        self._stream.thread_type = "AUTO"
        # One iterator for the file's whole life: one that is given up takes decoded frames with it.
        self._decoded = self._decode()
        first = next(self._decoded, None)
        if first is None:
            raise UserError(f"{self.path} is damaged or truncated: no frame of it can be decoded.")
        self._first, self._start = first, first.time or 0.0
        upright = _upright(first)
        aspect = self._stream.sample_aspect_ratio or Fraction(1)
        self.info = VideoInfo(
            width=upright.shape[1],
            height=upright.shape[0],
            rate=self._stream.average_rate or self._stream.guessed_rate or FALLBACK_RATE,
            frames=self._stream.frames or None,
            seconds=self._seconds(),
            pixel_aspect=1 / aspect if _quarter_turns(first) % 2 else aspect,
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
        self._container.close()

    def __iter__(self) -> Iterator[TimedFrame]:
        step, shift = float(1 / self.info.rate), -self._start
        last, end, count = -MIN_STEP, 0.0, 0
        for decoded in itertools.chain([self._first], self._decoded):
            time = end if decoded.time is None else decoded.time + shift
            if time < last - step:  # the clock starts again: files that were joined end to end
                shift, time = shift + end - time, end
            time = max(time, last + MIN_STEP)
            duration = float((decoded.duration or 0) * (decoded.time_base or 0)) or step
            yield TimedFrame(self._resized(_upright(decoded)), time, duration)
            last, end, count = time, time + duration, count + 1
        self._note_damage(end, count)

    def _decode(self) -> Iterator[av.VideoFrame]:
        """Every frame that can be decoded; packets that cannot are counted and left out."""
        # Recordings joined to one transport stream are flagged at every joint, where nothing is missing.
        joined = self._container.format.name == "mpegts"
        try:
            for packet in self._container.demux(self._stream):
                broken = packet.is_corrupt and not joined
                try:
                    yield from packet.decode()
                except av.error.FFmpegError:
                    broken = True
                self._damaged += broken
        except av.error.FFmpegError:  # the file itself goes on no further
            self._damaged += 1

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

    def _seconds(self) -> float | None:
        if self._stream.duration is not None and self._stream.time_base is not None:
            return float(self._stream.duration * self._stream.time_base)
        return self._container.duration / av.time_base if self._container.duration else None

    def _note_damage(self, end: float, count: int) -> None:
        """Say what is missing of a file whose ``count`` frames ended at ``end`` seconds."""
        if self._damaged:
            self._problems.append(
                f"{self.path} is damaged or truncated: what could be decoded of it was used, {count} frames."
            )
        elif self._ends_early(end, count):
            self._problems.append(f"{self.path} is truncated: it ends at {end:.1f} s, after {count} frames.")
        else:
            return
        self.partial = True

    def _ends_early(self, end: float, count: int) -> bool:
        if self._container.format.name == "gif":
            return not _gif_has_end(self.path)
        if self.info.seconds is None or (self.info.frames is not None and count >= self.info.frames):
            return False
        tolerance = max(MISSING_SECONDS, MISSING_FRAMES / float(self.info.rate))
        if self._stream.duration is None:  # the length is the file's, counted from its zero
            end += self._start
            if len(self._container.streams) > 1:
                tolerance = max(LONGER_SOUND_SECONDS, LONGER_SOUND_SHARE * self.info.seconds)
        return self.info.seconds - end > tolerance


def _open(path: Path) -> InputContainer:
    try:
        if path.is_dir():
            raise UserError(f"{path} is a folder, not a video.")
        if path.stat().st_size == 0:
            raise UserError(f"The video {path} is empty (0 bytes).")
        return av.open(str(path), mode="r")
    except FileNotFoundError as error:
        raise UserError(f"The video {path} does not exist.") from error
    except (OSError, av.error.FFmpegError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{path} is not a video that can be read, or it is damaged ({reason}).") from error


def _gif_has_end(path: Path) -> bool:
    """Whether a GIF has its end mark; neither its header nor FFmpeg tells whether all of it is there."""
    with path.open("rb") as file:
        file.seek(-min(path.stat().st_size, 1024), 2)
        return file.read().rstrip(b"\0\r\n ").endswith(GIF_END)


def _upright(decoded: av.VideoFrame) -> NDArray[np.uint8]:
    """The decoded frame as BGR, turned as its display matrix says."""
    guessed = decoded.colorspace == UNKNOWN_COLORS and decoded.color_range != FULL_RANGE
    high = decoded.width >= HD_WIDTH or decoded.height >= HD_HEIGHT
    colors = Colorspace.ITU709 if guessed and high and not decoded.format.is_rgb else None
    frame = decoded.to_ndarray(format="bgr24", interpolation=EXACT_COLORS, src_colorspace=colors)
    return np.ascontiguousarray(np.rot90(frame, _quarter_turns(decoded)))


def _quarter_turns(decoded: av.VideoFrame) -> int:
    """By how many quarters the frame must be turned counter-clockwise, as PyAV's rotation in degrees is."""
    return round(decoded.rotation / 90) % 4


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
