"""What is in a video file, as ffprobe would tell, and what a conversion has lost of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from tests.media import Colors, read_number


@dataclass(frozen=True)
class StreamFacts:
    """A stream as ffprobe would tell of it: times in seconds, ``digest`` of all its packets' bytes.

    ``begins``: of the first picture or sound; ``times``: of every packet, in the order they are shown.
    """

    kind: str
    codec: str
    language: str | None
    title: str | None
    begins: float
    ends: float
    times: tuple[float, ...]
    digest: str


@dataclass(frozen=True)
class PictureFacts:
    """The picture of a file: as it is stored, and the numbers of the frames that were decoded."""

    size: tuple[int, int]
    pix_fmt: str
    rotation: int
    pixel_aspect: Fraction
    colors: Colors
    rate: Fraction | None
    times: tuple[float, ...]
    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Facts:
    """What is in a file, for :func:`differences`. ``seconds``: the whole file's length."""

    picture: PictureFacts
    streams: tuple[StreamFacts, ...]
    chapters: tuple[tuple[float, float, str], ...]
    metadata: dict[str, str]
    attachments: tuple[tuple[str, bytes], ...]
    seconds: float | None

    def of_kind(self, kind: str) -> list[StreamFacts]:
        return [stream for stream in self.streams if stream.kind == kind]


def probe(path: Path) -> Facts:
    """Everything that a conversion should keep, read with PyAV alone."""
    with av.open(str(path)) as container:
        chapters = tuple(
            (
                float(told["start"] * told["time_base"]),
                float(told["end"] * told["time_base"]),
                told["metadata"].get("title", ""),
            )
            for told in container.chapters()
        )
        attachments = tuple(
            (stream.name or "", bytes(stream.data))
            for stream in container.streams
            if stream.type == "attachment"
        )
        seconds = container.duration / av.time_base if container.duration else None
        metadata = {key.lower(): value for key, value in container.metadata.items()}
    return Facts(_picture_facts(path), _stream_facts(path), chapters, metadata, attachments, seconds)


def _picture_facts(path: Path) -> PictureFacts:
    times, numbers, last = [], [], None
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        aspect, rate = stream.sample_aspect_ratio or Fraction(1), stream.average_rate
        for frame in container.decode(stream):
            turned = np.rot90(frame.to_ndarray(format="bgr24"), round(frame.rotation / 90))
            numbers.append(read_number(np.rot90(turned, -round(frame.rotation / 90))))
            times.append(round(float(frame.time), 5))
            last = frame
        assert last is not None, f"{path} has no frames"
        colors = Colors(context.color_primaries, context.color_trc, context.colorspace, context.color_range)
        size = (last.width, last.height)
        return PictureFacts(
            size, last.format.name, last.rotation, aspect, colors, rate, tuple(times), tuple(numbers)
        )


def _stream_facts(path: Path) -> tuple[StreamFacts, ...]:
    with av.open(str(path)) as container:
        streams = [stream for stream in container.streams if stream.type in ("video", "audio", "subtitle")]
        packets: dict[int, list[Any]] = {stream.index: [] for stream in streams}
        for packet in container.demux(streams):
            # mov_text fills the time between lines with empty ones (a length of 0 in two bytes).
            if packet.size and bytes(packet) != b"\0\0":
                told = packet.pts if packet.pts is not None else packet.dts
                duration = packet.duration or 0
                packets[packet.stream.index].append(
                    (float(told * packet.time_base), float(duration * packet.time_base), bytes(packet))
                )
        return tuple(_one_stream(stream, packets[stream.index]) for stream in streams)


def _one_stream(stream: Any, packets: Sequence[tuple[float, float, bytes]]) -> StreamFacts:
    digest = hashlib.sha256(b"".join(content for _, _, content in packets)).hexdigest()
    times = sorted(time for time, _, _ in packets)
    return StreamFacts(
        stream.type,
        stream.codec_context.name,
        stream.language if stream.language not in (None, "und") else None,
        stream.metadata.get("title") or stream.metadata.get("handler_name"),
        times[0] if times else 0.0,
        max((time + duration for time, duration, _ in packets), default=0.0),
        tuple(round(time, 4) for time in times),
        digest,
    )


def differences(before: Facts, after: Facts, tick: float = 0.0011) -> list[str]:
    """What a conversion that keeps everything would not have changed, in words; [] where all was kept.

    Times are compared against each file's first picture: containers begin where they like. ``tick``:
    seconds by which a time may differ (Matroska counts milliseconds). Not compared: codec and size of the
    picture, since those are what a conversion is asked to change.
    """
    return [
        *_picture_differences(before.picture, after.picture, tick),
        *_track_differences(before, after, tick),
        *_other_differences(before, after, tick),
    ]


def _picture_differences(one: PictureFacts, two: PictureFacts, tick: float) -> list[str]:
    told = []
    if one.numbers != two.numbers:
        told.append(f"frames {one.numbers} became {two.numbers}")
    elif not _alike(_relative(one.times), _relative(two.times), tick):
        told.append(f"frame times {_relative(one.times)} became {_relative(two.times)}")
    for name in ("rotation", "pixel_aspect"):
        if getattr(one, name) != getattr(two, name):
            told.append(f"{name} {getattr(one, name)} became {getattr(two, name)}")
    return told


def _track_differences(before: Facts, after: Facts, tick: float) -> list[str]:
    told = []
    start, start_after = before.picture.times[0], after.picture.times[0]
    for kind in ("audio", "subtitle"):
        ones, twos = before.of_kind(kind), after.of_kind(kind)
        if len(ones) != len(twos):
            told.append(f"{len(ones)} {kind} tracks became {len(twos)}")
            continue
        for index, (one, two) in enumerate(zip(ones, twos, strict=True)):
            if one.language != two.language:
                told.append(f"{kind} {index}: language {one.language} became {two.language}")
            if one.codec == two.codec and one.digest != two.digest:
                told.append(f"{kind} {index} was encoded again though it could have been copied")
            # "under one audio frame"; text has no frames.
            allowed = tick if kind == "subtitle" else max(tick, 1024 / 48000)
            for name in ("begins", "ends"):
                moved = getattr(two, name) - start_after - (getattr(one, name) - start)
                if abs(moved) > allowed:
                    told.append(f"{kind} {index} {name} {moved:+.4f} s later")
    return told


def _other_differences(before: Facts, after: Facts, tick: float) -> list[str]:
    told = []
    ones, twos = ([time for chapter in facts.chapters for time in chapter[:2]] for facts in (before, after))
    titles = [[title for *_, title in facts.chapters] for facts in (before, after)]
    if titles[0] != titles[1] or not _alike(ones, twos, tick):
        told.append(f"chapters {before.chapters} became {after.chapters}")
    for key in ("title", "artist", "comment"):
        if before.metadata.get(key) != after.metadata.get(key):
            told.append(f"{key} {before.metadata.get(key)!r} became {after.metadata.get(key)!r}")
    return told


def _relative(times: Sequence[float]) -> list[float]:
    return [round(time - times[0], 4) for time in times]


def _alike(one: Sequence[float], two: Sequence[float], tick: float) -> bool:
    return len(one) == len(two) and all(abs(a - b) <= tick for a, b in zip(one, two, strict=True))
