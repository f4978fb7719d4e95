"""A canvas that shows a picture: zoom, pan, keys and mouse; what is painted is its page's business."""

from __future__ import annotations

import sys
import tkinter as tk
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageTk

from animirror.realtime.studio.theme import Theme
from animirror.realtime.studio.viewport import ZOOM_STEP, Viewport

# Tk's numbers of the mouse's buttons: a Mac's right one is 2.
MIDDLE, RIGHT = (3, 2) if sys.platform == "darwin" else (2, 3)
# Bits of Tk's event state.
SHIFT, CONTROL = 0x1, 0x4
# What an arrow key moves, pixels of a usual screen.
ARROW = 40


class PictureCanvas(tk.Canvas):
    """Shows what ``paint`` makes of a viewport: uint8 [h, w, 3] BGR in the window's pixels.

    Control and wheel zoom, the middle button or Shift and the left one pan; ``wheel`` gets the steps of the
    wheel alone (None: it zooms as well).
    """

    def __init__(
        self,
        master: tk.Misc,
        look: Theme,
        paint: Callable[[Viewport], NDArray[np.uint8]],
        wheel: Callable[[int], None] | None = None,
    ) -> None:
        super().__init__(
            master, highlightthickness=1, borderwidth=0, background=look.palette.canvas, takefocus=True
        )
        self._look, self._paint, self._wheel = look, paint, wheel
        self.view: Viewport | None = None
        self._photo: ImageTk.PhotoImage | None = None
        self._item = self.create_image(0, 0, anchor="nw")
        self._waiting: str | None = None
        self._grip: tuple[int, int] | None = None
        self.themed()
        self._listen()

    def themed(self) -> None:
        """Take the colours of the theme."""
        palette = self._look.palette
        self.configure(
            background=palette.canvas, highlightbackground=palette.border, highlightcolor=palette.accent
        )
        self.redraw()

    def set_size(self, size: tuple[int, int] | None) -> None:
        """Show a picture of (width, height), whole; None: nothing."""
        self.view = None if size is None else Viewport(size, self._window())
        self.redraw()

    def redraw(self) -> None:
        """Paint soon; many wishes at once become one."""
        if self._waiting is None:
            self._waiting = self.after_idle(self._draw)

    def zoom(self, steps: int, x: float | None = None, y: float | None = None) -> None:
        """Zoom in (out: negative) around a place in the window, its middle if None."""
        if self.view is not None:
            width, height = self.view.window
            self.view.zoom(ZOOM_STEP**steps, width / 2 if x is None else x, height / 2 if y is None else y)
            self.redraw()

    def fit(self) -> None:
        """Show the whole picture."""
        if self.view is not None:
            self.view.fit()
            self.redraw()

    def spot(self, event: Any) -> tuple[float, float] | None:
        """Where in the picture an event is (pixels); None where there is no picture."""
        return None if self.view is None else self.view.to_picture(event.x, event.y)

    def _listen(self) -> None:
        self.bind("<Configure>", self._resized)
        for event, step in (("<Button-4>", 1), ("<Button-5>", -1)):
            self.bind(event, lambda told, step=step: self._turned(told, step))  # type: ignore[misc]
        self.bind("<MouseWheel>", lambda told: self._turned(told, 1 if told.delta > 0 else -1))
        for press, move in (
            (f"<Button-{MIDDLE}>", f"<B{MIDDLE}-Motion>"),
            ("<Shift-Button-1>", "<Shift-B1-Motion>"),
        ):
            self.bind(press, self._gripped)
            self.bind(move, self._pulled)
        for key, dx, dy in (("Left", 1, 0), ("Right", -1, 0), ("Up", 0, 1), ("Down", 0, -1)):
            self.bind(f"<Shift-{key}>", lambda _, dx=dx, dy=dy: self._pan(ARROW * dx, ARROW * dy))  # type: ignore[misc]

    def _window(self) -> tuple[int, int]:
        border = 2 * int(self["highlightthickness"])
        return max(1, self.winfo_width() - border), max(1, self.winfo_height() - border)

    def _resized(self, _: Any) -> None:
        if self.view is not None:
            self.view.resize(self._window())
        self.redraw()

    def _turned(self, event: Any, step: int) -> None:
        if self._wheel is None or event.state & CONTROL:
            self.zoom(step, event.x, event.y)
        else:
            self._wheel(step)

    def _gripped(self, event: Any) -> str:
        self.focus_set()
        self._grip = event.x, event.y
        return "break"

    def _pulled(self, event: Any) -> str:
        if self._grip is not None:
            self._pan(event.x - self._grip[0], event.y - self._grip[1])
            self._grip = event.x, event.y
        return "break"

    def _pan(self, dx: float, dy: float) -> str:
        if self.view is not None:
            self.view.pan(dx, dy)
            self.redraw()
        return "break"

    def _draw(self) -> None:
        self._waiting = None
        if self.view is None or min(self.view.window) < 2:
            self.itemconfigure(self._item, image="")
            return
        picture = Image.fromarray(np.ascontiguousarray(self._paint(self.view)[..., ::-1]))
        if self._photo is None or (self._photo.width(), self._photo.height()) != picture.size:
            self._photo = ImageTk.PhotoImage(picture, master=self)
        else:
            self._photo.paste(picture)
        self.itemconfigure(self._item, image=str(self._photo))
