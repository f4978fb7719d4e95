"""Many videos: order, failures of every kind, several at once, the log, and the bars of a terminal."""

import io
import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from animirror.realtime.batch import Log, Outcome, convert_all
from animirror.realtime.convert import convert_video
from animirror.realtime.errors import UserError
from animirror.realtime.filter import FaceFilter
from animirror.realtime.job import Progress, VideoJob
from animirror.realtime.progress import Bars
from animirror.realtime.report import Report
from tests.media import Clip, write_clip


def jobs(*names: str) -> list[VideoJob]:
    return [VideoJob(Path(f"{name}.mp4"), Path(f"{name}-anime.mp4")) for name in names]


def fake(job: VideoJob, progress: Progress) -> Report:
    if job.source.stem == "bad":
        raise UserError("bad.mp4 is bad.")
    if job.source.stem == "bug":
        raise ZeroDivisionError("oh")
    progress(1, 2)
    progress(2, 2)
    return Report(str(job.source), str(job.target), 2, 1, 0.5, 4.0, {}, partial=job.source.stem == "cut")


def test_failures_do_not_stop_the_rest() -> None:
    outcomes = convert_all(jobs("a", "bad", "bug", "cut", "b"), fake)
    assert [outcome.state for outcome in outcomes] == ["done", "failed", "our fault", "partial", "done"]
    assert [outcome.good for outcome in outcomes] == [True, False, False, False, True]
    assert outcomes[1].problem == "bad.mp4 is bad."
    assert "this is our fault: ZeroDivisionError: oh" in (outcomes[2].problem or "")
    with pytest.raises(ZeroDivisionError):
        convert_all(jobs("bug"), fake, debug=True)


def test_several_at_once_come_back_in_order() -> None:
    together = threading.Barrier(3, timeout=20)

    def meet(job: VideoJob, progress: Progress) -> Report:
        together.wait()  # passes only where three are converted at the same time
        return fake(job, progress)

    outcomes = convert_all(jobs(*"abcdef"), meet, at_once=3)
    assert [outcome.job.source.stem for outcome in outcomes] == list("abcdef")
    assert all(outcome.good for outcome in outcomes)


def test_the_log_is_continued(tmp_path: Path) -> None:
    for _ in range(2):
        convert_all(jobs("a", "bad"), fake, [Log(tmp_path / "night.log")])
    events = [json.loads(line) for line in (tmp_path / "night.log").read_text("utf-8").splitlines()]
    assert [event["event"] for event in events] == ["start", "begin", "done", "begin", "failed"] * 2
    assert events[2]["frames"] == 2
    assert events[4]["error"] == "bad.mp4 is bad."
    with pytest.raises(UserError, match=r"The log .*nowhere.* cannot be written"):
        Log(tmp_path / "nowhere" / "night.log")


def test_what_was_done_is_skipped_by_a_resume(tmp_path: Path) -> None:
    job = VideoJob(tmp_path / "a.mp4", tmp_path / "a-anime.mp4", resume=True)
    job.target.write_bytes(b"a night's work")
    (outcome,) = convert_all([job], fake)
    assert (outcome.skipped, outcome.good, outcome.report) == (True, True, None)
    (outcome,) = convert_all([replace(job, overwrite=True)], fake)
    assert outcome.report is not None
    job.folder.mkdir()  # an unfinished one waits beside it
    (outcome,) = convert_all([job], fake)
    assert outcome.report is not None


def test_bars_tell_frames_speed_and_all(tmp_path: Path, face_filter: FaceFilter) -> None:
    """What a terminal shows of two real conversions."""
    made = [write_clip(Clip(name, count=40), tmp_path) for name in ("one.mp4", "two.mp4")]
    todo = [VideoJob(path, path.with_suffix(".mkv")) for path in made]
    console = Console(file=io.StringIO(), force_terminal=True, width=160)
    seen: list[str] = []

    class Looking:
        def begins(self, job: VideoJob) -> None: ...

        def goes_on(self, job: VideoJob, done: int, total: int | None) -> None:
            seen.append(screen(bars))

        def ends(self, outcome: Outcome) -> None: ...

    with Bars(todo, console) as bars:
        convert_all(todo, lambda job, progress: convert_video(job, face_filter, progress), [bars, Looking()])
    assert any("one.mp4" in told and "20/40" in told and "20/80" in told for told in seen)
    assert any("two.mp4" in told and "40/40" in told and "80/80" in told for told in seen)
    assert "all 2" in seen[-1]
    assert "fps" in seen[-1]
    assert "x real time" in seen[-1]


def screen(bars: Bars) -> str:
    console = Console(file=io.StringIO(), width=160)
    console.print(bars._bars.get_renderable())
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_bars_are_silent_without_a_terminal(tmp_path: Path) -> None:
    console = Console(file=io.StringIO(), force_terminal=False)
    with Bars(jobs("a", "b"), console) as bars:
        convert_all(jobs("a", "b"), fake, [bars])
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue() == ""
