"""Stages in threads of their own, their clock, and one end for all."""

from __future__ import annotations

import logging
import threading
import time as clock
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from animirror.realtime.handoff import Ended, Every, HandOff, Latest
from animirror.realtime.meter import KEPT, Meter, Spread

log = logging.getLogger(__name__)

T = TypeVar("T")
Item = TypeVar("Item", covariant=True)
Shown = TypeVar("Shown", contravariant=True)

# `every`: packets that wait before each thread. Enough that no thread idles because another's work varies.
QUEUE = 4
# How long the end waits for the threads. All end with the piece they work on, in a fraction of a second where
# the machine is not overloaded; but a driver may hang for ever.
GRACE_SECONDS = 3.0
# How often a waiting caller looks up: a key must be answered without delay, also while no frame comes.
POLL_SECONDS = 0.01


class Source(Protocol[Item]):
    """Where values come from: iterated once, in a thread; an iterator that is a generator is closed there."""

    def __iter__(self) -> Iterator[Item]: ...

    def stop(self) -> None:
        """End the iteration soon; called from another thread, perhaps more than once."""


class Sink(Protocol[Shown]):
    """Where packets go: ``write`` and ``close`` are called in the sink's own thread, ``close`` once."""

    name: str

    def write(self, packet: Packet[Shown]) -> None: ...

    def close(self) -> None: ...


class Foreground(Protocol[Shown]):
    """A sink for the caller's thread, where windows must live."""

    name: str

    def poll(self, packet: Packet[Shown] | None) -> bool:
        """Show a packet (None: no new one) and answer the user; False: the user wants to end."""

    def close(self) -> None: ...


@dataclass(frozen=True)
class Packet(Generic[Item]):
    """A value on its way, when it was captured (seconds of time.perf_counter) and its number, from 0."""

    value: Item
    captured: float
    number: int


@dataclass(frozen=True)
class Step:
    """A named piece of work: the packet before it to the value after it."""

    name: str
    work: Callable[[Packet[Any]], Any]


@dataclass(frozen=True)
class SinkStatistics:
    """Of one sink: packets written and dropped, packets per second, age from capture to written."""

    frames: int
    dropped: int
    fps: float
    age: Spread


@dataclass(frozen=True)
class Statistics:
    """Of a pipeline: packets captured, dropped before the first step, done; per second; ms of every step.

    ``age``: from capture to written, of the first sink (of the last step where there is none).
    """

    seconds: float
    captured: int
    dropped: int
    done: int
    fps_in: float
    fps_out: float
    age: Spread
    steps: dict[str, Spread]
    sinks: dict[str, SinkStatistics]


class Pipeline(Generic[T]):
    """Source -> threads of steps -> sinks. Knows nothing of what it carries. Runs once.

    ``threads``: groups of steps; each group has a thread, which does its steps one after the other.
    ``live`` True: the hand-off before the first step and those before the sinks keep the `latest` packet
    only (older ones are dropped and counted), and no packet enters before there is room for it behind the
    first thread, so that what is worked on is as young as can be. False: `every` packet passes, in order;
    who is slow holds up those before.

    An exception in any step, the source or a sink ends all threads and is raised by :meth:`run`, once.

        Pipeline(camera, [[Step("flip", lambda packet: cv2.flip(packet.value, 1))]], [file], live=True).run()
    """

    def __init__(
        self,
        source: Source[Any],
        threads: Sequence[Sequence[Step]],
        sinks: Sequence[Sink[T]],
        live: bool,
        foreground: Foreground[T] | None = None,
    ) -> None:
        self._source, self._sinks, self._foreground = source, sinks, foreground
        self._groups = [tuple(group) for group in threads]
        self._live = live
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._error: BaseException | None = None
        # Before each group; the last goes on to the sinks.
        self._links: list[HandOff[Packet[Any]]] = [self._edge()]
        self._links += [Every(1 if live else QUEUE) for _ in self._groups[1:]]
        outlets: list[Foreground[T] | Sink[T]] = [*([foreground] if foreground else []), *sinks]
        self._outlets = [_Outlet(outlet.name, self._edge()) for outlet in outlets]
        self._captured, self._done = Meter(), Meter()
        self._meters = {step.name: Meter() for group in self._groups for step in group}
        self._begun = clock.perf_counter()

    def run(self) -> None:
        """Run until the source ends, :meth:`stop` is called or something fails; sinks are closed then.

        Raises the first exception of any thread, or the caller's own (KeyboardInterrupt).
        """
        self._begun = clock.perf_counter()
        threads = self._threads()
        try:
            for thread in threads:
                thread.start()
            if self._foreground is not None:
                self._show(self._foreground, self._outlets[0])
            while any(thread.is_alive() for thread in threads) and not self._stopping.is_set():
                self._stopping.wait(POLL_SECONDS)
        except BaseException as error:
            self._fail(error)
        finally:
            self.stop()
            self._join(threads)
            self._close(self._foreground)
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """End all threads soon, from any thread; what is still on its way is given up."""
        self._stopping.set()
        self._source.stop()
        for link in [*self._links, *(outlet.inbox for outlet in self._outlets)]:
            link.abort()

    def statistics(self, recent: int = KEPT) -> Statistics:
        """What is known by now; spreads and rates over the ``recent`` last packets."""
        sinks = {
            outlet.name: SinkStatistics(
                outlet.ages.count, outlet.inbox.dropped, outlet.ages.rate(recent), outlet.ages.spread(recent)
            )
            for outlet in self._outlets
        }
        ages = self._outlets[0].ages if self._outlets else self._done
        return Statistics(
            round(clock.perf_counter() - self._begun, 3),
            self._captured.count,
            self._links[0].dropped,
            self._done.count,
            self._captured.rate(recent),
            self._done.rate(recent),
            ages.spread(recent),
            {name: meter.spread(recent) for name, meter in self._meters.items()},
            sinks,
        )

    def _edge(self) -> HandOff[Packet[Any]]:
        return Latest() if self._live else Every(QUEUE)

    def _threads(self) -> list[threading.Thread]:
        works: list[tuple[str, Callable[[], None]]] = [("capture", self._capture)]
        for index, group in enumerate(self._groups):
            works.append(("+".join(step.name for step in group), lambda index=index: self._work(index)))  # type: ignore[misc]
        outlets = self._outlets[len(self._outlets) - len(self._sinks) :]
        for sink, outlet in zip(self._sinks, outlets, strict=True):
            works.append((sink.name, lambda sink=sink, outlet=outlet: self._drain(sink, outlet)))  # type: ignore[misc]
        return [
            threading.Thread(target=self._guarded, args=(work,), name=f"animirror-{name}", daemon=True)
            for name, work in works
        ]

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        with self._lock:
            if self._error is None:
                self._error = error
        self.stop()

    def _capture(self) -> None:
        iterator = iter(self._source)
        try:
            for number, value in enumerate(iterator):
                now = clock.perf_counter()
                self._captured.add(0.0, now)
                if self._stopping.is_set() or not self._links[0].put(Packet(value, now, number)):
                    break
        finally:
            close = getattr(iterator, "close", None)
            if close is not None:
                close()
        self._links[0].end()

    def _work(self, index: int) -> None:
        inbox = self._links[index]
        outboxes = self._links[index + 1 : index + 2] or [outlet.inbox for outlet in self._outlets]
        last = index == len(self._groups) - 1
        try:
            while True:
                for outbox in outboxes:
                    outbox.wait_for_room()
                packet = inbox.get()
                for step in self._groups[index]:
                    start = clock.perf_counter()
                    packet = Packet(step.work(packet), packet.captured, packet.number)
                    self._meters[step.name].add(clock.perf_counter() - start)
                if last:
                    self._done.add(clock.perf_counter() - packet.captured)
                for outbox in outboxes:
                    outbox.put(packet)
        except Ended:
            for outbox in outboxes:
                outbox.end()

    def _drain(self, sink: Sink[T], outlet: _Outlet) -> None:
        try:
            while True:
                packet = outlet.inbox.get()
                sink.write(packet)
                outlet.ages.add(clock.perf_counter() - packet.captured)
        except Ended:
            pass
        except BaseException as error:
            self._fail(error)  # before close, which may fail for the same reason and say less
        finally:
            sink.close()

    def _show(self, foreground: Foreground[T], outlet: _Outlet) -> None:
        while not self._stopping.is_set():
            try:
                packet = outlet.inbox.get(POLL_SECONDS)
            except Ended:
                return
            if not foreground.poll(packet):
                self.stop()
            elif packet is not None:
                outlet.ages.add(clock.perf_counter() - packet.captured)

    def _join(self, threads: Sequence[threading.Thread]) -> None:
        deadline = clock.perf_counter() + GRACE_SECONDS
        for thread in threads:
            if thread.ident is not None:
                thread.join(max(0.0, deadline - clock.perf_counter()))
            if thread.is_alive():
                log.warning("%s hangs and is left behind.", thread.name)

    def _close(self, foreground: Foreground[T] | None) -> None:
        if foreground is None:
            return
        try:
            foreground.close()
        except Exception as error:
            self._fail(error)


@dataclass(frozen=True)
class _Outlet:
    """A sink's inbox and how old packets were when it had written them."""

    name: str
    inbox: HandOff[Packet[Any]]
    ages: Meter = field(default_factory=Meter)
