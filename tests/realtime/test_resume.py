"""Conversions that are killed, interrupted or run out of room, and go on: real processes, real signals."""

import json
import random
import signal
import subprocess
import sys
import time as clock
from dataclasses import replace
from pathlib import Path

import av
import pytest

from animirror.realtime.convert import convert_video
from animirror.realtime.errors import BAD_INPUT, INTERRUPTED, UserError
from animirror.realtime.filter import FaceFilter, FilterOptions
from animirror.realtime.job import VideoJob
from animirror.realtime.render import read_rendered
from tests.media import Sound, clip, write_clip

SEGMENT = 8
KILLS = 10
# Says when it begins; ends as the command does. A limit of bytes per file stands for a disk that is full.
CHILD = """
import resource, signal, sys
from pathlib import Path
from animirror.realtime.convert import convert_video
from animirror.realtime.errors import UserError
from animirror.realtime.filter import FaceFilter
from animirror.realtime.job import VideoJob
from animirror.realtime.runtime import Session
from animirror.realtime.segment import Segmenter
from animirror.realtime.stylize import Stylizer
segmenter, stylizer, source, target, segment, limit = sys.argv[1:]
def terminated(*_):
    raise KeyboardInterrupt
signal.signal(signal.SIGTERM, terminated)
models = (Session(Path(path), "cpu", 1) for path in (segmenter, stylizer))
face_filter = FaceFilter(Segmenter(next(models)), Stylizer(next(models)))
job = VideoJob(Path(source), Path(target), overwrite=True, resume=True, segment_frames=int(segment))
if int(limit):
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
print("begins", flush=True)
try:
    report = convert_video(job, face_filter)
except UserError as error:
    print(error, file=sys.stderr)
    sys.exit(2)
except KeyboardInterrupt:
    sys.exit(130)
print(report.resumed, flush=True)
"""


class Runs:
    """Conversions of one video to one target, each in a process of its own."""

    def __init__(self, models: tuple[Path, Path], source: Path, target: Path) -> None:
        self.source, self.target = source, target
        self._models = [str(path) for path in models]

    def begin(self, limit: int = 0) -> subprocess.Popen[str]:
        told = [*self._models, str(self.source), str(self.target), str(SEGMENT), str(limit)]
        child = subprocess.Popen(
            [sys.executable, "-P", "-c", CHILD, *told],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        assert child.stdout.readline() == "begins\n"
        return child

    def left(self) -> list[str]:
        """What lies beside source and target."""
        known = (self.source.name, self.target.name)
        return [path.name for path in self.target.parent.iterdir() if path.name not in known]


@pytest.fixture
def runs(models: tuple[Path, Path], tmp_path: Path) -> Runs:
    film = replace(clip("plain.mp4"), count=120, sounds=(Sound(seconds=4.0),))
    return Runs(models, write_clip(film, tmp_path), tmp_path / "out.mp4")


def stored(path: Path) -> tuple[list[tuple[int | None, bytes]], bytes]:
    """Decoded frames to the last bit with their times; the sound's packets."""
    with av.open(str(path)) as container:
        frames = [(frame.pts, frame.to_ndarray().tobytes()) for frame in container.decode(video=0)]
    with av.open(str(path)) as container:
        return frames, b"".join(bytes(packet) for packet in container.demux(audio=0))


def test_ten_kills_change_nothing(runs: Runs, face_filter: FaceFilter) -> None:
    """Wherever it is killed, it goes on to the very result of an uninterrupted run."""
    whole = runs.target.with_name("whole.mp4")
    start = clock.perf_counter()
    convert_video(VideoJob(runs.source, whole, segment_frames=SEGMENT), face_filter)
    seconds = clock.perf_counter() - start
    expected = stored(whole)
    whole.unlink()
    original, moments = runs.source.read_bytes(), random.Random(6)
    runs.target.write_bytes(b"an old result")
    kills, kept = 0, 0
    while kills < KILLS:
        child = runs.begin()
        clock.sleep(moments.uniform(0, 0.4 * seconds))
        child.kill()
        _, problem = child.communicate()
        assert runs.source.read_bytes() == original
        if child.returncode == -signal.SIGKILL and runs.target.read_bytes() == b"an old result":
            kills += 1
            folder = VideoJob(runs.source, runs.target).folder
            kept = max(kept, sum(read_rendered(folder, index) is not None for index in range(20)))
            continue
        # It was whole before the signal came: that is a result too, and all begins again.
        assert child.returncode in (0, -signal.SIGKILL), problem
        assert stored(runs.target) == expected
        runs.target.write_bytes(b"an old result")
    child = runs.begin()
    _, problem = child.communicate()
    assert (child.returncode, problem) == (0, "")
    assert stored(runs.target) == expected
    assert runs.left() == []
    # The kills came while there was something to lose, and it was not lost.
    assert kept > 2


@pytest.mark.parametrize("signal_", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_keeps_what_was_done(runs: Runs, signal_: signal.Signals) -> None:
    runs.target.write_bytes(b"an old result")
    folder = VideoJob(runs.source, runs.target).folder
    child = runs.begin()
    while read_rendered(folder, 1) is None and child.poll() is None:
        clock.sleep(0.01)
    child.send_signal(signal_)
    child.communicate()
    assert child.returncode == INTERRUPTED
    assert runs.target.read_bytes() == b"an old result"
    assert not list(folder.glob("*.part"))
    again = runs.begin()
    out, _ = again.communicate()
    assert again.returncode == 0
    assert int(out) >= 2 * SEGMENT
    assert runs.left() == []


def test_no_room_is_told_and_leaves_the_old_result(runs: Runs) -> None:
    runs.target.write_bytes(b"an old result")
    child = runs.begin(limit=3000)
    _, problem = child.communicate()
    assert child.returncode == BAD_INPUT
    assert "out.mp4" in problem
    assert len(problem.strip().splitlines()) == 1
    assert runs.target.read_bytes() == b"an old result"


def test_a_resume_with_other_options_is_refused(runs: Runs, face_filter: FaceFilter) -> None:
    job = _half_done(runs, face_filter)
    with pytest.raises(UserError, match=r"begun with other options \(from\).*without --resume"):
        convert_video(replace(job, begin=0.5), face_filter)
    face_filter.options = FilterOptions(strength=0.5)
    with pytest.raises(UserError, match=r"other options \(look\)"):
        convert_video(job, face_filter)
    face_filter.options = FilterOptions()
    assert convert_video(job, face_filter).resumed == 2 * SEGMENT


def test_a_resume_of_a_changed_source_is_refused(runs: Runs, face_filter: FaceFilter) -> None:
    job = _half_done(runs, face_filter)
    write_clip(replace(clip("plain.mp4"), count=100), runs.source.parent)
    with pytest.raises(UserError, match=r"plain\.mp4 has changed since .*without --resume"):
        convert_video(job, face_filter)
    report = convert_video(replace(job, resume=False), face_filter)
    assert (report.frames, report.resumed) == (100, 0)


def test_without_resume_all_begins_anew(runs: Runs, face_filter: FaceFilter) -> None:
    job = _half_done(runs, face_filter)
    assert convert_video(replace(job, resume=False), face_filter).resumed == 0
    assert runs.left() == []


def test_progress_goes_on_from_what_is_done(runs: Runs, face_filter: FaceFilter) -> None:
    job = _half_done(runs, face_filter)
    told: list[tuple[int, int | None]] = []
    convert_video(job, face_filter, lambda *state: told.append(state))
    assert told[0] == (2 * SEGMENT, 120)
    assert told[-1] == (120, 120)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def _half_done(runs: Runs, face_filter: FaceFilter) -> VideoJob:
    """A job of which two segments are finished."""

    class Enough(Exception):  # noqa: N818 (an end is no error)
        pass

    def stop(done: int, _: int | None) -> None:
        if done > 2 * SEGMENT + 1:
            raise Enough

    job = VideoJob(runs.source, runs.target, segment_frames=SEGMENT)
    with pytest.raises(Enough):
        convert_video(job, face_filter, stop)
    told = json.loads((job.folder / "job.json").read_text("utf-8"))
    assert told["options"]["segment"] == SEGMENT
    return replace(job, resume=True)
