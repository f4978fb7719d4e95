"""A live session in a thread of its own, whose pictures somebody else shows."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from animirror.realtime.config import LiveConfig
from animirror.realtime.live import Session
from animirror.realtime.pipeline import Packet
from animirror.realtime.view import View
from animirror.realtime.zoo import Zoo

# How long the end waits for the session: longer than its own threads are given.
GRACE_SECONDS = 5.0


class Preview:
    """A pipeline.Foreground that keeps the newest view for whoever asks, from any thread."""

    name = "preview"

    def __init__(self) -> None:
        self.view: View | None = None

    def poll(self, packet: Packet[View] | None) -> bool:
        if packet is not None:
            self.view = packet.value
        return True

    def close(self) -> None:
        """The last view stays, to be looked at."""


class LiveRunner:
    """Builds and runs a session in a thread; :attr:`error` says why it ended, None: because it was asked.

    ``controls`` are changed while it runs with :meth:`set`.
    """

    def __init__(self, config: LiveConfig, zoo: Zoo | None = None) -> None:
        self._config, self._zoo, self._preview = config, zoo, Preview()
        self._session: Session | None = None
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="animirror-studio-live", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether it starts, runs or ends; not whether there is a picture yet."""
        return self._thread.is_alive()

    @property
    def view(self) -> View | None:
        """The newest picture; None before the first."""
        return self._preview.view

    @property
    def fps(self) -> float:
        """Finished pictures per second by now."""
        session = self._session
        return 0.0 if session is None else session.report().statistics.fps_out

    @property
    def styles(self) -> tuple[str, ...]:
        session = self._session
        return () if session is None else session.panel.styles

    def set(self, change: Callable[[Any], Any]) -> None:
        """Replace the session's controls (controls.Controls) by what ``change`` makes of them."""
        session = self._session
        if session is not None:
            session.panel.controls = change(session.panel.controls)

    def set_style(self, style: str) -> None:
        if style in self.styles:
            index = self.styles.index(style)
            self.set(lambda controls: replace(controls, style=index))

    def stop(self, wait: bool = True) -> None:
        """End the session; ``wait``: until its camera is free again."""
        with self._lock:
            self._stopping.set()
            if self._session is not None:
                self._session.stop()
        if wait:
            self._thread.join(GRACE_SECONDS)

    def _run(self) -> None:
        try:
            session = Session(self._config, self._zoo, self._preview)
            with self._lock:
                self._session = session
                if self._stopping.is_set():
                    session.stop()
            session.run()
        except BaseException as error:  # told to the user by whoever started us
            self.error = error
