"""How fast videos are converted: against the filter alone, at two sizes, and the memory that it takes."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from animirror.realtime.bench import LIVE_RATE, Frames, read_pictures
from animirror.realtime.camera import Shot
from animirror.realtime.convert import convert_video
from animirror.realtime.errors import UserError
from animirror.realtime.filter import FaceFilter
from animirror.realtime.job import VideoJob
from animirror.realtime.layout import plan
from animirror.realtime.pipeline import Packet, Pipeline, Step
from animirror.realtime.recipe import Recipe
from animirror.realtime.runtime import usable_cores
from animirror.realtime.sinks import VideoSink

SIZES = ((1280, 720), (1920, 1080))
# Machines have moods: everything is measured this often, in turns, and the medians count.
ROUNDS = 3
FEWEST_FRAMES = 10
# The command itself in a child: our own pictures must not count as its memory.
COMMAND = ("-P", "-m", "animirror.realtime.cli", "video")


@dataclass(frozen=True)
class VideoBenchReport:
    """Frames per second and shares. ``alone_fps``: of the filter without files, in the same threads;

    ``fps``: of the whole conversion; ``share``: of the two; ``larger_fps``, ``times_slower``: of a conversion
    at the second size, and against the first; ``peak_memory``: of the command, MB (None: not told);
    ``failure``: why the command was not measured.
    """

    source: str
    frames: int
    sizes: tuple[str, str]
    cores: int
    threads: list[str]
    alone_fps: float
    fps: float
    share: float
    larger_fps: float
    times_slower: float
    peak_memory: float | None
    failure: str | None = None


def run_video_bench(source: str, frames: int, recipe: Recipe) -> VideoBenchReport:
    """Measure on ``frames`` frames of a video file, or "demo". Raises UserError."""
    if frames < FEWEST_FRAMES:
        raise UserError(f"--frames must be at least {FEWEST_FRAMES}, not {frames}.")
    face_filter = recipe.make()
    groups, _ = plan(usable_cores(), slow_segmenter=face_filter.slow_segmenter)
    with tempfile.TemporaryDirectory(prefix="animirror-") as name:
        folder = Path(name)
        files = [_write(folder, source, frames, size) for size in SIZES]
        pictures = read_pictures(source, SIZES[0])
        _alone(face_filter, groups, pictures, FEWEST_FRAMES)  # warms up
        measured = [
            (
                _alone(face_filter, groups, pictures, frames),
                *(_converted(face_filter, file, folder) for file in files),
            )
            for _ in range(ROUNDS)
        ]
        peak, failure = _peak(files[0], recipe)
    alone, fps, larger = (float(np.median(values)) for values in zip(*measured, strict=True))
    # Of each round: what slows the machine down slows both down.
    share = float(np.median([one / other for other, one, _ in measured]))
    slower = float(np.median([one / other for _, one, other in measured]))
    return VideoBenchReport(
        source,
        frames,
        (f"{SIZES[0][0]}x{SIZES[0][1]}", f"{SIZES[1][0]}x{SIZES[1][1]}"),
        usable_cores(),
        [" + ".join(group) for group in groups],
        round(alone, 2),
        round(fps, 2),
        round(share, 3),
        round(larger, 2),
        round(slower, 2),
        peak,
        failure,
    )


def _write(folder: Path, source: str, frames: int, size: tuple[int, int]) -> Path:
    path = folder / f"{size[1]}.mp4"
    pictures = read_pictures(source, size)
    with VideoSink(path, *size, Fraction(round(LIVE_RATE)), light=True) as sink:
        for shot in Frames(pictures, frames):
            sink.write(shot.frame, shot.time)
    return path


def _converted(face_filter: FaceFilter, source: Path, folder: Path) -> float:
    """Frames per second of a conversion, from nothing to the finished file."""
    return convert_video(VideoJob(source, folder / f"out-{source.name}", overwrite=True), face_filter).fps


class _Nowhere:
    """Takes frames and keeps none."""

    name = "none"

    def write(self, packet: Packet[object]) -> None:
        pass

    def close(self) -> None:
        pass


def _alone(
    face_filter: FaceFilter,
    groups: Sequence[Sequence[str]],
    pictures: Sequence[NDArray[np.uint8]],
    count: int,
) -> float:
    """Frames per second of the filter on pictures in memory, with the threads of a conversion."""
    face_filter.reset()

    def segment(packet: Packet[Shot]) -> object:
        return face_filter.segment(packet.value.frame, packet.value.time)

    steps = {
        "segment": Step("segment", segment),
        "pose": Step("pose", lambda packet: face_filter.pose(packet.value)),
        "stylize": Step("stylize", lambda packet: face_filter.stylize(packet.value)),
        "blend": Step("blend", lambda packet: face_filter.blend(packet.value)),
    }
    work = [[steps[name] for name in group] for group in groups]
    pipeline: Pipeline[object] = Pipeline(Frames(pictures, count), work, [_Nowhere()], live=False)
    pipeline.run()
    return count / pipeline.statistics().seconds


def _peak(source: Path, recipe: Recipe) -> tuple[float | None, str | None]:
    """Peak memory of the command on a file, MB, or why it is not known."""
    told = [str(source), "-o", str(source.with_name("peak.mp4")), "--json", "--device", recipe.device]
    if recipe.style is not None:
        told += ["--style", recipe.style]
    answer = subprocess.run([sys.executable, *COMMAND, *told], capture_output=True, text=True, check=False)
    if answer.returncode:
        return None, answer.stderr.strip().splitlines()[-1] if answer.stderr else f"code {answer.returncode}"
    memory: float | None = json.loads(answer.stdout)[0]["peak_memory_mb"]
    return memory, None
