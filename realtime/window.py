"""Windows: whether there is a display, a plain one, and the live one with its keys and mouse."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from types import TracebackType

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.realtime.controls import ESCAPE, Action, Controls, Panel
from animirror.realtime.pipeline import Packet
from animirror.realtime.view import View, compose

DISPLAY_TEST = "import cv2; cv2.namedWindow('display test'); cv2.waitKey(1); cv2.destroyAllWindows()"
DISPLAY_TIMEOUT = 20.0
# Without Qt's tool bar and status line, which cover the picture and take keys.
WINDOW_FLAGS = cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL


def display_answers() -> bool:
    """Whether a window can be opened. Asked in a child process: without a display OpenCV aborts the asker."""
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        return False
    try:
        answer = subprocess.run(
            [sys.executable, "-c", DISPLAY_TEST],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=DISPLAY_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return answer.returncode == 0


class Window:
    """A window that shows frames; q, Escape or its close button end it. Ask :func:`display_answers` first.

    All calls must come from the main thread.
    """

    QUIT_KEYS = (ord("q"), ESCAPE)

    def __init__(self, title: str) -> None:
        self._title = title
        cv2.namedWindow(title, WINDOW_FLAGS)
        self._sized = False

    def show(self, frame: NDArray[np.uint8]) -> bool:
        """Show a frame (uint8 [H, W, 3] BGR); False when the user has closed the window."""
        self.draw(frame)
        return self.key() not in self.QUIT_KEYS and self.is_open()

    def draw(self, frame: NDArray[np.uint8]) -> None:
        """Show a frame; the first one sizes the window."""
        if not self._sized:
            cv2.resizeWindow(self._title, frame.shape[1], frame.shape[0])
            self._sized = True
        cv2.imshow(self._title, frame)

    def key(self) -> int | None:
        """Let the window live for a moment; the key that was pressed, as ASCII code."""
        code = cv2.waitKey(1)
        return None if code < 0 else code & 0xFF

    def is_open(self) -> bool:
        """Whether the user has not closed it."""
        return bool(cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) >= 1)

    def set_full_screen(self, wanted: bool) -> None:
        cv2.setWindowProperty(
            self._title,
            cv2.WND_PROP_FULLSCREEN,
            cv2.WINDOW_FULLSCREEN if wanted else cv2.WINDOW_NORMAL,
        )

    def on_drag(self, moved: Callable[[int], None]) -> None:
        """Call ``moved`` with the picture's column where the mouse is dragged."""

        def mouse(event: int, x: int, y: int, flags: int, data: object) -> None:
            if event == cv2.EVENT_LBUTTONDOWN or flags & cv2.EVENT_FLAG_LBUTTON:
                moved(x)

        cv2.setMouseCallback(self._title, mouse)

    def close(self) -> None:
        """Close the window; a second time does nothing."""
        cv2.destroyAllWindows()

    def __enter__(self) -> Window:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class LiveWindow:
    """The window of a live session: shows views as the panel's controls ask, hands keys to the panel.

    A pipeline.Foreground. ``figures``: lines of the HUD; ``message``: what to say for the moment, or None;
    ``snapshot``: keeps a view.
    """

    name = "window"

    def __init__(
        self,
        panel: Panel,
        figures: Callable[[], Sequence[str]],
        message: Callable[[], str | None],
        snapshot: Callable[[View], None],
    ) -> None:
        self._panel, self._figures, self._message, self._snapshot = panel, figures, message, snapshot
        self._window: Window | None = None
        self._view: View | None = None
        self._drawn: tuple[Controls, str | None] | None = None
        self._full_screen = False

    def poll(self, packet: Packet[View] | None) -> bool:
        """Show a new view, or what the controls changed; False when the user wants to end."""
        if packet is not None:
            self._view = packet.value
        if self._view is None:
            return True
        if self._window is None:
            self._window = Window("AniMirror")
            self._window.on_drag(self._drag)
        controls = self._panel.controls
        now = controls, self._message()
        if packet is not None or now != self._drawn:
            figures = self._figures() if controls.hud else ()
            self._window.draw(compose(self._view, controls, figures, now[1]))
            self._drawn = now
        return self._answer(self._window)

    def close(self) -> None:
        if self._window is not None:
            self._window.close()

    def _answer(self, window: Window) -> bool:
        key = window.key()
        action = None if key is None else self._panel.press(key)
        if action is Action.SNAPSHOT and self._view is not None:
            self._snapshot(self._view)
        wanted = self._panel.controls.full_screen
        if wanted != self._full_screen:
            window.set_full_screen(wanted)
            self._full_screen = wanted
        return action is not Action.QUIT and window.is_open()

    def _drag(self, column: int) -> None:
        if self._view is not None:
            self._panel.drag(column / self._view.after.shape[1])
