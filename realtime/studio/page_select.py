"""The select page: what of the picture is redrawn, by check boxes, by heads, and with a brush."""

from __future__ import annotations

import tkinter as tk
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from animirror.realtime.studio.brush import Brush, default_size, size_limits
from animirror.realtime.studio.canvas import RIGHT, PictureCanvas
from animirror.realtime.studio.page import Page
from animirror.realtime.studio.paint import brush_ring, tinted
from animirror.realtime.studio.panel_select import SelectPanel
from animirror.realtime.studio.viewport import Viewport, seen

if TYPE_CHECKING:
    from animirror.realtime.studio.app import Studio

# One step of the wheel.
SIZE_STEP = 1.12
# The slider goes in hundredths of the way from the smallest brush to the largest, each as much larger again.
SLIDER_STEPS = 100
# An arrow key moves the brush by this share of its size.
KEY_SHARE = 0.25


class SelectPage(Page):
    """The picture with its selection; the left button adds to it, the right one takes away."""

    name = "select"

    def __init__(self, studio: Studio, master: tk.Misc) -> None:
        super().__init__(studio, master)
        self.columnconfigure(0, weight=1)
        self.rowconfigure(0, weight=1)
        self.canvas = PictureCanvas(self, self.look, self._paint, self._wheel)
        self.canvas.grid(row=0, column=0, sticky="nsew")
        self.panel = SelectPanel(self, self)
        self.panel.grid(row=0, column=1, sticky="ns", padx=(self.look.px(12), 0))
        self.brush = Brush(40.0)
        self._limits = (1.0, 100.0)
        self._at: tuple[float, float] | None = None
        self._before = False
        self._stroke = False
        self._listen()

    # -- what the panel asks for ------------------------------------------------------------------------

    def choose(self, **changes: Any) -> None:
        """Change the document's choices; large pictures take a moment."""
        document = self.studio.desk.document
        if document is not None:
            self.worker.do(
                lambda _: document.choose(**changes),
                lambda _: self.studio.desk.touched(),
                self._refused,
                urgent=True,
            )

    def _refused(self, error: BaseException) -> None:
        self.panel.show()
        self.studio.fail(error)

    def set_brush(self, **changes: Any) -> None:
        """Another size (pixels of the picture), hardness or snapping."""
        values = {"size": self.brush.size, "hardness": self.brush.hardness, "snap": self.brush.snap} | changes
        values["size"] = min(self._limits[1], max(self._limits[0], values["size"]))
        self.brush = Brush(**values)
        self.panel.show_brush()
        self.canvas.redraw()

    def size_step(self) -> int:
        """The brush's size as a step of the slider."""
        low, high = self._limits
        return round(SLIDER_STEPS * np.log(self.brush.size / low) / np.log(high / low))

    def set_size_step(self, step: int) -> None:
        low, high = self._limits
        self.set_brush(size=low * (high / low) ** (step / SLIDER_STEPS))

    # -- what the program tells -------------------------------------------------------------------------

    def opened(self) -> None:
        document = self.studio.desk.document
        if document is None:
            return
        self.canvas.set_size((document.width, document.height))
        self._limits = size_limits(document.width, document.height)
        self._at, self._stroke = None, False
        self.set_brush(size=default_size(document.width, document.height))
        self.panel.opened()

    def shown(self) -> None:
        self.canvas.focus_set()
        self.panel.show()
        self.canvas.redraw()

    def changed(self) -> None:
        self.panel.show()
        self.canvas.redraw()

    def themed(self) -> None:
        self.canvas.themed()
        self.panel.themed()

    def before(self, wanted: bool) -> None:
        self._before = wanted
        self.canvas.redraw()

    def zoom(self, steps: int) -> None:
        self.canvas.zoom(steps) if steps else self.canvas.fit()

    # -- the picture ------------------------------------------------------------------------------------

    def _paint(self, view: Viewport) -> NDArray[np.uint8]:
        document = self.studio.desk.document
        if document is None:
            return np.zeros((view.window[1], view.window[0], 3), np.uint8)
        picture = seen(document.view, view, self.look.ground())
        if self._before:
            return picture
        picture = tinted(picture, seen(document.mask_view, view, (0,)), self.look.px(1))
        if self._at is not None:
            place = view.to_window(*self._at)
            brush_ring(picture, place, self.brush.size * view.scale / 2, self.brush.hardness)
        return picture

    # -- mouse and keys ---------------------------------------------------------------------------------

    def _listen(self) -> None:
        canvas = self.canvas
        for button, erase in ((1, False), (RIGHT, True)):
            canvas.bind(f"<Button-{button}>", lambda told, erase=erase: self._press(told, erase))  # type: ignore[misc]
            canvas.bind(f"<B{button}-Motion>", self._drag)
            canvas.bind(f"<ButtonRelease-{button}>", lambda _: self._release())
        canvas.bind("<Motion>", self._hover)
        canvas.bind("<Leave>", lambda _: self._leave())
        for key, dx, dy in (("Left", -1, 0), ("Right", 1, 0), ("Up", 0, -1), ("Down", 0, 1)):
            canvas.bind(f"<Key-{key}>", lambda _, dx=dx, dy=dy: self._step(dx, dy))  # type: ignore[misc]
        for key, erase in (("Return", False), ("a", False), ("Delete", True), ("e", True)):
            canvas.bind(f"<Key-{key}>", lambda _, erase=erase: self._dab(erase))  # type: ignore[misc]
        for key, step in (("bracketleft", -1), ("bracketright", 1), ("minus", -1), ("plus", 1)):
            canvas.bind(f"<Key-{key}>", lambda _, step=step: self._wheel(step))  # type: ignore[misc]
        canvas.bind("<Key-h>", lambda _: self.set_brush(hardness=0.0 if self.brush.hardness else 1.0))
        canvas.bind("<Key-s>", lambda _: self.set_brush(snap=not self.brush.snap))

    def _press(self, event: Any, erase: bool) -> None:
        self.canvas.focus_set()
        place = self.canvas.spot(event)
        if place is not None:
            self._begin(place, erase)

    def _begin(self, place: tuple[float, float], erase: bool) -> None:
        document = self.studio.desk.document
        if document is None or self._before:
            return
        self._at, self._stroke = place, True
        brush = self.brush
        document.begin_stroke(Brush(brush.size, brush.hardness, brush.snap, erase), *place)
        self.canvas.redraw()

    def _drag(self, event: Any) -> None:
        place, document = self.canvas.spot(event), self.studio.desk.document
        if place is not None and document is not None and self._stroke:
            self._at = place
            document.extend_stroke(*place)
            self.canvas.redraw()

    def _release(self) -> None:
        if self._stroke and self.studio.desk.document is not None:
            self._stroke = False
            self.studio.desk.document.end_stroke()
            self.studio.desk.touched()

    def _hover(self, event: Any) -> None:
        self._at = self.canvas.spot(event)
        self.canvas.redraw()
        document = self.studio.desk.document
        if document is not None and self._at is not None:
            x, y = (int(value) for value in self._at)
            self.panel.show_place(x, y, document.head_at(x, y))

    def _leave(self) -> None:
        if not self._stroke:
            self._at = None
            self.canvas.redraw()

    def _wheel(self, step: int) -> None:
        self.set_brush(size=self.brush.size * SIZE_STEP**step)

    def _step(self, dx: int, dy: int) -> str:
        """Move the brush by keys."""
        document = self.studio.desk.document
        if document is not None:
            x, y = self._at or (document.width / 2, document.height / 2)
            way = max(1.0, KEY_SHARE * self.brush.size)
            self._at = (
                min(document.width - 1.0, max(0.0, x + dx * way)),
                min(document.height - 1.0, max(0.0, y + dy * way)),
            )
            self.canvas.redraw()
        return "break"

    def _dab(self, erase: bool) -> str:
        if self._at is not None:
            self._begin(self._at, erase)
            self._release()
        return "break"
