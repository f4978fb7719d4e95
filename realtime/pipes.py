"""Shell pipes: a video that comes in through one, or goes out; in a container, or as raw frames."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

import av
import av.error

from animirror.realtime.errors import UserError

RAW = "rawvideo"
# What people call a container, and the suffix of a file that is one. A conversion reads its source twice, so
# that what comes through a pipe lies in a file first.
CONTAINERS = {
    "mp4": ".mp4",
    "mov": ".mov",
    "matroska": ".mkv",
    "mkv": ".mkv",
    "webm": ".webm",
    "mpegts": ".ts",
    "ts": ".ts",
    "nut": ".nut",
    "avi": ".avi",
    "gif": ".gif",
    "yuv4mpegpipe": ".y4m",
    "y4m": ".y4m",
    RAW: ".nut",
}
# Of those, what a result may be; raw frames are decoded from a lossless file.
WRITTEN = ("mp4", "mov", "matroska", "mkv", "webm", "mpegts", "ts", "gif", RAW)
# Orders of raw frames, and how FFV1 keeps them on the way without loss.
RAW_FORMATS = {
    "bgr24": "bgr0",
    "rgb24": "bgr0",
    "yuv420p": "yuv420p",
    "yuv422p": "yuv422p",
    "yuv444p": "yuv444p",
    "gray": "gray",
    "nv12": "yuv420p",
}
SUBSAMPLED = ("yuv420p", "yuv422p", "nv12")
CHUNK = 1 << 20


@dataclass(frozen=True)
class RawFrames:
    """Raw frames as they come: FFmpeg's name of the pixels' order, width and height, frames per second."""

    pixels: str
    width: int
    height: int
    rate: Fraction


def check_format(name: str, output: bool) -> str:
    """The suffix of a file of this container. Raises UserError."""
    known = WRITTEN if output else tuple(CONTAINERS)
    if name not in known:
        way = "written to" if output else "read from"
        raise UserError(f"'{name}' cannot be {way} a pipe; --format is one of {', '.join(known)}.")
    return CONTAINERS[name]


def result_suffix(name: str) -> str:
    """The suffix of the file that goes into a pipe as ``name``. Raises UserError."""
    # Raw frames are decoded from a lossless file.
    return ".mkv" if name == RAW else check_format(name, output=True)


def kept_as(pixels: str) -> str:
    """The order in which FFV1 keeps raw frames. Raises UserError where there are no such frames."""
    if pixels not in RAW_FORMATS:
        raise UserError(f"Raw frames cannot be '{pixels}'; --pixels is one of {', '.join(RAW_FORMATS)}.")
    return RAW_FORMATS[pixels]


def spool(stream: BinaryIO, name: str, folder: Path, raw: RawFrames | None = None) -> Path:
    """Everything that comes through a pipe, as a file in ``folder``; ``raw``: what RAW frames are.

    Raises UserError where nothing comes, or raw frames are not told.
    """
    path = folder / f"pipe{check_format(name, output=False)}"
    if name == RAW:
        if raw is None:
            raise UserError("Raw frames need --pixels, --input-size and --input-rate.")
        count = _wrap(stream, raw, path)
    else:
        try:
            with path.open("wb") as file:
                shutil.copyfileobj(stream, file, CHUNK)
            count = path.stat().st_size
        except OSError as error:
            raise UserError(f"The pipe cannot be kept in {folder}: {error.strerror}.") from error
    if not count:
        raise UserError("Nothing came through the pipe (-): no whole frame, not one byte.")
    return path


def _wrap(stream: BinaryIO, raw: RawFrames, path: Path) -> int:
    """Raw frames into a NUT file, which says what they are; how many there were."""
    bytes_, count, content = _frame_bytes(raw), 0, b""
    try:
        with av.open(str(path), "w", format="nut") as container:
            out: Any = container.add_stream(RAW, rate=raw.rate)
            out.width, out.height, out.pix_fmt = raw.width, raw.height, raw.pixels
            out.codec_context.time_base = 1 / raw.rate
            while len(content := stream.read(bytes_)) == bytes_:
                packet: Any = av.Packet(content)
                packet.stream, packet.time_base = out, 1 / raw.rate
                packet.pts = packet.dts = count
                packet.duration, packet.is_keyframe = 1, True
                container.mux(packet)
                count += 1
    except (OSError, av.error.FFmpegError) as error:
        raise UserError(f"The frames of the pipe cannot be kept in {path}: {error}.") from error
    if content:
        raise UserError(
            f"The pipe ended within frame {count + 1}: {len(content)} of {bytes_} bytes. Are --input-size "
            f"{raw.width}x{raw.height} and --pixels {raw.pixels} right?"
        )
    return count


def _frame_bytes(raw: RawFrames) -> int:
    kept_as(raw.pixels)
    if raw.pixels in SUBSAMPLED and (raw.width % 2 or raw.height % 2):
        raise UserError(f"Raw {raw.pixels} has even sides only, not {raw.width}x{raw.height}.")
    return int(av.VideoFrame(raw.width, raw.height, raw.pixels).to_ndarray().nbytes)


def send(path: Path, name: str, stream: BinaryIO, pixels: str = "bgr24") -> None:
    """A finished file into a pipe: as it is, or its frames in the order of ``pixels``. Raises UserError."""
    try:
        if name == RAW:
            for content in raw_frames(path, pixels):
                stream.write(content)
        else:
            with path.open("rb") as file:
                shutil.copyfileobj(file, stream, CHUNK)
        stream.flush()
    except BrokenPipeError as error:
        raise UserError("The program behind the pipe (-) ended before it had all of the video.") from error


def raw_frames(path: Path, pixels: str) -> Iterator[bytes]:
    """The bytes of every frame, without gaps between rows."""
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format=pixels).tobytes()


@contextmanager
def between(folder: Path | None) -> Iterator[Path]:
    """A folder for what lies between a pipe and a conversion; gone in the end, whatever happens.

    ``folder``: where it is made, beside the result (None: where the system keeps such things).
    """
    try:
        with tempfile.TemporaryDirectory(prefix=".animirror-", dir=folder) as name:
            yield Path(name)
    except FileNotFoundError as error:
        raise UserError(f"The folder {folder} for the result does not exist; create it first.") from error
