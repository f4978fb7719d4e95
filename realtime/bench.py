"""How fast it is here: each step alone, the whole pipeline, the age of frames, the thesis's networks."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
import threading
import time as clock
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.realtime.camera import Shot
from animirror.realtime.controls import Controls, Panel
from animirror.realtime.effects import Effects
from animirror.realtime.errors import UserError
from animirror.realtime.filter import MIN_SIDE, FaceFilter
from animirror.realtime.layout import plan
from animirror.realtime.live import Nowhere
from animirror.realtime.meter import Spread
from animirror.realtime.pipeline import Pipeline, Statistics
from animirror.realtime.playback import fitted
from animirror.realtime.report import peak_memory_mb
from animirror.realtime.runtime import Session, usable_cores
from animirror.realtime.segment import load_live_segmenter
from animirror.realtime.sources import DemoSource, VideoSource
from animirror.realtime.stylize import load_stylizer
from animirror.realtime.view import View
from animirror.realtime.zoo import Zoo

# Frames kept in memory and played forth and back, so that decoding costs nothing and motion never jumps.
KEPT_FRAMES = 60
WARM_UP = 12
# The pace of the live part, frames per second: a webcam's.
LIVE_RATE = 30.0
# Sizes and runs of the thesis's networks; on a CPU one run takes seconds.
THESIS_SIZES, THESIS_RUNS = (512, 256), 3
THESIS_PACKAGES = ("torch", "transformers", "onnx", "onnxscript")
THESIS_SECONDS = 600.0


@dataclass(frozen=True)
class BenchOptions:
    """What is measured; see `animirror bench --help`."""

    source: str = "demo"
    size: tuple[int, int] = (1280, 720)
    frames: int = 150
    device: str = "auto"
    style: str | None = None
    threads: int | None = None
    stages: int | None = None
    segment_every: int = 1
    precision: str = "auto"
    thesis: bool = True


@dataclass(frozen=True)
class Thesis:
    """The full-size networks on the same frames: ms of each and frames per second, one after the other."""

    segment: Spread
    stylize: Spread
    fps: float


@dataclass(frozen=True)
class BenchReport:
    """The figures. Times are milliseconds, memory megabytes.

    ``steps``: each alone, one after the other; ``alone_fps``: of all of them so; ``pipeline_fps``: with their
    threads; ``share``: of what the slowest thread alone would allow; ``live``: at a webcam's pace, with the
    age of frames; ``memory_growth``: of the peak, after the warm-up; ``note``: why a part is missing.
    """

    source: str
    size: str
    frames: int
    heads: float
    models: dict[str, str]
    cores: int
    model_threads: int
    threads: list[str]
    steps: dict[str, Spread]
    alone_fps: float
    pipeline_fps: float
    share: float
    live: Statistics
    peak_memory: float | None
    memory_growth: float | None
    thesis: Thesis | None = None
    note: str | None = None


class Frames:
    """A pipeline.Source of ``count`` shots, forth and back through pictures; ``rate``: at that pace."""

    def __init__(self, pictures: Sequence[NDArray[np.uint8]], count: int, rate: float | None = None) -> None:
        self._pictures, self._count, self._rate = pictures, count, rate
        self._stopped = threading.Event()

    def __iter__(self) -> Iterator[Shot]:
        start, turn = clock.perf_counter(), max(1, 2 * len(self._pictures) - 2)
        for index in range(self._count):
            if self._rate is not None:
                self._stopped.wait(max(0.0, start + index / self._rate - clock.perf_counter()))
            if self._stopped.is_set():
                return
            place = index % turn
            picture = self._pictures[min(place, turn - place)]
            yield Shot(picture, index / LIVE_RATE)

    def stop(self) -> None:
        self._stopped.set()


def run_bench(options: BenchOptions, zoo: Zoo | None = None) -> BenchReport:
    """Measure. Raises UserError where source, device or models cannot be had."""
    zoo = zoo or Zoo()
    if options.frames < 1:
        raise UserError(f"--frames must be at least 1, not {options.frames}.")
    pictures = read_pictures(options.source, options.size)
    groups, threads = plan(usable_cores(), options.stages)
    threads = options.threads or threads
    segmenter = load_live_segmenter(zoo, options.device, threads, options.precision)
    stylizer = load_stylizer(zoo, options.style, options.device, threads, options.precision)
    face_filter = FaceFilter(segmenter, stylizer)
    face_filter.prepare_for_live(options.segment_every)
    for shot in Frames(pictures, WARM_UP):
        face_filter(shot.frame, shot.time)
    warm = peak_memory_mb()
    steps, heads = _alone(face_filter, Frames(pictures, options.frames))
    panel = Panel(zoo.styles(), segmenter.labels, Controls(face_filter.options))

    def piped(live: bool) -> Statistics:
        effects = Effects(face_filter, lambda _: stylizer, panel, lambda _: None, reuse=False)
        by_name = {step.name: step for step in effects.steps()}
        source = Frames(pictures, options.frames, LIVE_RATE if live else None)
        work = [[by_name[name] for name in group] for group in groups]
        pipeline: Pipeline[View] = Pipeline(source, work, [Nowhere()], live)
        pipeline.run()
        return pipeline.statistics()

    through, live = piped(live=False), piped(live=True)
    peak = peak_memory_mb()
    slowest = max(sum(_mean(steps, name) for name in group) for group in groups)
    thesis, note = _thesis(options, pictures) if options.thesis else (None, None)
    return BenchReport(
        options.source,
        f"{pictures[0].shape[1]}x{pictures[0].shape[0]}",
        options.frames,
        round(heads, 2),
        {model.session.name: model.session.provider for model in (segmenter, stylizer)},
        usable_cores(),
        threads,
        [" + ".join(group) for group in groups],
        {name: spread(values) for name, values in steps.items()},
        round(1.0 / sum(float(np.mean(values)) for values in steps.values()), 2),
        through.fps_out,
        round(through.fps_out * slowest, 3),
        live,
        peak,
        None if peak is None or warm is None else round(peak - warm, 1),
        thesis,
        note,
    )


def read_pictures(source: str, size: tuple[int, int]) -> list[NDArray[np.uint8]]:
    """The first KEPT_FRAMES frames of a file, or of the demo, fitted to ``size``. Raises UserError."""
    if min(size) < MIN_SIDE:
        raise UserError(f"--size must be at least {MIN_SIDE} pixels a side, not {size[0]}x{size[1]}.")
    if source == "demo":
        return [fitted(item.frame, size) for item in DemoSource(KEPT_FRAMES)]
    with VideoSource(Path(source)) as video:
        return [fitted(item.frame, size) for item in islice(video, KEPT_FRAMES)]


def spread(seconds: Sequence[float]) -> Spread:
    """Median and 95th percentile of durations, as ms."""
    median, p95 = np.percentile(seconds, [50, 95]) * 1000.0
    return Spread(round(float(median), 2), round(float(p95), 2))


def _alone(face_filter: FaceFilter, frames: Frames) -> tuple[dict[str, list[float]], float]:
    """Seconds of every step of every frame, one after the other in this thread, and heads per frame."""
    face_filter.reset()
    steps: dict[str, list[float]] = defaultdict(list)
    heads = []
    for shot in frames:
        filtered = face_filter(shot.frame, shot.time)
        heads.append(len(filtered.crops))
        for name, milliseconds in filtered.timings.items():
            steps[name].append(milliseconds / 1000.0)
    return dict(steps), float(np.mean(heads))


def _mean(steps: dict[str, list[float]], name: str) -> float:
    """Mean seconds of a step of the pipeline; its `segment` locates too."""
    parts = ("locate", "segment") if name == "segment" else (name,)
    return sum(float(np.mean(steps[part])) for part in parts)


def _thesis(options: BenchOptions, pictures: Sequence[NDArray[np.uint8]]) -> tuple[Thesis | None, str | None]:
    """The thesis's networks on the same frames, or why they are left out."""
    lacking = [name for name in THESIS_PACKAGES if importlib.util.find_spec(name) is None]
    if lacking:
        return None, f"The thesis's networks are left out: making them needs {', '.join(lacking)}."
    with tempfile.TemporaryDirectory() as folder:
        problem = _write_thesis(Path(folder))
        if problem is not None:
            return None, f"The thesis's networks are left out: {problem}."
        times = []
        for name, size in zip(("segmenter", "generator"), THESIS_SIZES, strict=True):
            session = Session(Path(folder) / f"{name}.onnx", options.device, options.threads)
            session.warm_up()
            times.append([_timed(session, picture, size) for picture in islice(cycle(pictures), THESIS_RUNS)])
    total = sum(float(np.median(values)) for values in times)
    return Thesis(spread(times[0]), spread(times[1]), round(1.0 / total, 2)), None


def _write_thesis(folder: Path) -> str | None:
    """Write them in a child process, whose torch must not count as our memory; what went wrong, or None."""
    program = (
        "from pathlib import Path; from animirror.export.thesis import write_thesis_networks; "
        f"write_thesis_networks(Path({str(folder)!r}))"
    )
    try:
        answer = subprocess.run(
            [sys.executable, "-P", "-c", program],
            capture_output=True,
            text=True,
            timeout=THESIS_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"they were not made within {THESIS_SECONDS:.0f} seconds"
    lines = answer.stderr.strip().splitlines()
    return None if answer.returncode == 0 else lines[-1] if lines else f"exit code {answer.returncode}"


def _timed(session: Session, picture: NDArray[np.uint8], size: int) -> float:
    crop = np.asarray(cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA), np.uint8)
    start = clock.perf_counter()
    session.run(crop[None])
    return clock.perf_counter() - start
