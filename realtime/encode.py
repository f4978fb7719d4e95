"""Frames to a file of one encoded stream: a segment of a video, in the clock of its source."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import av.error

from animirror.realtime.colors import Colors
from animirror.realtime.encoders import Encoder
from animirror.realtime.files import settle, unwritable

# Segments that cannot be joined packet by packet are kept without loss until they are encoded as a whole.
LOSSLESS = "ffv1"
# FFV1 knows no palettes; for what is RGB in the end, nothing must be lost to another colour space.
LOSSLESS_RGB = "bgr0"


@dataclass(frozen=True)
class Shape:
    """What an encoder must know before the first frame: pixels, frames per second, seconds per tick,

    width of a pixel by its height, and colours.
    """

    width: int
    height: int
    rate: Fraction
    base: Fraction
    pixel_aspect: Fraction
    colors: Colors


def for_segments(encoder: Encoder) -> Encoder:
    """The encoder that writes segments where ``encoder`` writes the result."""
    if encoder.joinable:
        return encoder
    planar = encoder.pixel_format.startswith("yuv")
    # Each frame stands alone: a damaged working file loses no more than it must.
    return Encoder(LOSSLESS, encoder.pixel_format if planar else LOSSLESS_RGB, {"level": "3", "g": "1"})


class SegmentWriter:
    """A NUT file, written as PATH.part and renamed by :meth:`finish`; :meth:`discard` removes it.

    ``write`` takes pictures in the encoder's pixel format and size, with growing ticks. ``target``: the
    file to name when something goes wrong. Raises UserError.
    """

    def __init__(self, path: Path, shape: Shape, encoder: Encoder, target: Path) -> None:
        self._path, self._partial, self._target = path, path.with_suffix(".part"), target
        self._base = shape.base
        try:
            self._container = av.open(str(self._partial), mode="w", format="nut")
            self._stream = open_stream(self._container, shape, encoder)
        except (OSError, av.error.FFmpegError) as error:
            raise unwritable(target, error) from error

    def write(self, picture: av.VideoFrame, tick: int) -> None:
        picture.time_base, picture.pts = self._base, tick
        # x264 would take the decoder's picture types for orders.
        picture.pict_type = 0
        self._mux(picture)

    def finish(self) -> None:
        """Encode what waits, put the file on the disk and give it its name."""
        self._mux(None)
        try:
            self._container.close()
            settle(self._partial, self._path)
        except (OSError, av.error.FFmpegError) as error:
            raise unwritable(self._target, error) from error

    def discard(self) -> None:
        """Give up: the unfinished file goes."""
        with contextlib.suppress(OSError, av.error.FFmpegError):  # a full disk has been told already
            self._container.close()
        self._partial.unlink(missing_ok=True)

    def _mux(self, picture: av.VideoFrame | None) -> None:
        try:
            self._container.mux(self._stream.encode(picture))
        except (OSError, av.error.FFmpegError) as error:
            raise unwritable(self._target, error) from error


def open_stream(container: av.container.OutputContainer, shape: Shape, encoder: Encoder) -> av.VideoStream:
    """A video stream of ``container`` for pictures of this shape. Raises FFmpegError."""
    stream = container.add_stream(encoder.name, rate=shape.rate, options=dict(encoder.options))
    assert isinstance(stream, av.VideoStream)  # encoders.py names encoders of video
    stream.width, stream.height, stream.pix_fmt = shape.width, shape.height, encoder.pixel_format
    context = stream.codec_context
    context.time_base, context.thread_count = shape.base, encoder.threads
    context.sample_aspect_ratio = shape.pixel_aspect
    colors = shape.colors
    context.color_primaries, context.color_trc = colors.primaries, colors.transfer
    context.colorspace, context.color_range = colors.space, colors.range
    return stream
