"""The save page: the finished picture at full size, and the ways to keep it."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from pathlib import Path
from tkinter import filedialog, ttk
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from animirror.realtime.studio import clipboard, menu
from animirror.realtime.studio.canvas import PictureCanvas
from animirror.realtime.studio.document import Document
from animirror.realtime.studio.page import Page
from animirror.realtime.studio.panel_batch import BatchPanel
from animirror.realtime.studio.project import SUFFIX, save_project
from animirror.realtime.studio.render import Rendered, render
from animirror.realtime.studio.save import clipboard_png, save_cutout, save_picture
from animirror.realtime.studio.tooltip import Tooltip
from animirror.realtime.studio.view import Pyramid
from animirror.realtime.studio.viewport import Viewport, seen
from animirror.realtime.studio.widgets import GAP, PANEL, Scrolled, Slider, heading, hint
from animirror.realtime.studio.worker import Job

if TYPE_CHECKING:
    from animirror.realtime.studio.app import Studio

QUALITY = 95
# Name and ending; whether quality can be chosen, and whether there is transparency for a cut-out.
FORMATS = {
    "PNG": (".png", False, True),
    "JPEG": (".jpg", True, False),
    "WebP": (".webp", True, True),
    "TIFF": (".tif", False, True),
}


class SavePage(Page):
    """Draws the picture at full size when it is shown, and keeps it as it is asked."""

    name = "save"

    def __init__(self, studio: Studio, master: tk.Misc) -> None:
        super().__init__(studio, master)
        px = self.look.px
        self.columnconfigure(0, weight=1)
        self.rowconfigure(0, weight=1)
        self.canvas = PictureCanvas(self, self.look, self._paint)
        self.canvas.grid(row=0, column=0, sticky="nsew")
        panel = Scrolled(self, self.look, PANEL)
        panel.grid(row=0, column=1, sticky="ns", padx=(px(12), 0))
        self._panel = ttk.Frame(panel.inner, padding=(0, 0, px(GAP / 2), 0))
        self._panel.pack(fill="both", expand=True)
        self._rendered: Rendered | None = None
        self._pyramid: Pyramid | None = None
        self._key: tuple[int, object] | None = None
        self._before = False
        self._form()
        BatchPanel(self._panel, self).pack(fill="x")

    def _form(self) -> None:
        texts, px = self.texts, self.look.px
        heading(self._panel, self.look, texts("save_what"))
        self._cutout = tk.BooleanVar(self, False)
        for value, name in ((False, "save_whole"), (True, "save_cutout")):
            button = ttk.Radiobutton(
                self._panel, text=texts(name), variable=self._cutout, value=value, command=self._what
            )
            button.pack(anchor="w", pady=px(1))
            Tooltip(button, texts(f"{name}_tip"), self.look)
        self._format_form()
        hint(self._panel, self.look, texts("save_hint"))
        for name, run, key in (
            ("save_picture", self.save, "Control-s"),
            ("copy", self.copy, "Control-c"),
            ("save_project", self.save_project, "Control-Shift-S"),
        ):
            style = "Accent.TButton" if name == "save_picture" else "TButton"
            action = ttk.Button(self._panel, text=texts(name), command=run, style=style)
            action.pack(fill="x", pady=(px(GAP / 2), 0))
            Tooltip(action, f"{texts(f'{name}_tip')} ({menu.shown(key)})", self.look)
        self._what()

    def _format_form(self) -> None:
        texts, px = self.texts, self.look.px
        heading(self._panel, self.look, texts("format"))
        row = ttk.Frame(self._panel)
        row.pack(fill="x")
        self.format = tk.StringVar(self, "PNG")
        self._formats: dict[str, ttk.Radiobutton] = {}
        for index, name in enumerate(FORMATS):
            choice = ttk.Radiobutton(
                row, text=name, value=name, variable=self.format, style="Toggle.TButton", command=self._what
            )
            choice.grid(row=0, column=index, sticky="ew", padx=(0, px(3)))
            row.columnconfigure(index, weight=1, uniform="formats")
            choice.configure(padding=(px(2), px(4)))
            Tooltip(choice, texts(f"format_{name.lower()}_tip"), self.look)
            self._formats[name] = choice
        self.quality = Slider(
            self._panel,
            self.look,
            texts("quality"),
            (1, 100),
            QUALITY,
            lambda _: None,
            texts("quality_tip"),
            "",
        )
        self.quality.pack(fill="x", pady=(px(GAP), 0))

    @property
    def ending(self) -> str:
        """The chosen format's."""
        return FORMATS[self.format.get()][0]

    def _what(self) -> None:
        """Offer what fits together: no cut-out as JPEG, quality only where there is one."""
        if self._cutout.get() and not FORMATS[self.format.get()][2]:
            self.format.set("PNG")
        for name, (_, _, transparent) in FORMATS.items():
            self._formats[name].state(["!disabled" if transparent or not self._cutout.get() else "disabled"])
        self.quality.scale.state(["!disabled" if FORMATS[self.format.get()][1] else "disabled"])
        self.canvas.redraw()

    # -- what the program tells -------------------------------------------------------------------------

    def opened(self) -> None:
        document = self.studio.desk.document
        self._rendered = self._pyramid = self._key = None
        self.canvas.set_size(None if document is None else (document.width, document.height))

    def shown(self) -> None:
        self.canvas.redraw()
        self.with_rendered(lambda document, rendered: None)

    def changed(self) -> None:
        self.shown()

    def hidden(self) -> None:
        # A large picture takes many seconds, and whoever goes back will change it.
        self.worker.cancel("full")
        self.studio.progress(None)

    def themed(self) -> None:
        self.canvas.themed()

    def before(self, wanted: bool) -> None:
        self._before = wanted
        self.canvas.redraw()

    def zoom(self, steps: int) -> None:
        self.canvas.zoom(steps) if steps else self.canvas.fit()

    # -- keeping ----------------------------------------------------------------------------------------

    def with_rendered(self, then: Callable[[Document, Rendered], None]) -> None:
        """Do something with the picture at full size, drawing it first where that is not done yet."""
        document = self.studio.desk.document
        if document is None:
            return
        if self._rendered is not None and self._key == (document.revision, document.choices.variant):
            then(document, self._rendered)
            return
        self.studio.say(self.texts("drawing"))
        self.studio.progress(0.0)

        def work(job: Job) -> tuple[Rendered, Pyramid]:
            rendered = render(document, self.models, progress=job.tell)
            return rendered, Pyramid(rendered.frame)

        def done(result: tuple[Rendered, Pyramid]) -> None:
            self.studio.progress(None)
            self._rendered, self._pyramid = result
            self._key = (result[0].revision, document.choices.variant)
            self.studio.say(self.texts("drawn", width=document.width, height=document.height))
            self.canvas.redraw()
            then(document, result[0])

        self.worker.do(work, done, progress=self.studio.progress, key="full", urgent=True)

    def save(self) -> None:
        """Ask for a name and save the picture or the cut-out."""
        self.with_rendered(self._ask_and_save)

    def _ask_and_save(self, document: Document, rendered: Rendered) -> None:
        target = self._ask_target(document, "-anime", self.ending, self.format.get())
        if target is None:
            return
        keep, quality = (save_cutout if self._cutout.get() else save_picture), self.quality.value

        def done(_: None) -> None:
            self.studio.desk.saved(document)
            self.studio.say(self.texts("saved", path=target))

        self.worker.do(lambda _: keep(document, rendered, target, quality, overwrite=True), done, urgent=True)

    def save_project(self) -> None:
        """Ask for a name and save picture, mask and choices to go on later."""
        document = self.studio.desk.document
        if document is None:
            return
        target = self._ask_target(document, "", SUFFIX, self.texts("project"))
        if target is None:
            return

        def done(_: None) -> None:
            self.studio.desk.saved(document)
            self.studio.remember(self.studio.preferences.opened(target))
            self.studio.say(self.texts("saved", path=target))

        self.worker.do(lambda _: save_project(document, target, overwrite=True), done, urgent=True)

    def copy(self) -> None:
        """Put the picture, or the cut-out, into the clipboard."""

        def then(document: Document, rendered: Rendered) -> None:
            alpha = rendered.mask if self._cutout.get() else None
            self.worker.do(
                lambda _: clipboard.copy_png(clipboard_png(rendered.frame, alpha)),
                lambda _: self.studio.say(self.texts("copied")),
                urgent=True,
            )

        self.with_rendered(then)

    def _ask_target(self, document: Document, mark: str, ending: str, kind: str) -> Path | None:
        """Where to; Tk's dialog asks itself before an older file is replaced."""
        stem = Path(document.name).stem
        name = filedialog.asksaveasfilename(
            parent=self.studio.root,
            title=self.texts("save_title"),
            initialdir=str(document.path.parent) if document.path else None,
            initialfile=f"{stem}{mark}{ending}",
            defaultextension=ending,
            filetypes=[(kind, f"*{ending}"), (self.texts("all_files"), "*")],
        )
        return Path(name) if name else None

    def _paint(self, view: Viewport) -> NDArray[np.uint8]:
        document, pyramid, rendered = self.studio.desk.document, self._pyramid, self._rendered
        if document is None:
            return np.zeros((view.window[1], view.window[0], 3), np.uint8)
        ground = self.look.ground()
        if pyramid is None or rendered is None or self._before:
            return seen(document.view, view, ground)
        picture = seen(pyramid.part, view, ground)
        if not self._cutout.get():
            return picture
        return _on_checks(picture, seen(document.mask_view, view, (0,)), view, self.look.px(10))


def _on_checks(
    picture: NDArray[np.uint8], mask: NDArray[np.uint8], view: Viewport, side: int
) -> NDArray[np.uint8]:
    """The cut-out on the chequered ground that stands for transparency, beside it as it was."""
    place = view.placement()
    if place is None:
        return picture
    rows = slice(max(0, place.top), place.top + place.height)
    columns = slice(max(0, place.left), place.left + place.width)
    part, share = picture[rows, columns], (mask[rows, columns].astype(np.float32) / 255.0)[..., None]
    light = (np.arange(part.shape[0])[:, None] // side + np.arange(part.shape[1])[None] // side) % 2
    checks = np.where(light == 1, np.float32(190), np.float32(150))[..., None]
    picture[rows, columns] = part * share + checks * (1.0 - share)
    return picture
