"""The pipeline with real threads: order, drops, age, faults, ends."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from animirror.realtime.pipeline import Packet, Pipeline, Step


class Numbers:
    """A source: 0, 1, 2... ``pause`` seconds apart; ``count`` None: for ever."""

    def __init__(self, count: int | None, pause: float = 0.0) -> None:
        self.count, self.pause = count, pause
        self.stopped, self.closed = threading.Event(), False

    def __iter__(self) -> Iterator[int]:
        number = 0
        try:
            while (self.count is None or number < self.count) and not self.stopped.is_set():
                yield number
                number += 1
                self.stopped.wait(self.pause)
        finally:
            self.closed = True

    def stop(self) -> None:
        self.stopped.set()


class Collected:
    """A sink that keeps the values; ``pause``: how long each takes."""

    def __init__(self, name: str = "kept", pause: float = 0.0, fail_at: int | None = None) -> None:
        self.name, self.pause, self.fail_at = name, pause, fail_at
        self.values: list[Any] = []
        self.closings = 0

    def write(self, packet: Packet[Any]) -> None:
        if len(self.values) == self.fail_at:
            raise OSError("disk full")
        time.sleep(self.pause)
        self.values.append(packet.value)

    def close(self) -> None:
        self.closings += 1


class Screen:
    """A foreground that notes which thread it is asked in, and wants to end after so many values."""

    name = "screen"

    def __init__(self, last: int | None = None) -> None:
        self.values: list[int] = []
        self.polls, self.closings, self.last = 0, 0, last
        self.threads: set[threading.Thread] = set()

    def poll(self, packet: Packet[int] | None) -> bool:
        self.polls += 1
        self.threads.add(threading.current_thread())
        if packet is not None:
            self.values.append(packet.value)
        return self.last is None or len(self.values) < self.last

    def close(self) -> None:
        self.closings += 1
        self.threads.add(threading.current_thread())


def step(name: str, seconds: float = 0.0, change: Callable[[int], int] = lambda value: value) -> Step:
    def work(packet: Packet[int]) -> int:
        time.sleep(seconds)
        return change(packet.value)

    return Step(name, work)


@pytest.fixture(autouse=True)
def _no_lost_thread() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


def test_every_keeps_order_and_loses_nothing() -> None:
    source, sinks = Numbers(40), [Collected("a"), Collected("b", pause=0.002)]
    groups = [[step("double", 0.001, lambda v: 2 * v), step("plus", change=lambda v: v + 1)], [step("same")]]
    pipeline: Pipeline[int] = Pipeline(source, groups, sinks, live=False)
    pipeline.run()
    for sink in sinks:
        assert sink.values == [2 * i + 1 for i in range(40)]
        assert sink.closings == 1
    assert source.closed
    told = pipeline.statistics()
    assert (told.captured, told.done, told.dropped) == (40, 40, 0)
    assert {name: sink.frames for name, sink in told.sinks.items()} == {"a": 40, "b": 40}
    assert list(told.steps) == ["double", "plus", "same"]


def test_every_holds_up_a_source_that_is_too_fast() -> None:
    """The queues are bounded: the source is never far ahead of the slow sink."""
    source, sink = Numbers(60), Collected(pause=0.005)
    pipeline: Pipeline[int] = Pipeline(source, [[step("same")]], [sink], live=False)
    ahead: list[int] = []

    def write(packet: Packet[int]) -> None:
        ahead.append(pipeline.statistics(1).captured - packet.number)
        Collected.write(sink, packet)

    sink.write = write  # type: ignore[method-assign]
    pipeline.run()
    assert len(sink.values) == 60
    assert max(ahead) <= 12


def test_latest_drops_old_ones_and_counts_them() -> None:
    """The step is busy with the first packet until the source has given all."""
    source, sink = Numbers(60), Collected()

    def wait(packet: Packet[int]) -> int:
        while not source.closed:
            time.sleep(0.001)
        return packet.value

    pipeline: Pipeline[int] = Pipeline(source, [[Step("slow", wait)]], [sink], live=True)
    pipeline.run()
    told = pipeline.statistics()
    assert sink.values[-1] == 59  # the newest always comes through
    # One or two: the source may be through before the step has taken its first.
    assert len(sink.values) == told.done <= 2
    assert (told.captured, told.dropped) == (60, 60 - told.done)


def test_latest_packets_stay_young() -> None:
    """At an overloaded step, age is bounded by the work itself, not by how much came in meanwhile."""
    groups = [[step("fast", 0.002)], [step("slow", 0.03)], [step("end", 0.002)]]
    pipeline: Pipeline[int] = Pipeline(Numbers(120, pause=0.005), groups, [Collected()], live=True)
    pipeline.run()
    told = pipeline.statistics()
    # One packet is worked on, one waits: a new one comes 5 ms late at most.
    assert 34 <= told.age.median < 2 * sum(spread.p95 for spread in told.steps.values()) + 20
    assert told.fps_in > told.fps_out
    assert told.dropped > 20
    assert told.captured == told.dropped + told.done


def test_steps_in_threads_of_their_own_overlap() -> None:
    def seconds(groups: list[list[Step]]) -> float:
        start = time.perf_counter()
        Pipeline(Numbers(20), groups, [], live=False).run()
        return time.perf_counter() - start

    together = seconds([[step("a", 0.02), step("b", 0.02)]])
    apart = seconds([[step("a", 0.02)], [step("b", 0.02)]])
    assert together >= 0.8
    assert apart < 0.75 * together


def test_a_slow_sink_does_not_slow_another() -> None:
    fast, slow = Collected("fast"), Collected("slow", pause=0.1)
    pipeline: Pipeline[int] = Pipeline(Numbers(60, pause=0.01), [[step("same")]], [slow, fast], live=True)
    pipeline.run()
    told = pipeline.statistics()
    assert len(fast.values) > 3 * len(slow.values) > 3
    assert told.sinks["slow"].dropped + len(slow.values) == told.done
    assert told.sinks["slow"].age.median > 90 > told.sinks["fast"].age.median
    assert (fast.closings, slow.closings) == (1, 1)


@pytest.mark.parametrize("live", [True, False])
@pytest.mark.parametrize("place", ["source", "first", "second", "sink", "close", "screen"])
def test_a_fault_anywhere_ends_all_at_once(live: bool, place: str) -> None:
    """The other threads are waiting for packets, for room and in a sleep; all end within a second."""
    error = OSError("disk full")

    def fail(*_: Any) -> Any:
        raise error

    source, sinks, screen = Numbers(None, pause=0.001), [Collected("a"), Collected("b", pause=0.05)], Screen()
    steps = [step("first", 0.001), step("second")]
    if place in ("first", "second"):
        index = ["first", "second"].index(place)
        passed = steps[index].work
        steps[index] = Step(place, lambda packet: fail() if packet.number > 3 else passed(packet))
    elif place == "sink":
        sinks[0].fail_at = 3
    elif place == "close":
        sinks[0].close = fail  # type: ignore[method-assign]
        screen.last = 3
    elif place == "screen":
        screen.poll = fail  # type: ignore[method-assign]
    else:
        source.pause = "none"  # type: ignore[assignment]
    pipeline: Pipeline[int] = Pipeline(source, [[one] for one in steps], sinks, live, screen)
    start = time.perf_counter()
    with pytest.raises((OSError, TypeError)) as caught:
        pipeline.run()
    assert time.perf_counter() - start < 2.0  # one, on a machine that is not overloaded
    assert caught.type is TypeError if place == "source" else "disk full" in str(caught.value)
    assert source.closed
    assert sinks[1].closings == screen.closings == 1


def test_stop_from_another_thread() -> None:
    source, sink = Numbers(None), Collected(pause=0.2)
    pipeline: Pipeline[int] = Pipeline(source, [[step("same")]], [sink], live=False)
    timer = threading.Timer(0.3, pipeline.stop)
    timer.start()
    start = time.perf_counter()
    pipeline.run()
    timer.join()
    assert 0.3 <= time.perf_counter() - start < 1.3
    assert sink.closings == 1


def test_an_interruption_of_the_caller_closes_everything() -> None:
    class Interrupted(Screen):
        def poll(self, packet: Packet[int] | None) -> bool:
            if len(self.values) == 2:
                raise KeyboardInterrupt
            return super().poll(packet)

    sink, screen = Collected(), Interrupted()
    pipeline: Pipeline[int] = Pipeline(Numbers(None, 0.002), [[step("same")]], [sink], True, screen)
    with pytest.raises(KeyboardInterrupt):
        pipeline.run()
    assert (sink.closings, screen.closings) == (1, 1)


def test_the_foreground_runs_in_the_callers_thread_and_is_polled_without_frames() -> None:
    screen = Screen(last=3)
    pipeline: Pipeline[int] = Pipeline(Numbers(None, pause=0.1), [[step("same")]], [], True, screen)
    pipeline.run()
    assert screen.values == [0, 1, 2]
    assert screen.threads == {threading.current_thread()}
    assert screen.polls > 10
    assert screen.closings == 1


def test_the_foreground_ends_with_the_source() -> None:
    screen = Screen()
    Pipeline(Numbers(5), [[step("same")]], [], False, screen).run()
    assert screen.values == [0, 1, 2, 3, 4]


def test_a_thread_that_hangs_holds_nobody_up(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("animirror.realtime.pipeline.GRACE_SECONDS", 0.5)
    release, sink = threading.Event(), Collected()
    groups = [[Step("hang", lambda packet: release.wait(20))]]
    pipeline: Pipeline[bool] = Pipeline(Numbers(None), groups, [sink], live=True)
    timer = threading.Timer(0.1, pipeline.stop)
    timer.start()
    start = time.perf_counter()
    pipeline.run()
    assert time.perf_counter() - start < 2.0
    assert "animirror-hang hangs" in caplog.text
    assert sink.closings == 1
    release.set()
    timer.join()
    for thread in threading.enumerate():
        if thread.name == "animirror-hang":
            thread.join(5)
