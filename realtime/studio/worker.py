"""Work that takes its time, in a thread of its own; what comes of it arrives in the window's thread."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

# How often the window looks for news: quick enough for a progress bar, rare enough to cost nothing (ms).
POLL_MS = 20
# How long the end waits for the job that runs; a model's run cannot be broken off (seconds).
GRACE_SECONDS = 3.0

# Takes news of work under way: the share that is done (0 to 1), or a piece that is ready.
Tell = Callable[[Any], None]


class Cancelled(Exception):  # noqa: N818 (no error: somebody wanted it)
    """Ends work that nobody waits for any more."""


@dataclass(eq=False)
class Job:
    """A piece of work: ``work`` runs in the thread, the rest in the window's.

    ``key``: a newer job of the same key takes the place of an older one, whose result is dropped.
    """

    work: Callable[[Job], Any]
    done: Callable[[Any], None]
    failed: Callable[[BaseException], None]
    progress: Tell
    key: str | None = None
    cancelled: bool = False
    _tell: Tell = field(default=lambda news: None, repr=False)

    def tell(self, news: Any) -> None:
        """Say something from the thread to the job's ``progress``. Raises Cancelled where nobody listens."""
        if self.cancelled:
            raise Cancelled
        self._tell(news)


class Worker:
    """One thread for all work, so that models never fight for the cores; first come, first served.

    ``later``: runs a function in the window's thread after so many ms (Tk's ``after``); ``failed``: told of
    errors where a job names nobody else; ``busy``: told whether there is work.
    """

    def __init__(
        self,
        later: Callable[[int, Callable[[], None]], Any],
        failed: Callable[[BaseException], None],
        busy: Callable[[bool], None] = lambda working: None,
    ) -> None:
        self._later, self._failed, self._busy = later, failed, busy
        self._jobs: list[Job] = []
        self._running: Job | None = None
        self._changed = threading.Condition()
        self._closing = False
        self._news: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._was_busy = False
        self._thread = threading.Thread(target=self._run, name="animirror-studio", daemon=True)
        self._thread.start()
        self._poll()

    def do(
        self,
        work: Callable[[Job], Any],
        done: Callable[[Any], None],
        failed: Callable[[BaseException], None] | None = None,
        progress: Tell = lambda news: None,
        key: str | None = None,
        urgent: bool = False,
    ) -> Job:
        """Put a job at the end of the line, or (``urgent``) at its head."""
        job = Job(work, done, failed or self._failed, progress, key)
        job._tell = lambda news: self._report(job, lambda: progress(news))
        if key is not None:
            self.cancel(key)
        with self._changed:
            self._jobs.insert(0, job) if urgent else self._jobs.append(job)
            self._changed.notify_all()
        return job

    def cancel(self, key: str) -> None:
        """Forget the jobs whose key is, or begins with, ``key``; one that runs is asked to end."""
        with self._changed:
            for job in [*self._jobs, *([self._running] if self._running else [])]:
                if job.key is not None and job.key.startswith(key):
                    job.cancelled = True
            self._jobs = [job for job in self._jobs if not job.cancelled]

    @property
    def working(self) -> bool:
        """Whether something runs or waits."""
        with self._changed:
            return self._running is not None or bool(self._jobs)

    def close(self) -> None:
        """Take no more work, and wait a moment for what runs."""
        with self._changed:
            self._closing = True
            self._jobs.clear()
            if self._running is not None:
                self._running.cancelled = True
            self._changed.notify_all()
        self._thread.join(GRACE_SECONDS)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._jobs or self._closing)
                if self._closing:
                    return
                job = self._running = self._jobs.pop(0)
            try:
                result = job.work(job)
            except BaseException as error:
                self._report(job, lambda job=job, error=error: job.failed(error))  # type: ignore[misc]
            else:
                self._report(job, lambda job=job, result=result: job.done(result))  # type: ignore[misc]
            with self._changed:
                self._running = None

    def _report(self, job: Job, news: Callable[[], None]) -> None:
        self._news.put(lambda: None if job.cancelled else news())

    def _poll(self) -> None:
        """In the window's thread: deliver the news, and come again."""
        if self._closing:
            return
        self._later(POLL_MS, self._poll)
        busy = self.working
        if busy != self._was_busy:
            self._was_busy = busy
            self._busy(busy)
        while not self._closing:
            try:
                news = self._news.get_nowait()
            except queue.Empty:
                return
            news()
