"""Segments of a video through the filter: each becomes a file of its own, and what is to be told of it."""

from __future__ import annotations

import json
import time as clock
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from animirror.realtime.colors import UNKNOWN, colors_of, display_matrix, quarter_turns
from animirror.realtime.decode import Decoder
from animirror.realtime.encode import SegmentWriter, Shape, for_segments
from animirror.realtime.encoders import choose_encoder
from animirror.realtime.files import unwritable, write_json
from animirror.realtime.filter import FaceFilter
from animirror.realtime.frames import End, Frames, Work
from animirror.realtime.job import Progress, VideoJob
from animirror.realtime.layout import plan
from animirror.realtime.paint import Painter
from animirror.realtime.pipeline import Packet, Pipeline, Step
from animirror.realtime.runtime import usable_cores
from animirror.realtime.segments import Segment


@dataclass(frozen=True)
class Rendered:
    """What is to be told of a finished segment; kept beside its file as JSON.

    ``last``: ticks of the segment's file for which its last frame is shown; ``matrix``: the display matrix
    that its pictures need, nine numbers, or None; ``colors``: FFmpeg's numbers of primaries, transfer, matrix
    and range; ``gaps``: damage, seconds from the video's first frame;
    ``notes``: sentences to the user; ``milliseconds``: of the filter's stages, a number per frame;
    ``seconds``: of work.
    """

    index: int
    frames: int
    with_heads: int
    seconds: float
    base: Fraction
    last: int
    colors: tuple[int, int, int, int] = (UNKNOWN, UNKNOWN, UNKNOWN, 0)
    matrix: tuple[int, ...] | None = None
    gaps: tuple[tuple[float, float], ...] = ()
    notes: tuple[str, ...] = ()
    milliseconds: dict[str, list[float]] = field(default_factory=dict)


def video_path(folder: Path, index: int) -> Path:
    """The file of a segment: NUT, which holds every codec and every clock."""
    return folder / f"{index:05}.nut"


def told_path(folder: Path, index: int) -> Path:
    """Its JSON; a segment is finished when that is there."""
    return folder / f"{index:05}.json"


def read_rendered(folder: Path, index: int) -> Rendered | None:
    """What is to be told of a segment that was finished; None: it was not."""
    try:
        told = json.loads(told_path(folder, index).read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    told["base"] = Fraction(told["base"])
    told["gaps"] = tuple((begin, end) for begin, end in told["gaps"])
    told["colors"] = tuple(told["colors"])
    told["notes"], told["matrix"] = tuple(told["notes"]), told["matrix"] and tuple(told["matrix"])
    return Rendered(**told)


def render(
    job: VideoJob,
    segments: Sequence[Segment],
    folder: Path,
    face_filter: FaceFilter,
    progress: Progress | None = None,
) -> list[Rendered]:
    """Convert these segments, in order, to files in ``folder``; return what is to be told of each.

    A segment's frames are the same whether those before it are converted in this call, were earlier, or are
    on another machine: the filter begins each anew, with a few frames from before. ``progress`` is called
    with the number of frames that this call has written. Raises UserError.
    """
    layout, _ = plan(usable_cores(), slow_segmenter=face_filter.slow_segmenter)
    steps = _steps(face_filter)
    rendered: list[Rendered] = []
    for run in _runs(segments):
        with Decoder(job.source) as decoder:
            frames = Frames(job, run, decoder)
            writer = Writer(job, frames, decoder, folder, progress, sum(told.frames for told in rendered))
            groups = [[steps[name] for name in group] for group in layout]
            Pipeline(frames, groups, [writer], live=False).run()
        rendered += writer.rendered
    return rendered


def _runs(segments: Sequence[Segment]) -> list[list[Segment]]:
    """Segments that follow each other: the decoder goes through them without a stop."""
    runs: list[list[Segment]] = []
    for segment in segments:
        if runs and runs[-1][-1].index + 1 == segment.index:
            runs[-1].append(segment)
        else:
            runs.append([segment])
    return runs


def _steps(face_filter: FaceFilter) -> dict[str, Step]:
    def segment(packet: Packet[Work | End]) -> Work | End:
        item = packet.value
        if isinstance(item, Work):
            if item.fresh:
                face_filter.reset()
            item.scene = face_filter.segment(item.frame, item.time)
        return item

    def pose(packet: Packet[Work | End]) -> Work | End:
        item = packet.value
        if isinstance(item, Work) and item.scene is not None:
            item.scene = face_filter.pose(item.scene)
        return item

    def stylize(packet: Packet[Work | End]) -> Work | End:
        item = packet.value
        if isinstance(item, Work) and item.scene is not None:
            item.scene = face_filter.stylize(item.scene)
        return item

    def blend(packet: Packet[Work | End]) -> Work | End:
        item = packet.value
        if isinstance(item, Work) and item.scene is not None:
            item.filtered, item.scene = face_filter.blend(item.scene), None
        return item

    return {work.__name__: Step(work.__name__, work) for work in (segment, pose, stylize, blend)}


class Writer:
    """A pipeline.Sink: paints filtered frames for the encoder and writes a file per segment."""

    name = "encode"

    def __init__(
        self,
        job: VideoJob,
        frames: Frames,
        decoder: Decoder,
        folder: Path,
        progress: Progress | None,
        before: int,
    ) -> None:
        self._job, self._frames, self._decoder, self._folder = job, frames, decoder, folder
        self._progress, self._before = progress, before
        self._encoder = for_segments(choose_encoder(job.encode, job.target))
        self._painter: Painter | None = None
        self._matrix: tuple[int, ...] | None = None
        self._begin()
        self.rendered: list[Rendered] = []

    def _begin(self) -> None:
        """Forget the last segment."""
        self._file: SegmentWriter | None = None
        self._started = clock.perf_counter()
        self._count, self._with_heads, self._last = 0, 0, 0
        self._milliseconds: dict[str, list[float]] = defaultdict(list)

    def write(self, packet: Packet[Work | End]) -> None:
        item = packet.value
        if isinstance(item, End):
            self._finish(item)
            return
        if item.outputs:
            self._write(item)
        self._frames.passed()

    def close(self) -> None:
        if self._file is not None:
            self._file.discard()
            self._file = None

    def _write(self, work: Work) -> None:
        assert work.filtered is not None  # the filter's last step has been through
        picture = self._painted(work)
        if self._file is None:
            shape = self._shape(work)
            path = video_path(self._folder, work.segment.index)
            self._file = SegmentWriter(path, shape, self._encoder, self._job.target)
        for tick, duration in work.outputs:
            self._file.write(picture, tick)
            self._last = duration
        self._count += len(work.outputs)
        self._with_heads += bool(work.filtered.crops) * len(work.outputs)
        for stage, milliseconds in work.filtered.timings.items():
            self._milliseconds[stage].append(round(milliseconds, 2))
        if self._progress is not None:
            self._progress(self._before + self._count, None)

    def _painted(self, work: Work) -> av.VideoFrame:
        assert work.filtered is not None
        picture, filtered = work.decoded.picture, work.filtered
        turns = quarter_turns(picture)
        if not self._job.plain:
            result = self._job.transform(work.frame, filtered)
            return self._painter_for(picture, result.shape[1], result.shape[0]).from_bgr(result)
        painter = self._painter_for(picture, *self._frames.size)
        # The picture keeps the orientation in which it was stored; the display matrix goes along.
        frame = np.ascontiguousarray(np.rot90(filtered.frame, -turns))
        if (picture.width, picture.height) != self._frames.size:
            return painter.from_bgr(frame)
        return painter.patched(picture, frame, np.rot90(filtered.mask, -turns))

    def _painter_for(self, picture: av.VideoFrame, width: int, height: int) -> Painter:
        if self._painter is None:
            self._painter = Painter(width, height, self._encoder.pixel_format, colors_of(picture))
            self._matrix = display_matrix(picture) if self._job.plain else None
        return self._painter

    def _shape(self, work: Work) -> Shape:
        assert self._painter is not None
        stream = self._decoder.stream
        aspect = stream.sample_aspect_ratio or Fraction(1)
        if not self._job.plain and quarter_turns(work.decoded.picture) % 2:
            aspect = 1 / aspect
        return Shape(
            self._painter.width,
            self._painter.height,
            self._job.fps or self._decoder.rate,
            self._frames.clock.base,
            aspect,
            self._painter.colors,
        )

    def _colors(self) -> tuple[int, int, int, int]:
        if self._painter is None:
            return Rendered.colors
        colors = self._painter.colors
        return colors.primaries, colors.transfer, colors.space, colors.range

    def _finish(self, end: End) -> None:
        if self._file is not None:
            self._file.finish()
        told = Rendered(
            end.segment.index,
            self._count,
            self._with_heads,
            round(clock.perf_counter() - self._started, 3),
            self._frames.clock.base,
            self._last,
            self._colors(),
            self._matrix,
            tuple((gap.begin, gap.end) for gap in end.gaps),
            end.notes,
            dict(self._milliseconds),
        )
        try:
            write_json(told_path(self._folder, end.segment.index), asdict(told) | {"base": str(told.base)})
        except OSError as error:
            raise unwritable(self._job.target, error) from error
        self.rendered.append(told)
        self._before += self._count
        self._begin()
