"""The generate page: every style in every colour filter as thumbnails, and the chosen one large."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Iterator
from tkinter import ttk
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from animirror.realtime.studio import autosave
from animirror.realtime.studio.canvas import PictureCanvas
from animirror.realtime.studio.choices import Variant, all_variants
from animirror.realtime.studio.gallery import Gallery
from animirror.realtime.studio.page import Page
from animirror.realtime.studio.paint import split
from animirror.realtime.studio.render import Rendered, render, thumbnails
from animirror.realtime.studio.view import Pyramid
from animirror.realtime.studio.viewport import Viewport, scaled, seen
from animirror.realtime.studio.widgets import GAP, PANEL, Slider, heading, hint

if TYPE_CHECKING:
    from animirror.realtime.studio.app import Studio

# The large picture is drawn with this many pixels on its longer side: more than windows show.
PREVIEW_SIDE = 1600
# After a slider has stood still for so long the picture is drawn anew, and a while later the thumbnails (ms).
PREVIEW_MS, GALLERY_MS = 180, 900
# Thumbnails are squares of this side, pixels of a usual screen; drawn so many times as large, so that the
# square in the middle of a wide group is still sharp.
THUMB, THUMB_DRAWN = 88, 2
# An arrow key moves the split line by this share of the window.
SPLIT_STEP = 0.04


class GeneratePage(Page):
    """A gallery on the left, the chosen variant with a line between before and after, sliders below."""

    name = "generate"

    def __init__(self, studio: Studio, master: tk.Misc) -> None:
        super().__init__(studio, master)
        px = self.look.px
        self.columnconfigure(1, weight=1)
        self.rowconfigure(0, weight=1)
        self._side = ttk.Frame(self)
        self._side.grid(row=0, column=0, sticky="ns", padx=(0, px(12)))
        variants = all_variants(self.models.styles)
        self.gallery = Gallery(self._side, self.look, self.texts, variants, px(THUMB), self.pick)
        self.gallery.pack(side="top", fill="both", expand=True)
        self._sliders()
        self.canvas = PictureCanvas(self, self.look, self._paint)
        self.canvas.grid(row=0, column=1, sticky="nsew")
        self._rendered: Rendered | None = None
        self._pyramid: Pyramid | None = None
        self._drawn: tuple[int, Variant] | None = None
        self._thumbs = -1
        self._line, self._before = 0.5, False
        self._timers: dict[str, str] = {}
        self.canvas.bind("<Button-1>", self._pull)
        self.canvas.bind("<B1-Motion>", self._pull)
        for key, step in (("Left", -SPLIT_STEP), ("Right", SPLIT_STEP)):
            self.canvas.bind(f"<Key-{key}>", lambda _, step=step: self._move(step))  # type: ignore[misc]

    def _sliders(self) -> None:
        px = self.look.px
        foot = ttk.Frame(self._side, width=px(PANEL))
        foot.pack(side="bottom", fill="x")
        heading(foot, self.look, self.texts("mixing"))
        self._set: dict[str, Slider] = {}
        for name, limits in (
            ("strength", (0, 100)),
            ("feather", (0, 400)),
            ("color_match", (0, 100)),
            ("eyes", (0, 100)),
        ):
            slider = Slider(
                foot,
                self.look,
                self.texts(name),
                limits,
                100,
                lambda value, name=name: self._slid(name, value),  # type: ignore[misc]
                self.texts(f"{name}_tip"),
            )
            slider.pack(fill="x", pady=px(2))
            self._set[name] = slider
        hint(foot, self.look, self.texts("generate_hint"))
        ttk.Button(
            foot,
            text=self.texts("to_save"),
            style="Accent.TButton",
            command=lambda: self.studio.go("save"),
        ).pack(fill="x", pady=(px(GAP), 0))

    # -- what the program tells -------------------------------------------------------------------------

    def opened(self) -> None:
        document = self.studio.desk.document
        self._rendered = self._pyramid = self._drawn = None
        self._thumbs = -1
        self.gallery.clear()
        self.canvas.set_size(None if document is None else (document.width, document.height))

    def shown(self) -> None:
        document = self.studio.desk.document
        if document is None:
            return
        self._show_choices()
        self.canvas.redraw()
        if self._drawn != (document.revision, self.variant):
            self._draw()
        if self._thumbs != document.revision:
            self._fill()

    def hidden(self) -> None:
        # Whoever goes back to select will change the mask: the rest would be drawn in vain.
        self.worker.cancel("gallery")
        self.worker.cancel("preview")
        self.studio.progress(None)
        document = self.studio.desk.document
        if document is not None and not self.gallery.full:
            self._thumbs = -1

    def changed(self) -> None:
        self.shown()

    def themed(self) -> None:
        self.canvas.themed()
        self.gallery.themed()

    def before(self, wanted: bool) -> None:
        self._before = wanted
        self.canvas.redraw()

    def zoom(self, steps: int) -> None:
        self.canvas.zoom(steps) if steps else self.canvas.fit()

    # -- choosing ---------------------------------------------------------------------------------------

    @property
    def variant(self) -> Variant:
        document = self.studio.desk.document
        chosen = None if document is None else document.choices.variant
        return chosen or Variant(self.models.styles[0])

    def pick(self, variant: Variant) -> None:
        """Take a variant and show it large."""
        document = self.studio.desk.document
        if document is None:
            return
        thumbs_hold = self._thumbs == document.revision
        document.choose(variant=variant)
        if thumbs_hold:  # another choice among them does not change them
            self._thumbs = document.revision
        self.gallery.select(variant)
        self.studio.say(self._words(variant))
        self._keep()
        self._draw()

    def _words(self, variant: Variant) -> str:
        style = self.texts.name("style", variant.style)
        return self.texts("variant", style=style, color=self.texts(f"color_{variant.color}"))

    def _show_choices(self) -> None:
        document = self.studio.desk.document
        if document is not None:
            for name, slider in self._set.items():
                slider.set(round(100 * getattr(document.choices, name)))
            self.gallery.select(self.variant)

    def _slid(self, name: str, value: int) -> None:
        """Draw anew once the slider stands still."""

        def settle() -> None:
            document = self.studio.desk.document
            if document is not None:
                change = {name: value / 100}
                self.worker.do(
                    lambda _: document.choose(**change),
                    lambda _: self._draw(),
                    key=f"choose-{name}",
                    urgent=True,
                )
                self._keep()

        self._later(f"preview-{name}", PREVIEW_MS, settle)
        self._later("gallery", GALLERY_MS, self._fill)

    def _later(self, name: str, wait: int, run: Any) -> None:
        if name in self._timers:
            self.after_cancel(self._timers[name])
        self._timers[name] = self.after(wait, run)

    def _keep(self) -> None:
        document = self.studio.desk.document
        if document is not None:
            self.worker.do(
                lambda _: autosave.save_mask(document), lambda _: self.studio.titled(), key="autosave"
            )

    # -- drawing ----------------------------------------------------------------------------------------

    def _draw(self) -> None:
        """Draw the chosen variant large, in the worker."""
        document, variant = self.studio.desk.document, self.variant
        if document is None:
            return
        self.studio.progress(0.0)

        def done(rendered: Rendered) -> None:
            self.studio.progress(None)
            self._rendered, self._pyramid = rendered, Pyramid(rendered.frame)
            self._drawn = (rendered.revision, rendered.variant)
            self.canvas.redraw()

        self.worker.do(
            lambda job: render(document, self.models, variant, PREVIEW_SIDE, job.tell),
            done,
            progress=self.studio.progress,
            key="preview",
            urgent=True,
        )

    def _fill(self) -> None:
        """Draw all thumbnails, each shown as soon as it is ready."""
        document = self.studio.desk.document
        if document is None:
            return
        self._thumbs = document.revision
        self.gallery.wait_for_all()
        side = THUMB_DRAWN * self.look.px(THUMB)
        self._next(thumbnails(document, self.models, all_variants(self.models.styles), side))

    def _next(self, waiting: Iterator[tuple[Variant, NDArray[np.uint8]]]) -> None:
        """Draw one more thumbnail: what the user asks for meanwhile comes between two."""

        def done(ready: tuple[Variant, NDArray[np.uint8]] | None) -> None:
            if ready is not None:
                self.gallery.put(*ready)
                self._next(waiting)

        self.worker.do(lambda _: next(waiting, None), done, key="gallery")

    def _paint(self, view: Viewport) -> NDArray[np.uint8]:
        document, pyramid = self.studio.desk.document, self._pyramid
        if document is None:
            return np.zeros((view.window[1], view.window[0], 3), np.uint8)
        before = seen(document.view, view, self.look.ground())
        if pyramid is None or self._rendered is None or self._before:
            return before
        share = self._rendered.frame.shape[1] / document.width
        after = seen(lambda box, w, h: pyramid.part(scaled(box, share), w, h), view, self.look.ground())
        return split(before, after, round(self._line * view.window[0]), _rows(view), self.look.px(2))

    def _pull(self, event: Any) -> None:
        self.canvas.focus_set()
        if self.canvas.view is not None:
            self._line = min(1.0, max(0.0, event.x / self.canvas.view.window[0]))
            self.canvas.redraw()

    def _move(self, step: float) -> str:
        self._line = min(1.0, max(0.0, self._line + step))
        self.canvas.redraw()
        return "break"


def _rows(view: Viewport) -> tuple[int, int]:
    """The window's rows that the picture takes."""
    place = view.placement()
    return (
        (0, view.window[1])
        if place is None
        else (max(0, place.top), min(view.window[1], place.top + place.height))
    )
