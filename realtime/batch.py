"""Many videos, one after the other or several at once: a failure of one does not stop the rest."""

from __future__ import annotations

import json
import logging
import threading
import time as clock
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from animirror.realtime.errors import UserError
from animirror.realtime.job import Progress, VideoJob
from animirror.realtime.report import Report

log = logging.getLogger(__name__)

# How often the log tells of progress, seconds: a night's log stays readable.
LOG_SECONDS = 10.0


@dataclass(frozen=True)
class Outcome:
    """What became of a job: its report, or the problem in a sentence; ``fault``: it is ours."""

    job: VideoJob
    report: Report | None = None
    problem: str | None = None
    fault: bool = False
    # An earlier run had made the result.
    skipped: bool = False

    @property
    def good(self) -> bool:
        """Whether all of the video is converted."""
        return self.skipped or (self.report is not None and not self.report.partial)

    @property
    def state(self) -> str:
        """In a word."""
        if self.skipped:
            return "was done"
        if self.report is None:
            return "our fault" if self.fault else "failed"
        return "partial" if self.report.partial else "done"

    def as_dict(self) -> dict[str, Any]:
        if self.report is not None:
            return asdict(self.report)
        return {**_names(self.job), "state": self.state, "error": self.problem}


class Watcher(Protocol):
    """Whoever is told how the work goes, from any thread."""

    def begins(self, job: VideoJob) -> None: ...

    def goes_on(self, job: VideoJob, done: int, total: int | None) -> None:
        """``done`` frames of ``total`` (None: unknown) are converted."""

    def ends(self, outcome: Outcome) -> None: ...


def convert_all(
    jobs: Sequence[VideoJob],
    convert: Callable[[VideoJob, Progress], Report],
    watchers: Sequence[Watcher] = (),
    at_once: int = 1,
    debug: bool = False,
) -> list[Outcome]:
    """Convert every job with ``convert``, ``at_once`` of them at a time; what became of each, in order.

    ``debug``: an error that is ours is raised instead of noted.
    """

    def one(job: VideoJob) -> Outcome:
        for watcher in watchers:
            watcher.begins(job)
        outcome = _converted(job, convert, watchers, debug)
        for watcher in watchers:
            watcher.ends(outcome)
        return outcome

    if at_once == 1 or len(jobs) == 1:
        return [one(job) for job in jobs]
    with ThreadPoolExecutor(min(at_once, len(jobs)), "animirror-file") as threads:
        tasks = [threads.submit(one, job) for job in jobs]
        try:
            return [task.result() for task in tasks]
        except BaseException:
            threads.shutdown(wait=False, cancel_futures=True)
            raise


def _converted(
    job: VideoJob,
    convert: Callable[[VideoJob, Progress], Report],
    watchers: Sequence[Watcher],
    debug: bool,
) -> Outcome:
    def progress(done: int, total: int | None) -> None:
        for watcher in watchers:
            watcher.goes_on(job, done, total)

    # A night's work that is started again: what it finished is not converted twice.
    if job.resume and not job.overwrite and job.target.is_file() and not job.folder.is_dir():
        return Outcome(job, skipped=True)
    try:
        return Outcome(job, convert(job, progress))
    except UserError as error:
        return Outcome(job, problem=str(error))
    except Exception as error:
        if debug:
            raise
        log.debug("", exc_info=True)
        told = f"{job.source}: this is our fault: {type(error).__name__}: {error}."
        return Outcome(
            job, problem=f"{told} Run it again with --debug and report what it prints.", fault=True
        )


class Log:
    """A Watcher that writes a line of JSON for every event; ``path`` is continued where it exists.

    Events are "begin", "progress", "done" and "failed", with ``time`` (seconds since 1970), ``source`` and
    ``target``. Raises UserError where the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._lock = path, threading.Lock()
        self._told: dict[Path, float] = {}
        self._write({"event": "start"})

    def begins(self, job: VideoJob) -> None:
        self._told[job.target] = clock.monotonic()
        self._write({"event": "begin", **_names(job)})

    def goes_on(self, job: VideoJob, done: int, total: int | None) -> None:
        now = clock.monotonic()
        if now - self._told.get(job.target, 0.0) < LOG_SECONDS:
            return
        self._told[job.target] = now
        self._write({"event": "progress", **_names(job), "frames": done, "of": total})

    def ends(self, outcome: Outcome) -> None:
        event = "done" if outcome.report is not None or outcome.skipped else "failed"
        self._write({"event": event, **outcome.as_dict()})

    def _write(self, told: dict[str, Any]) -> None:
        line = json.dumps({"time": round(clock.time(), 3), **told})
        try:
            with self._lock, self._path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError as error:
            raise UserError(f"The log {self._path} cannot be written: {error.strerror}.") from error


def _names(job: VideoJob) -> dict[str, str]:
    return {"source": str(job.source), "target": str(job.target)}
