"""Where frames go: a video file."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
import av.error
import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.realtime.colors import EXACT_COLORS
from animirror.realtime.encoders import X264_LIGHT
from animirror.realtime.errors import UserError
from animirror.realtime.images import check_writable, partial_path

# Visually lossless for x264, as the issue of video conversion asks for.
CRF = 18
# Frames that wait for later ones would blur varying times and the last length; costs a sixth more bytes.
B_FRAMES = 0
CODEC = "libx264"
PIXEL_FORMAT = "yuv420p"
# Fine enough for every camera's and film's times, and the clock of MPEG.
TIME_BASE = Fraction(1, 90_000)
# Not AVI: it knows one constant rate only.
CONTAINERS = (".mp4", ".mov", ".mkv", ".m4v")
# FFmpeg's numbers of ITU-R BT.709 and of limited range.
BT709, LIMITED_RANGE = 1, 1


def check_video_target(target: Path, overwrite: bool) -> None:
    """Raise UserError, before any work, where a video could not be written to ``target`` in the end."""
    if target.suffix.lower() not in CONTAINERS:
        raise UserError(
            f"Videos cannot be written as '{target.suffix}' ({target}); use {', '.join(CONTAINERS)}."
        )
    check_writable(target, None, overwrite)


class VideoSink:
    """An H.264 file (CRF 18, yuv420p, BT.709), written beside its target and renamed when whole.

    A context manager: leaving it without an error finishes the file, with one removes what was written.
    yuv420p needs even sides: an odd last column or row is doubled, nothing is cut off. ``write`` takes
    uint8 [H, W, 3] BGR frames of one size, growing times and, where known, how long each is shown, in
    seconds; ``pixel_aspect``: width of a pixel by its height; ``light``: less work, somewhat larger files
    (encoders.X264_LIGHT). Raises UserError naming the file.
    """

    def __init__(
        self,
        target: Path,
        width: int,
        height: int,
        rate: Fraction,
        overwrite: bool = False,
        pixel_aspect: Fraction = Fraction(1),
        light: bool = False,
    ) -> None:
        check_video_target(target, overwrite)
        self._target, self._partial = target, partial_path(target)
        self._padding = (height % 2, width % 2)
        self._last_tick = -1
        self._durations: dict[int, int] = {}
        try:
            self._container = av.open(str(self._partial), mode="w")
            options = {"crf": str(CRF), "bf": str(B_FRAMES)} | (X264_LIGHT if light else {})
            stream = self._container.add_stream(CODEC, rate=rate, options=options)
        except (OSError, av.error.FFmpegError) as error:
            self._partial.unlink(missing_ok=True)
            raise UserError(f"The video {target} cannot be written: {error}.") from error
        assert isinstance(stream, av.VideoStream)  # CODEC is one of video
        self._stream = stream
        self._stream.width, self._stream.height = width + width % 2, height + height % 2
        self._stream.pix_fmt = PIXEL_FORMAT
        context = self._stream.codec_context
        context.time_base = TIME_BASE
        context.colorspace, context.color_primaries, context.color_trc = BT709, BT709, BT709
        context.color_range = LIMITED_RANGE
        context.sample_aspect_ratio = pixel_aspect

    def write(self, frame: NDArray[np.uint8], time: float, duration: float | None = None) -> None:
        down, right = self._padding
        if down or right:
            frame = np.asarray(cv2.copyMakeBorder(frame, 0, down, 0, right, cv2.BORDER_REPLICATE), np.uint8)
        picture = av.VideoFrame.from_ndarray(frame, format="bgr24").reformat(
            format=PIXEL_FORMAT, dst_colorspace="ITU709", dst_color_range="MPEG", interpolation=EXACT_COLORS
        )
        picture.time_base = TIME_BASE
        self._last_tick = picture.pts = max(round(time / TIME_BASE), self._last_tick + 1)
        if duration is not None:
            self._durations[picture.pts] = round(duration / TIME_BASE)
        self._mux(picture)

    def _mux(self, picture: av.VideoFrame | None) -> None:
        try:
            for packet in self._stream.encode(picture):
                # The encoder takes every frame for one tick of the rate: the last would be cut short.
                if packet.pts in self._durations:
                    packet.duration = self._durations.pop(packet.pts)
                self._container.mux(packet)
        except (OSError, av.error.FFmpegError) as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: Exception) -> UserError:
        reason = getattr(error, "strerror", None) or error
        return UserError(f"The video {self._target} cannot be written: {reason}.")

    def __enter__(self) -> VideoSink:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            try:
                if kind is None:
                    self._mux(None)
            finally:
                self._container.close()
            if kind is None:
                self._partial.replace(self._target)
        except (OSError, av.error.FFmpegError) as failure:
            if kind is None:  # else the error that brought us here says more than a failed farewell
                raise self._unwritable(failure) from failure
        finally:
            self._partial.unlink(missing_ok=True)
