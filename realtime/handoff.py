"""Hand-offs between threads: the latest packet only, or every one."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Ended(Exception):  # noqa: N818 (an end is no error)
    """Nothing more will come through this hand-off."""


class HandOff(Generic[T]):
    """Packets from one thread to the next. Subclasses say what happens to one too many."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._packets: deque[T] = deque()
        self._changed = threading.Condition()
        self._ended = False
        self.dropped = 0

    def put(self, packet: T) -> bool:
        """Hand a packet on; False where nobody takes it any more."""
        raise NotImplementedError

    def get(self, timeout: float | None = None) -> Any:
        """The next packet; None when none came within ``timeout`` seconds. Raises Ended."""
        with self._changed:
            self._changed.wait_for(lambda: self._packets or self._ended, timeout)
            if self._packets:
                packet = self._packets.popleft()
                self._changed.notify_all()
                return packet
            if self._ended:
                raise Ended
            return None

    def wait_for_room(self) -> None:
        """Return when a packet could be put without waiting or dropping one, or nobody takes any."""
        raise NotImplementedError

    def end(self) -> None:
        """No more packets will be put; those that wait can still be taken."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def abort(self) -> None:
        """Nothing more is put or taken; whoever waits is woken."""
        with self._changed:
            self._packets.clear()
            self._ended = True
            self._changed.notify_all()


class Latest(HandOff[T]):
    """One slot: a newer packet replaces an older one that nobody took, which counts as dropped."""

    def __init__(self) -> None:
        super().__init__(1)

    def put(self, packet: T) -> bool:
        with self._changed:
            if self._ended:
                return False
            self.dropped += len(self._packets)
            self._packets.clear()
            self._packets.append(packet)
            self._changed.notify_all()
            return True

    def wait_for_room(self) -> None:
        """There always is: a slow sink must not hold up the others."""


class Every(HandOff[T]):
    """A queue of ``capacity``: whoever puts waits until there is room; order is kept, nothing is lost."""

    def put(self, packet: T) -> bool:
        with self._changed:
            self._changed.wait_for(self._has_room)
            if self._ended:
                return False
            self._packets.append(packet)
            self._changed.notify_all()
            return True

    def wait_for_room(self) -> None:
        with self._changed:
            self._changed.wait_for(self._has_room)

    def _has_room(self) -> bool:
        return self._ended or len(self._packets) < self._capacity
