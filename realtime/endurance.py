"""Hours of live work, as fast as they go: does memory stay flat, and is the recording whole?

animirror bench endurance clip.mp4 --frames 108000 --size 320x240 -o hour.mp4
"""

from __future__ import annotations

import itertools
import threading
import time as clock
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av

from animirror.realtime.camera import Shot
from animirror.realtime.controls import Controls, Panel
from animirror.realtime.effects import Effects
from animirror.realtime.errors import UserError
from animirror.realtime.filter import FaceFilter
from animirror.realtime.layout import plan
from animirror.realtime.live import Nowhere
from animirror.realtime.pipeline import Packet, Pipeline, Sink, Step
from animirror.realtime.playback import fitted
from animirror.realtime.recording import FileSink
from animirror.realtime.report import peak_memory_mb
from animirror.realtime.runtime import usable_cores
from animirror.realtime.segment import load_live_segmenter
from animirror.realtime.sources import VideoSource
from animirror.realtime.stylize import load_stylizer
from animirror.realtime.view import View
from animirror.realtime.zoo import Zoo

# An hour at a webcam's 30 a second.
HOUR = 108_000
# Memory is told after so many parts. The first one warms up (buffers, caches, the encoder's look-ahead);
# growth counts from its end.
PARTS = 10
# Where Linux tells the pages that a process has in memory now.
STATM = Path("/proc/self/statm")


@dataclass(frozen=True)
class EnduranceOptions:
    """What is run; see `animirror bench endurance --help`."""

    source: Path
    frames: int = HOUR
    size: tuple[int, int] | None = None
    output: Path | None = None
    device: str = "auto"
    style: str | None = None
    precision: str = "auto"
    overwrite: bool = False


@dataclass(frozen=True)
class EnduranceReport:
    """``memory``: MB at the start (models loaded) and after each part; ``growth``: MB since the first part.

    ``growth_per_10000``: the same for 10,000 frames; ``recorded``: frames in the file as it is read back
    (None: nothing was recorded); ``heads``: frames with a head in them.
    """

    source: str
    size: str
    models: list[str]
    frames: int
    heads: int
    seconds: float
    fps: float
    memory: list[float]
    growth: float
    growth_per_10000: float
    recorded: int | None


class Loop:
    """A pipeline.Source: a video file again and again, opened anew each time, as fast as it is asked."""

    def __init__(self, path: Path, frames: int, size: tuple[int, int] | None) -> None:
        self._path, self._frames, self._size = path, frames, size
        self._stopped = threading.Event()
        with VideoSource(path) as video:
            self.size = size or (video.info.width, video.info.height)
            self.rate = float(video.info.rate)

    def __iter__(self) -> Iterator[Shot]:
        yield from itertools.islice(self._endless(), self._frames)

    def stop(self) -> None:
        self._stopped.set()

    def _endless(self) -> Iterator[Shot]:
        while not self._stopped.is_set():
            shown = 0
            with VideoSource(self._path) as video:
                for shown, item in enumerate(video, 1):  # noqa: B007 (counted)
                    if self._stopped.is_set():
                        return
                    yield Shot(fitted(item.frame, self.size), item.time)
            if not shown:
                raise UserError(f"The video {self._path} has no frames.")


class _Watch:
    """Counts views and notes the memory after each part."""

    def __init__(self, frames: int) -> None:
        self._every = max(1, frames // PARTS)
        self._done = self.heads = 0
        self.memory = [memory_mb()]

    def __call__(self, view: View) -> View:
        self._done += 1
        self.heads += view.mask is not None and bool(view.mask.any())
        if self._done % self._every == 0:
            self.memory.append(memory_mb())
        return view


def run_endurance(options: EnduranceOptions, zoo: Zoo | None = None) -> EnduranceReport:
    """Run ``frames`` frames through the live steps into ``output``. Raises UserError."""
    zoo = zoo or Zoo()
    if options.frames < PARTS:
        raise UserError(f"--frames must be at least {PARTS}, not {options.frames}.")
    groups, threads = plan(usable_cores())
    source = Loop(options.source, options.frames, options.size)
    segmenter = load_live_segmenter(zoo, options.device, threads, options.precision)
    stylizer = load_stylizer(zoo, options.style, options.device, threads, options.precision)
    for model in (segmenter.session, stylizer.session):
        model.warm_up()
    face_filter = FaceFilter(segmenter, stylizer)
    face_filter.prepare_for_live()
    panel = Panel(zoo.styles(), segmenter.labels, Controls(face_filter.options))
    # Every frame is worked on, also where nothing moves: this is a test of the work.
    effects = Effects(face_filter, lambda _: stylizer, panel, lambda _: None, reuse=False)
    sink: Sink[View] = Nowhere()
    if options.output is not None:
        sink = FileSink(options.output, source.rate, options.overwrite)
    watch = _Watch(options.frames)
    steps = {step.name: step for step in effects.steps()}
    last = steps["blend"].work
    steps["blend"] = Step("blend", lambda packet: watch(last(packet)))
    work = [[steps[name] for name in group] for group in groups]
    start = clock.perf_counter()
    pipeline: Pipeline[View] = Pipeline(source, work, [_Paced(sink, source.rate)], live=False)
    pipeline.run()
    seconds, done = clock.perf_counter() - start, pipeline.statistics().done
    growth = watch.memory[-1] - watch.memory[min(1, len(watch.memory) - 1)]
    counted = options.frames * (PARTS - 1) / PARTS
    return EnduranceReport(
        str(options.source),
        f"{source.size[0]}x{source.size[1]}",
        [model.session.name for model in (segmenter, stylizer)],
        done,
        watch.heads,
        round(seconds, 1),
        round(done / seconds, 2),
        watch.memory,
        round(growth, 1),
        round(growth * 10_000 / counted, 2),
        None if options.output is None else frames_in(options.output),
    )


class _Paced:
    """A sink to which packets were captured at the source's rate: a recording lasts as long as if live."""

    def __init__(self, sink: Sink[View], rate: float) -> None:
        self.name = sink.name
        self._sink, self._rate = sink, rate

    def write(self, packet: Packet[View]) -> None:
        self._sink.write(Packet(packet.value, packet.number / self._rate, packet.number))

    def close(self) -> None:
        self._sink.close()


def memory_mb() -> float:
    """Resident memory of this process now, MB; where only its peak is told, that; 0 where nothing is."""
    try:
        pages = int(STATM.read_text(encoding="ascii").split()[1])
    except (OSError, IndexError, ValueError):
        return peak_memory_mb() or 0.0
    import resource

    return round(pages * resource.getpagesize() / 1e6, 1)


def frames_in(path: Path) -> int:
    """Frames of a video file that can be decoded, all of them read."""
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))
