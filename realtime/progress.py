"""A conversion's bars in the terminal: frames, speed against real time, time left, per file and in all."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, Task, TextColumn, TimeRemainingColumn
from rich.progress import ProgressColumn as Column
from rich.text import Text

from animirror.realtime.batch import Outcome
from animirror.realtime.decode import Decoder
from animirror.realtime.errors import UserError
from animirror.realtime.job import VideoJob


class Speed(Column):
    """Frames per second, and seconds of video per second where the task knows its rate."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        if speed is None:
            return Text("")
        rate = task.fields.get("rate")
        return Text(f"{speed:.1f} fps" + (f", {speed / rate:.2f}x real time" if rate else ""))


class Bars:
    """A batch.Watcher with a bar for each file that is worked on, and one for all where there are several.

    A context manager; silent where ``console`` is no terminal.
    """

    def __init__(self, jobs: Sequence[VideoJob], console: Console) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            Speed(),
            TimeRemainingColumn(),
        )
        self._bars = Progress(*columns, console=console, disable=not console.is_terminal)
        self._shapes = {job.target: _shape(job) for job in jobs} if console.is_terminal else {}
        self._tasks: dict[object, object] = {}
        self._done: dict[object, int] = {}
        self._all = None
        if len(jobs) > 1:
            frames = [count for count, _ in self._shapes.values()]
            known = None if None in frames else sum(count for count in frames if count is not None)
            self._all = self._bars.add_task(f"all {len(jobs)}", total=known)

    def __enter__(self) -> Bars:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def begins(self, job: VideoJob) -> None:
        count, rate = self._shapes.get(job.target, (None, None))
        self._tasks[job.target] = self._bars.add_task(escape(job.source.name), total=count, rate=rate)

    def goes_on(self, job: VideoJob, done: int, total: int | None) -> None:
        self._bars.update(self._tasks[job.target], completed=done, total=total)  # type: ignore[arg-type]
        self._done[job.target] = done
        if self._all is not None:
            self._bars.update(self._all, completed=sum(self._done.values()))

    def ends(self, outcome: Outcome) -> None:
        self._bars.remove_task(self._tasks.pop(outcome.job.target))  # type: ignore[arg-type]


def _shape(job: VideoJob) -> tuple[int | None, float | None]:
    """Frames that a job will write and frames per second, by the file's header; None: not known."""
    try:
        with Decoder(job.source) as decoder:
            length, rate = decoder.length(), float(job.fps or decoder.rate)
    except UserError:  # the conversion will say it
        return None, None
    if length is None:
        return None, rate
    return round(max(0.0, min(length, job.end or length) - (job.begin or 0.0)) * rate), rate
