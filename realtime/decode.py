"""A video file's frames one after the other, in its own clock; what is damaged is told with its times."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
import av.error
from av.container import InputContainer

from animirror.realtime.errors import UserError

# For files that tell no frame rate at all.
FALLBACK_RATE = Fraction(25)
# A file that ends this much (seconds, frames) before its header says is truncated ...
MISSING_SECONDS, MISSING_FRAMES = 0.1, 1.5
# ... but where only the whole file's length is known, its sound may be this much longer (seconds, share).
LONGER_SOUND_SECONDS, LONGER_SOUND_SHARE = 1.0, 0.03
# The last byte of a whole GIF.
GIF_END = b";"
# Formats in which seeking finds the wrong place, or none: they are read from their begin.
UNSEEKABLE = ("gif", "apng", "webp", "mjpeg", "h264", "hevc", "rawvideo", "image2")

# A seek may lead behind the wanted place (MPEG streams have no index): then it aims so much earlier.
SEEK_BACK_SECONDS = (0, 10)


@dataclass(frozen=True)
class Gap:
    """A part of a video that is damaged: from when to when, seconds from the video's first frame."""

    begin: float
    end: float

    def __str__(self) -> str:
        return f"{clock_text(self.begin)} to {clock_text(self.end)}"


@dataclass(frozen=True)
class Decoded:
    """A frame as it was stored, when it is shown and for how long, in ticks of :attr:`Decoder.base`.

    Ticks grow from frame to frame, whatever the file says.
    """

    picture: av.VideoFrame
    pts: int
    duration: int


class Decoder:
    """The first video stream of a file, decoded by PyAV; a context manager, :meth:`frames` is called once.

    ``base``: seconds per tick; ``gaps``: what could not be decoded so far. Raises UserError naming the file
    where it is missing, empty, no video, or coded in an unknown way.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.gaps: list[Gap] = []
        self.container = open_container(path)
        try:
            self._begin()
        except BaseException:
            self.container.close()
            raise

    _broken_since: int | None

    def _begin(self) -> None:
        self.stream = video_stream(self.container, self.path)
        self.stream.thread_type = "AUTO"
        self.base = self.stream.time_base or 1 / FALLBACK_RATE
        self.rate = self.stream.average_rate or self.stream.guessed_rate or FALLBACK_RATE
        self.count, self.end = 0, 0
        self._origin: int | None = self.stream.start_time
        # Packets could not be decoded: ever, and since the last frame that could (its end).
        self._broken, self._broken_since = False, None

    def __enter__(self) -> Decoder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.container.close()

    def frames(self, since: int | None = None) -> Iterator[Decoded]:
        """All frames, or those from the tick ``since`` on, which is the time of one."""
        step, shift = max(1, round(1 / self.rate / self.base)), 0
        last: int | None = None
        for picture in self._pictures() if since is None else self._sought(since):
            pts = self.end if picture.pts is None else picture.pts + shift
            if last is not None:
                if pts < last - step:  # the clock starts again: files that were joined end to end
                    shift, pts = shift + self.end - pts, self.end
                pts = max(pts, last + 1)
            duration = picture.duration or step
            if self._origin is None:
                self._origin = pts
            self._note_gaps(picture, pts, duration)
            last, self.end = pts, pts + duration
            self.count += 1
            if since is None or pts >= since:
                yield Decoded(picture, pts, duration)
        if self._broken_since is not None:
            self.gaps.append(Gap(self.seconds(self._broken_since), self.seconds(self.end)))

    def _sought(self, since: int) -> Iterator[av.VideoFrame]:
        """Pictures from the key frame before a tick on; from the file's begin where no seek finds it."""
        for back in SEEK_BACK_SECONDS if self.container.format.name not in UNSEEKABLE else ():
            try:
                self.container.seek(since - round(back / self.base), stream=self.stream)
            except av.error.FFmpegError:
                continue
            pictures = self._pictures()
            first = next(pictures, None)
            # What stumbles before its first frame is no damage: it was led into the midst of a film.
            self._broken_since, self._broken = None, False
            if first is not None and first.pts is not None and first.pts <= since:
                return itertools.chain([first], pictures)
        self.container.close()
        self.container = open_container(self.path)
        self._begin()
        return self._pictures()

    def seconds(self, ticks: int) -> float:
        """From the video's first frame."""
        return float((ticks - (self._origin or 0)) * self.base)

    def _pictures(self) -> Iterator[av.VideoFrame]:
        """Every frame that can be decoded; where packets cannot, the place is remembered."""
        # Recordings joined to one transport stream are flagged at every joint, where nothing is missing.
        joined = self.container.format.name == "mpegts"
        self._expected: dict[int, int] = {}
        try:
            for packet in self.container.demux(self.stream):
                broken = packet.is_corrupt and not joined
                if packet.size and packet.pts is not None and not packet.is_discard:
                    self._expected[packet.pts] = packet.duration or 0
                try:
                    yield from packet.decode()
                except av.error.FFmpegError:
                    broken = True
                if broken:
                    self._break()
        except av.error.FFmpegError:  # the file itself goes on no further
            self._break()

    def _break(self) -> None:
        self._broken = True
        if self._broken_since is None:
            self._broken_since = self.end

    def _note_gaps(self, picture: av.VideoFrame, pts: int, duration: int) -> None:
        """Remember what is missing before a frame, and the frame itself where it is but half there."""
        found = []
        if picture.pts is not None:
            shift = pts - picture.pts
            # Frames come in the order in which they are shown: what should have come before it will not.
            lost = [tick for tick in self._expected if tick < picture.pts]
            self._expected.pop(picture.pts, None)
            found += [(tick + shift, self._expected.pop(tick)) for tick in lost]
        if not self._broken and not picture.is_corrupt:
            return
        if self._broken_since is not None and not found:
            found.append((self._broken_since, pts - self._broken_since))
        if picture.is_corrupt:
            found.append((pts, duration))
        self._broken_since = None
        gaps = [Gap(self.seconds(tick), self.seconds(tick + max(0, length))) for tick, length in found]
        self.gaps = merged([*self.gaps, *gaps], float(1 / self.rate))

    def missing_end(self) -> Gap | None:
        """What a truncated file lacks, once all its frames were read; None: nothing."""
        end = self.seconds(self.end)
        if self.container.format.name == "gif":
            return None if _gif_has_end(self.path) else Gap(end, end)
        length = self.length()
        if length is None or (self.stream.frames and self.count >= self.stream.frames):
            return None
        tolerance = max(MISSING_SECONDS, MISSING_FRAMES / float(self.rate))
        if self.stream.duration is None:  # the length is counted from the file's zero
            length -= float((self._origin or 0) * self.base)
            if self._own_length() is None and len(self.container.streams) > 1:
                tolerance = max(LONGER_SOUND_SECONDS, LONGER_SOUND_SHARE * length)
        return Gap(end, length) if length - end > tolerance else None

    def length(self) -> float | None:
        """Seconds by the header: the stream's, else the file's."""
        if self.stream.duration is not None:
            return float(self.stream.duration * self.base)
        own = self._own_length()
        if own is not None:
            return own
        return self.container.duration / av.time_base if self.container.duration else None

    def _own_length(self) -> float | None:
        """When Matroska says that the picture ends, among its tags: "00:00:01.500000000"."""
        parts = self.stream.metadata.get("DURATION", "").split(":")
        try:
            hours, minutes, seconds = (float(part) for part in parts)
        except ValueError:
            return None
        return 3600 * hours + 60 * minutes + seconds


def open_container(path: Path) -> InputContainer:
    """A media file, opened. Raises UserError naming it where that cannot be."""
    try:
        if path.is_dir():
            raise UserError(f"{path} is a folder, not a video.")
        if path.stat().st_size == 0:
            raise UserError(f"The video {path} is empty (0 bytes).")
        return av.open(str(path), mode="r", metadata_errors="replace")
    except FileNotFoundError as error:
        raise UserError(f"The video {path} does not exist.") from error
    except (OSError, av.error.FFmpegError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{path} is not a video that can be read, or it is damaged ({reason}).") from error


def video_stream(container: InputContainer, path: Path) -> av.VideoStream:
    """The moving picture of a file: its first video stream that is no cover. Raises UserError."""
    moving = [stream for stream in container.streams.video if not is_cover(stream)]
    if not moving:
        raise UserError(f"{path} has no video stream.")
    # FFmpeg knows more formats than it can decode.
    if getattr(moving[0], "codec_context", None) is None:
        raise UserError(f"{path} is coded in a way that cannot be decoded; convert it to H.264 first.")
    return moving[0]


def is_cover(stream: av.stream.Stream) -> bool:
    """Whether a video stream is a still picture on the box."""
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def merged(gaps: Sequence[Gap], near: float) -> list[Gap]:
    """Gaps in order, those that overlap or lie within ``near`` seconds made one."""
    result: list[Gap] = []
    for gap in sorted(gaps, key=lambda gap: gap.begin):
        if result and gap.begin <= result[-1].end + near:
            result[-1] = Gap(result[-1].begin, max(result[-1].end, gap.end))
        else:
            result.append(gap)
    return result


def clock_text(seconds: float) -> str:
    """A time as players show it, "1:02:03.4" or "2:03.4"."""
    minutes, rest = divmod(max(0.0, round(seconds, 1)), 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02}:{rest:04.1f}" if hours else f"{minutes}:{rest:04.1f}"


def _gif_has_end(path: Path) -> bool:
    """Whether a GIF has its end mark; neither its header nor FFmpeg tells whether all of it is there."""
    with path.open("rb") as file:
        file.seek(-min(path.stat().st_size, 1024), 2)
        return file.read().rstrip(b"\0\r\n ").endswith(GIF_END)
