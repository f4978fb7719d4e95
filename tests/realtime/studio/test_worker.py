"""The studio's worker: order, news, errors, and work that nobody waits for."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from animirror.realtime.studio.worker import Job, Worker

PATIENCE = 30.0


class Window:
    """Stands for Tk: runs what is due when it is asked to, in the caller's thread."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []
        self.failures: list[BaseException] = []
        self.worker = Worker(lambda _, run: self.waiting.append(run), self.failures.append)

    def until(self, holds: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < deadline
            due, self.waiting[:] = self.waiting[:], []
            for run in due:
                run()
            time.sleep(0.001)


@pytest.fixture
def window() -> Iterator[Window]:
    made = Window()
    yield made
    made.worker.close()


def test_results_and_news_come_in_the_windows_thread(window: Window) -> None:
    came: list[object] = []
    here = threading.get_ident()

    def work(job: Job) -> bool:
        job.tell(0.5)
        return threading.get_ident() != here

    window.worker.do(
        work,
        lambda elsewhere: came.append((elsewhere, threading.get_ident() == here)),
        progress=came.append,
    )
    window.until(lambda: len(came) == 2)
    assert came == [0.5, (True, True)]
    window.until(lambda: not window.worker.working)


def test_errors_are_told_and_the_next_job_runs(window: Window) -> None:
    def fail(_: Job) -> None:
        raise ValueError("broken")

    done: list[object] = []
    own: list[BaseException] = []
    window.worker.do(fail, done.append)
    window.worker.do(fail, done.append, own.append)
    window.worker.do(lambda _: "well", done.append)
    window.until(lambda: done)
    assert done == ["well"]
    assert [str(error) for error in window.failures + own] == ["broken", "broken"]


def test_a_newer_job_of_the_same_key_wins(window: Window) -> None:
    gate, done = threading.Event(), list[object]()
    window.worker.do(lambda _: gate.wait(PATIENCE), lambda _: None)
    for number in range(3):
        window.worker.do(lambda _, number=number: number, done.append, key="preview")  # type: ignore[misc]
    window.worker.do(lambda _: "first", done.append, urgent=True)
    gate.set()
    window.until(lambda: len(done) == 2)
    window.until(lambda: not window.worker.working)
    assert done == ["first", 2]


def test_cancelled_work_ends_and_says_nothing_more(window: Window) -> None:
    heard: list[object] = []
    began, ended = threading.Event(), threading.Event()

    def work(job: Job) -> None:
        try:
            for number in range(100_000):
                job.tell(number)
                began.set()
                time.sleep(0.001)
        finally:
            ended.set()

    window.worker.do(work, heard.append, progress=lambda _: None, key="gallery")
    assert began.wait(PATIENCE)
    window.worker.cancel("gallery")
    assert ended.wait(PATIENCE)
    window.until(lambda: not window.worker.working)
    assert heard == []
    assert window.failures == []


def test_the_thread_ends_with_the_window() -> None:
    window = Window()
    gate = threading.Event()
    window.worker.do(lambda _: gate.wait(0.05), lambda _: None)
    window.worker.do(lambda _: pytest.fail("nobody waits for it"), lambda _: None)
    window.worker.close()
    assert not any(thread.name == "animirror-studio" for thread in threading.enumerate())
