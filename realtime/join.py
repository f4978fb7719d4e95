"""Finished segments and all that is no picture of the source to one file: the result of a conversion."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
from av.container import InputContainer, OutputContainer

from animirror.realtime.colors import MATRICES, Colors
from animirror.realtime.decode import open_container, video_stream
from animirror.realtime.encode import Shape, open_stream
from animirror.realtime.encoders import choose_encoder
from animirror.realtime.errors import UserError
from animirror.realtime.files import settle, unwritable
from animirror.realtime.job import VideoJob
from animirror.realtime.palette import paletted
from animirror.realtime.render import Rendered, read_rendered, video_path
from animirror.realtime.segments import Plan
from animirror.realtime.tracks import STALE, Extras, Timed, Window

# Formats whose clocks begin anywhere: their results begin at 0.
BROADCAST = ("mpegts", "mpeg", "mpegtsraw")
# The index goes to the front: browsers and pipes read such files from the first byte on.
MUXER_OPTIONS = {"mp4": {"movflags": "+faststart"}, "mov": {"movflags": "+faststart"}}
# FFmpeg's names of formats where the file name's ending does not tell.
FORMATS = {".m4v": "mp4", ".apng": "apng", ".ts": "mpegts"}
# What the source's container says of itself, not of the film.
OWN_METADATA = ("encoder", "major_brand", "minor_version", "compatible_brands", "duration")


def join(job: VideoJob, plan: Plan, folder: Path) -> list[str]:
    """Write ``job.target`` from the segments in ``folder`` and the source's sound, subtitles and so on.

    Written in ``folder``, and renamed when it is whole and on the disk. Returns what the user should know of
    what could not be kept. Raises UserError.
    """
    rendered = [told for told in _all_rendered(plan, folder) if told.frames]
    if not rendered:
        raise UserError(f"{job.source} is damaged or truncated: no frame of it can be decoded.")
    partial = folder / f"joined{job.target.suffix}"
    try:
        with open_container(job.source) as source, _open_target(partial) as target:
            window = _window(job, plan, source)
            pictures = _Pictures(job, folder, rendered, target, window)
            extras = Extras(source, target, job.source, window)
            target.metadata.update(
                {key: text for key, text in source.metadata.items() if key not in OWN_METADATA}
            )
            _copy_stream_facts(video_stream(source, job.source), pictures.stream)
            target.set_chapters(window.chapters(source))
            for timed in heapq.merge(pictures.packets(), extras.packets(), key=lambda item: item.seconds):
                target.mux(timed.packet)
        settle(partial, job.target)
    except (OSError, av.error.FFmpegError) as error:
        raise unwritable(job.target, error) from error
    finally:
        partial.unlink(missing_ok=True)
    return extras.notes


def _all_rendered(plan: Plan, folder: Path) -> list[Rendered]:
    found = [read_rendered(folder, segment.index) for segment in plan.segments]
    missing = sum(told is None for told in found)
    if missing:
        raise RuntimeError(f"{missing} segments of {folder} are not finished")
    return [told for told in found if told is not None]


def _open_target(path: Path) -> OutputContainer:
    format_name = FORMATS.get(path.suffix.lower())
    options = MUXER_OPTIONS.get(format_name or path.suffix.lower().lstrip("."), {})
    return av.open(str(path), "w", format=format_name, container_options=options)


def _window(job: VideoJob, plan: Plan, source: InputContainer) -> Window:
    """Which part of the source's tracks goes along, and by how much its clock is moved."""
    base = video_stream(source, job.source).time_base or Fraction(1)
    begin = None if job.begin is None else plan.begin * base
    end = None if job.end is None else plan.origin * base + Fraction(job.end)
    shift = Fraction(0)
    if begin is not None:
        shift = -begin
    elif source.format.name in BROADCAST and source.start_time is not None:
        shift = -Fraction(source.start_time, av.time_base)
    return Window(begin, end, shift)


def _copy_stream_facts(one: av.VideoStream, two: av.VideoStream) -> None:
    two.metadata.update({key: text for key, text in one.metadata.items() if key.lower() not in STALE})
    two.disposition = one.disposition


class _Pictures:
    """The target's video stream and its packets: those of the segments, or encoded from them."""

    def __init__(
        self,
        job: VideoJob,
        folder: Path,
        rendered: Sequence[Rendered],
        target: OutputContainer,
        window: Window,
    ) -> None:
        self._files = [(video_path(folder, told.index), told) for told in rendered]
        self._encoder = choose_encoder(job.encode, job.target)
        self._base, self._shift = rendered[0].base, round(window.shift / rendered[0].base)
        with av.open(str(self._files[0][0])) as first:
            template = first.streams.video[0]
            self.stream = (
                self._copied(target, template) if self._encoder.joinable else self._new(target, job, template)
            )
        if rendered[0].matrix is not None:
            self.stream.set_display_matrix(rendered[0].matrix)

    def packets(self) -> Iterator[Timed]:
        """In the order of the file."""
        packets = self._joined() if self._encoder.joinable else self._encoded()
        for packet in packets:
            packet.stream = self.stream
            time = packet.dts if packet.dts is not None else packet.pts or 0
            yield Timed(float(time * packet.time_base), packet)

    def _copied(self, target: OutputContainer, template: av.VideoStream) -> av.VideoStream:
        stream = target.add_stream_from_template(template, opaque=True)
        stream.time_base = self._base
        context = stream.codec_context
        told = self._files[0][1].colors
        context.color_primaries, context.color_trc, context.colorspace, context.color_range = told
        if self._encoder.tag is not None:
            context.codec_tag = self._encoder.tag
        return stream

    def _new(self, target: OutputContainer, job: VideoJob, template: av.VideoStream) -> av.VideoStream:
        primaries, transfer, space, range_ = self._files[0][1].colors
        colors = Colors(primaries, transfer, space, range_, MATRICES[1])
        shape = Shape(
            template.width,
            template.height,
            job.fps or template.average_rate or Fraction(25),
            self._base,
            template.sample_aspect_ratio or Fraction(1),
            colors,
        )
        return open_stream(target, shape, self._encoder)

    def _joined(self) -> Iterator[av.Packet[Any]]:
        """Packets of all segments in the source's clock; each lasts until the next one of its segment."""
        for path, told in self._files:
            with av.open(str(path)) as container:
                waiting: av.Packet[Any] | None = None
                for packet in container.demux(container.streams.video[0]):
                    if not packet.size or packet.pts is None:
                        continue
                    self._into_clock(packet)
                    if waiting is not None:
                        waiting.duration = packet.pts - (waiting.pts or 0)
                        yield waiting
                    waiting = packet
                if waiting is not None:
                    waiting.duration = told.last
                    yield waiting

    def _into_clock(self, packet: av.Packet[Any]) -> None:
        ratio = packet.time_base / self._base
        pts, dts = packet.pts or 0, packet.dts
        packet.pts = round(pts * ratio) + self._shift
        packet.dts = packet.pts if dts is None else round(dts * ratio) + self._shift
        packet.time_base = self._base

    def _encoded(self) -> Iterator[av.Packet[Any]]:
        frames = paletted(self._frames) if self._encoder.pixel_format == "pal8" else self._frames()
        for frame in frames:
            if frame.format.name != self._encoder.pixel_format:
                frame = frame.reformat(format=self._encoder.pixel_format)
            yield from self.stream.encode(frame)
        yield from self.stream.encode(None)

    def _frames(self) -> Iterator[av.VideoFrame]:
        """The decoded frames of all segments, in the source's clock."""
        for path, told in self._files:
            with av.open(str(path)) as container:
                waiting: av.VideoFrame | None = None
                for frame in container.decode(video=0):
                    ratio = (frame.time_base or self._base) / self._base
                    frame.pts = round((frame.pts or 0) * ratio) + self._shift
                    frame.time_base = self._base
                    if waiting is not None:
                        waiting.duration = frame.pts - (waiting.pts or 0)
                        yield waiting
                    waiting = frame
                if waiting is not None:
                    waiting.duration = told.last
                    yield waiting
