"""The tracks of a video that are no moving picture: copied, coded anew where they must be, or left out."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import av.error
from av.audio.resampler import AudioResampler
from av.container import InputContainer, OutputContainer
from av.stream import Stream
from av.subtitles.subtitle import SubtitleSet

from animirror.realtime.decode import is_cover, open_container, video_stream

# What sound and text become where the result's format does not take them as they are.
AUDIO_ENCODERS = {"webm": "libopus"}
OTHER_AUDIO_ENCODER = "aac"
TEXT_ENCODERS = {"mp4": "mov_text", "mov": "mov_text", "webm": "webvtt", "matroska": "subrip"}
# Codecs of subtitles that are text; others are pictures.
TEXTS = ("subrip", "srt", "ass", "ssa", "webvtt", "mov_text", "text")
# Opus knows these rates only.
OPUS_RATE = 48_000
MILLISECOND = Fraction(1, 1000)
# A track's times never go back by more than this (seconds) unless its clock begins again.
REORDERING_SECONDS = 0.5
# True of a stream as it was coded before only.
STALE = ("encoder", "duration", "bps", "number_of_frames", "number_of_bytes", "vendor_id")
# Encoders of subtitles take lines of Advanced SubStation Alpha, with its header.
ASS_HEADER = (
    b"[Script Info]\nScriptType: v4.00+\n[V4+ Styles]\nFormat: Name, Fontname, Fontsize\n"
    b"Style: Default,Arial,16\n[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, "
    b"MarginV, Effect, Text\n"
)


@dataclass(frozen=True)
class Timed:
    """A packet of the result and when it is due, seconds."""

    seconds: float
    packet: av.Packet[Any]


@dataclass(frozen=True)
class Window:
    """The part of a source that is kept, seconds of its own clock (None: all), and what is added to it."""

    begin: Fraction | None
    end: Fraction | None
    shift: Fraction

    def holds(self, time: Fraction) -> bool:
        return (self.begin is None or time >= self.begin) and (self.end is None or time < self.end)

    def chapters(self, source: InputContainer) -> list[Any]:
        """The source's chapters as far as they lie in the window, in the result's clock."""
        kept = []
        for chapter in source.chapters():
            base = chapter["time_base"] or MILLISECOND
            start, end = chapter["start"] * base, chapter["end"] * base
            start = start if self.begin is None else max(start, self.begin)
            end = end if self.end is None else min(end, self.end)
            if start < end:
                ticks = (round((start + self.shift) / base), round((end + self.shift) / base))
                kept.append({**chapter, "start": ticks[0], "end": ticks[1], "time_base": base})
        return kept


class Extras:
    """All that a result takes over from its source beside the picture; ``notes``: what it cannot take.

    Streams of ``target`` are made at once: in the order of the source, after :meth:`packets` none is added.
    """

    def __init__(self, source: InputContainer, target: OutputContainer, path: Path, window: Window) -> None:
        self._source, self._target, self._path, self._window = source, target, path, window
        self.notes: list[str] = []
        self._ways: dict[int, _Copy | _Sound | _Text] = {}
        self._clocks: dict[int, _Clock] = defaultdict(_Clock)
        moving = video_stream(source, path)
        for stream in source.streams:
            if stream is moving:
                continue
            way = self._way(stream)
            if way is not None:
                self._ways[stream.index] = way

    def packets(self) -> Iterator[Timed]:
        """In the order of the source."""
        chosen = [stream for stream in self._source.streams if stream.index in self._ways]
        if not chosen:
            return
        try:
            for packet in self._source.demux(chosen):
                yield from self._through(self._ways[packet.stream.index], packet)
        except av.error.FFmpegError as error:
            self._note(f"{self._path} is damaged: its sound ends early ({error.strerror}).")
        for way in self._ways.values():
            yield from way.flush()

    def _through(self, way: _Copy | _Sound | _Text, packet: av.Packet[Any]) -> Iterator[Timed]:
        if packet.size and isinstance(way, _Cover):
            yield from way.take(packet, 0)
            return
        if not packet.size or packet.time_base is None or (packet.pts is None and packet.dts is None):
            return
        told = self._clocks[packet.stream.index].continued(packet)
        if self._window.holds(told * packet.time_base):
            yield from way.take(packet, round(self._window.shift / packet.time_base))

    def _way(self, stream: Stream) -> _Copy | _Sound | _Text | None:
        if stream.type == "attachment":
            self._attach(stream)
            return None
        if stream.type == "video":
            return self._cover(stream)
        # Muxers of MP4 write the time code themselves, from the picture's metadata.
        # ... and chapters as a track of text.
        if stream.type == "data" and ("timecode" in stream.metadata or self._source.chapters()):
            return None
        if stream.type in ("audio", "subtitle") and stream.codec_context is not None:
            if takes(self._target.format.name, stream):
                return _Copy(self._target, stream)
            return self._anew(stream)
        self._note(f"{_named(stream)} of {self._path} cannot be kept in {self._kind} and was left out.")
        return None

    def _anew(self, stream: Stream) -> _Sound | _Text | None:
        kind, codec = self._target.format.name, stream.codec_context.name
        try:
            if stream.type == "audio":
                way: _Sound | _Text = _Sound(
                    self._target, stream, AUDIO_ENCODERS.get(kind, OTHER_AUDIO_ENCODER)
                )
            elif codec in TEXTS and kind in TEXT_ENCODERS:
                way = _Text(self._target, stream, TEXT_ENCODERS[kind])
            else:
                raise ValueError(f"{kind} takes no {codec}")
        except (ValueError, av.error.FFmpegError):  # ValueError: PyAV's word for a codec that does not fit
            self._note(f"{_named(stream)} of {self._path} cannot be kept in {self._kind} and was left out.")
            return None
        self._note(
            f"{_named(stream)} of {self._path} cannot be copied into {self._kind} "
            f"and was coded anew ({way.codec})."
        )
        return way

    def _cover(self, stream: Stream) -> _Copy | None:
        if is_cover(stream) and self._target.format.name == "matroska":
            # Matroska keeps covers among its attachments; FFmpeg reads those as streams of one picture.
            with open_container(self._path) as again:
                packets = again.demux(again.streams[stream.index])
                picture = next((bytes(packet) for packet in packets if packet.size), b"")
            if picture:
                kind = "png" if stream.codec_context.name == "png" else "jpeg"
                self._target.add_attachment(f"cover.{kind[:3]}", f"image/{kind}", picture)
            return None
        if is_cover(stream) and takes(self._target.format.name, stream):
            return _Cover(self._target, stream)
        self._note(f"{_named(stream)} of {self._path} was left out: only the first video track is converted.")
        return None

    def _attach(self, stream: Any) -> None:
        if self._target.format.name != "matroska":
            self._note(f"{_named(stream)} of {self._path} cannot be kept in {self._kind} and was left out.")
            return
        name = stream.name or stream.metadata.get("filename") or "attachment"
        self._target.add_attachment(name, stream.mimetype or "application/octet-stream", bytes(stream.data))

    @property
    def _kind(self) -> str:
        return f"a {self._target.format.name} file"

    def _note(self, text: str) -> None:
        self.notes.append(text)


def takes(format_name: str, stream: Stream) -> bool:
    """Whether a format holds a stream as it is: found out by writing the head of such a file to memory."""
    try:
        with av.open(io.BytesIO(), "w", format=format_name) as trial:
            trial.add_stream_from_template(stream, opaque=True)
            trial.start_encoding()
    except (ValueError, OSError, av.error.FFmpegError):
        return False
    return True


def _named(stream: Stream) -> str:
    language = f", {stream.language}" if stream.language not in (None, "und") else ""
    codec = getattr(stream, "codec_context", None)
    return f"The {stream.type} track {stream.index} ({codec.name if codec else 'unknown'}{language})"


def _copy_facts(one: Stream, two: Stream) -> None:
    two.metadata.update({key: text for key, text in one.metadata.items() if key.lower() not in STALE})
    two.disposition = one.disposition


class _Clock:
    """The clock of a track that may begin again midway: in files that were joined end to end."""

    def __init__(self) -> None:
        self._shift, self._end = 0, 0
        self._last: int | None = None

    def continued(self, packet: av.Packet[Any]) -> int:
        """Move a packet to after those before it, if it is not there; return its time, ticks."""
        told = packet.pts if packet.pts is not None else packet.dts
        assert told is not None  # Extras lets no other through
        assert packet.time_base is not None
        if self._last is not None and (self._last - told) * packet.time_base > REORDERING_SECONDS:
            self._shift = self._end - told
        self._last = told
        packet.pts = None if packet.pts is None else packet.pts + self._shift
        packet.dts = None if packet.dts is None else packet.dts + self._shift
        self._end = told + self._shift + (packet.duration or 0)
        return told + self._shift


class _Copy:
    """A track whose packets go over as they are."""

    def __init__(self, target: OutputContainer, stream: Stream) -> None:
        self._stream = target.add_stream_from_template(stream, opaque=True)
        _copy_facts(stream, self._stream)
        self._last: int | None = None

    def take(self, packet: av.Packet[Any], shift: int) -> Iterator[Timed]:
        pts, dts = packet.pts, packet.dts
        dts = pts if dts is None else dts
        assert dts is not None  # Extras lets no other through
        assert packet.time_base is not None
        dts += shift
        if self._last is not None and dts <= self._last:
            dts = self._last + 1  # muxers take growing times only; a damaged file may repeat one
        packet.dts, self._last = dts, dts
        packet.pts = max(dts, dts if pts is None else pts + shift)
        packet.stream = self._stream
        yield Timed(float(dts * packet.time_base), packet)

    def flush(self) -> Iterator[Timed]:
        yield from ()


class _Cover(_Copy):
    """A still picture on the box: one packet, which has no time."""

    def take(self, packet: av.Packet[Any], shift: int) -> Iterator[Timed]:
        packet.pts = packet.dts = 0
        packet.time_base = packet.time_base or MILLISECOND
        yield from super().take(packet, shift)


class _Sound:
    """Sound that is decoded and coded anew."""

    def __init__(self, target: OutputContainer, stream: Any, codec: str) -> None:
        self.codec = codec
        rate = OPUS_RATE if codec == "libopus" else stream.codec_context.sample_rate
        self._stream = cast(Any, target.add_stream(codec, rate=rate))
        context = self._stream.codec_context
        context.layout, context.time_base = stream.codec_context.layout, Fraction(1, rate)
        self._resampler = AudioResampler(context.format, context.layout, rate)
        _copy_facts(stream, self._stream)

    def take(self, packet: av.Packet[Any], shift: int) -> Iterator[Timed]:
        try:
            frames: Any = packet.decode()
        except av.error.FFmpegError:
            return  # a click; the clock goes on with the next packet
        for frame in frames:
            if frame.pts is not None:
                frame.pts += shift
            for part in self._resampler.resample(frame):
                yield from self._timed(self._stream.encode(part))

    def flush(self) -> Iterator[Timed]:
        for part in self._resampler.resample(None):
            yield from self._timed(self._stream.encode(part))
        yield from self._timed(self._stream.encode(None))

    def _timed(self, packets: list[av.Packet[Any]]) -> Iterator[Timed]:
        for packet in packets:
            yield Timed(float((packet.dts or 0) * (packet.time_base or 0)), packet)


class _Text:
    """Subtitles of text in another way of writing."""

    def __init__(self, target: OutputContainer, stream: Any, codec: str) -> None:
        self.codec = codec
        self._stream = cast(Any, target.add_stream(codec))
        self._stream.codec_context.time_base = MILLISECOND
        self._stream.codec_context.subtitle_header = ASS_HEADER
        _copy_facts(stream, self._stream)

    def take(self, packet: av.Packet[Any], shift: int) -> Iterator[Timed]:
        base = packet.time_base or MILLISECOND
        start = round(((packet.pts or 0) + shift) * base / MILLISECOND)
        length = round((packet.duration or 0) * base / MILLISECOND)
        try:
            lines: Any = packet.decode()
        except av.error.FFmpegError:
            return
        for subtitle in lines:
            made = SubtitleSet.create(subtitle.ass, 0, length, start * 1000)
            written = self._stream.codec_context.encode_subtitle(made)
            written.stream, written.time_base = self._stream, MILLISECOND
            written.pts = written.dts = start
            written.duration = length
            yield Timed(start / 1000, written)

    def flush(self) -> Iterator[Timed]:
        yield from ()
