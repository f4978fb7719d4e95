"""When to stop early: Ctrl-C, a kill or a time limit, heard at any moment, obeyed between two steps."""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType, TracebackType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopper:
    """Context in which the first Ctrl-C only sets ``interrupted``; a second one ends the program as ever.

    ``minutes``: the time limit, None for none.
    """

    def __init__(self, minutes: float | None = None) -> None:
        self._deadline = None if minutes is None else time.monotonic() + 60 * minutes
        self._handlers: dict[int, Any] = {}
        self.interrupted = False

    @property
    def asked(self) -> bool:
        """Whether it is time to save and stop."""
        return self.interrupted or (self._deadline is not None and time.monotonic() > self._deadline)

    def __enter__(self) -> Stopper:
        # Only the main thread hears signals; elsewhere there is just the time limit.
        if threading.current_thread() is threading.main_thread():
            self._handlers = {number: signal.signal(number, self._hear) for number in SIGNALS}
        return self

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self.interrupted = True
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers.clear()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()


def ignore_interrupts() -> None:
    """For a process that loads data: Ctrl-C reaches it too, but the loop decides when it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
