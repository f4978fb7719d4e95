"""The select page's panel: people, regions and labels as check boxes, the brush, undo and reset."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Iterable, Sequence
from tkinter import ttk
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageTk

from animirror.realtime.regions import REGIONS, Box
from animirror.realtime.studio import menu
from animirror.realtime.studio.tooltip import Tooltip
from animirror.realtime.studio.widgets import GAP, PANEL, Scrolled, Slider, heading, hint

if TYPE_CHECKING:
    from animirror.realtime.studio.page_select import SelectPage

# Pictures of the heads, pixels of a usual screen; more than this many people scroll.
FACE, FACES_IN_ROW = 52, 4
# What surrounds everything is no part of anybody.
NOTHING = "background"


class SelectPanel(ttk.Frame):
    """Shows the document's choices and the page's brush, and hands on what is clicked."""

    def __init__(self, page: SelectPage, master: tk.Misc) -> None:
        super().__init__(master)
        self._page, self._look, self._texts = page, page.look, page.texts
        scrolled = Scrolled(self, self._look, PANEL)
        self._buttons(self._look.px(GAP / 2) + scrolled.bar_width)
        scrolled.pack(side="top", fill="both", expand=True)
        self._inner = ttk.Frame(scrolled.inner, padding=(0, 0, self._look.px(GAP / 2), 0))
        self._inner.pack(fill="both", expand=True)
        self._people = ttk.Frame(self._inner)
        self._people.pack(fill="x")
        self._names: dict[str, tk.BooleanVar] = {}
        self._heads: list[tk.BooleanVar] = []
        self._photos: list[ImageTk.PhotoImage] = []
        self._regions()
        self._brush()

    # -- building ---------------------------------------------------------------------------------------

    def _regions(self) -> None:
        models, texts = self._page.models, self._texts
        heading(self._inner, self._look, texts("regions"))
        self._boxes(models.regions, "region")
        self._more = tk.BooleanVar(self, False)
        more = ttk.Checkbutton(
            self._inner,
            text=texts("labels_more"),
            style="Switch.TCheckbutton",
            variable=self._more,
            command=self._show_labels,
        )
        more.pack(anchor="w", pady=(self._look.px(GAP), 0))
        Tooltip(more, texts("labels_tip"), self._look)
        self._labels = ttk.Frame(self._inner)
        self._labels.pack(fill="x")
        single = [
            label
            for label in models.labels
            if label.lower() != NOTHING and label.lower() not in models.regions
        ]
        self._label_names = single

    def _show_labels(self) -> None:
        for old in self._labels.winfo_children():
            old.destroy()
        if self._more.get():
            self._boxes(self._label_names, "label", self._labels)
        else:
            self._labels.configure(height=1)
        self.show()

    def _boxes(self, names: Iterable[str], kind: str, master: ttk.Frame | None = None) -> None:
        """Check boxes in two columns."""
        frame = master or ttk.Frame(self._inner)
        if master is None:
            frame.pack(fill="x")
        frame.columnconfigure((0, 1), weight=1, uniform="boxes")
        for index, name in enumerate(names):
            variable = self._names.setdefault(name, tk.BooleanVar(self, False))
            box = ttk.Checkbutton(
                frame,
                text=self._texts.name(kind, name),
                variable=variable,
                command=lambda name=name: self._chosen(name),  # type: ignore[misc]
            )
            box.grid(row=index // 2, column=index % 2, sticky="w")

    def _brush(self) -> None:
        texts, px = self._texts, self._look.px
        heading(self._inner, self._look, texts("brush"))
        hint(self._inner, self._look, texts("brush_hint"))
        self._size = Slider(
            self._inner,
            self._look,
            texts("brush_size"),
            (0, 100),
            50,
            self._page.set_size_step,
            texts("brush_size_tip"),
        )
        self._size.pack(fill="x", pady=px(4))
        self._soft, self._snap = tk.BooleanVar(self, False), tk.BooleanVar(self, False)
        for name, variable, command in (
            (
                "brush_soft",
                self._soft,
                lambda: self._page.set_brush(hardness=0.0 if self._soft.get() else 1.0),
            ),
            ("brush_snap", self._snap, lambda: self._page.set_brush(snap=self._snap.get())),
        ):
            box = ttk.Checkbutton(
                self._inner, text=texts(name), variable=variable, command=command, style="Switch.TCheckbutton"
            )
            box.pack(anchor="w", pady=px(1))
            Tooltip(box, texts(f"{name}_tip"), self._look)
        hint(self._inner, self._look, texts("select_keys")).pack_configure(pady=(px(GAP), 0))

    def _buttons(self, beside: int) -> None:
        """Below all that scrolls, with ``beside`` pixels left free on the right as there."""
        px, studio = self._look.px, self._page.studio
        onward = ttk.Button(
            self,
            text=self._texts("to_generate"),
            style="Accent.TButton",
            command=lambda: studio.go("generate"),
        )
        onward.pack(side="bottom", fill="x", pady=(px(GAP), 0), padx=(0, beside))
        row = ttk.Frame(self)
        row.pack(side="bottom", fill="x", pady=(px(GAP), 0), padx=(0, beside))
        self._undo = self._small(row, "undo", "Control-z", studio.desk.undo)
        self._redo = self._small(row, "redo", "Control-y", studio.desk.redo)
        self._reset = self._small(row, "reset", "Control-r", studio.desk.reset)

    def _small(self, row: ttk.Frame, name: str, key: str, run: Callable[[], None]) -> ttk.Button:
        button = ttk.Button(row, text=self._texts(name), command=run, style="Small.TButton")
        button.pack(side="left", fill="x", expand=True, padx=self._look.px(2))
        Tooltip(button, f"{self._texts(f'{name}_tip')} ({menu.shown(key)})", self._look)
        return button

    # -- showing ----------------------------------------------------------------------------------------

    def opened(self) -> None:
        """Show the people of another document."""
        for old in self._people.winfo_children():
            old.destroy()
        self._heads, self._photos = [], []
        document = self._page.studio.desk.document
        if document is None or not document.heads:
            return
        heading(self._people, self._look, self._texts("people"))
        grid = ttk.Frame(self._people)
        grid.pack(anchor="w")
        for index, box in enumerate(document.heads):
            variable = tk.BooleanVar(self, True)
            self._heads.append(variable)
            self._face(grid, index, box, variable)
        self.show()

    def _face(self, grid: ttk.Frame, index: int, box: Box, variable: tk.BooleanVar) -> None:
        document, px = self._page.studio.desk.document, self._look.px
        assert document is not None
        side = max(box.width, box.height)
        x, y = box.center
        square = Box(x - side / 2, y - side / 2, x + side / 2, y + side / 2)
        picture = Image.fromarray(np.ascontiguousarray(document.view(square, px(FACE), px(FACE))[..., ::-1]))
        self._photos.append(ImageTk.PhotoImage(picture, master=self))
        cell = ttk.Frame(grid)
        cell.grid(row=index // FACES_IN_ROW, column=index % FACES_IN_ROW, padx=(0, px(6)), pady=px(2))
        face = ttk.Label(cell, image=self._photos[-1])
        face.pack()
        check = ttk.Checkbutton(cell, text=str(index + 1), variable=variable, command=self._chosen_heads)
        check.pack()
        face.bind("<Button-1>", lambda _: check.invoke())
        Tooltip(check, self._texts("person_tip", number=index + 1), self._look)

    def show(self) -> None:
        """Show the document's choices and what can be undone."""
        document = self._page.studio.desk.document
        if document is None:
            return
        labels = self._page.models.labels
        held = expanded(document.choices.regions, labels)
        for name, variable in self._names.items():
            variable.set(expanded([name], labels) <= held)
        for index, variable in enumerate(self._heads):
            variable.set(index not in document.choices.off)
        for button, possible in (
            (self._undo, document.can_undo),
            (self._redo, document.can_redo),
            (self._reset, document.edited),
        ):
            button.state(["!disabled" if possible else "disabled"])

    def show_brush(self) -> None:
        self._size.set(self._page.size_step())
        self._soft.set(self._page.brush.hardness < 1)
        self._snap.set(self._page.brush.snap)

    def show_place(self, x: int, y: int, head: int | None) -> None:
        """Say in the status line where the mouse is."""
        size = f"{self._page.brush.size:.0f}"
        person = "" if head is None else "  ·  " + self._texts("person", number=head + 1)
        self._page.studio.say(self._texts("place", x=x, y=y, size=size) + person)

    def themed(self) -> None:
        self.show()

    # -- answering --------------------------------------------------------------------------------------

    def _chosen(self, name: str) -> None:
        document = self._page.studio.desk.document
        if document is not None:
            on, labels = self._names[name].get(), self._page.models.labels
            self._page.choose(regions=toggled(document.choices.regions, name, on, labels))

    def _chosen_heads(self) -> None:
        off = frozenset(index for index, variable in enumerate(self._heads) if not variable.get())
        self._page.choose(off=off)


def toggled(chosen: Iterable[str], name: str, on: bool, labels: Sequence[str]) -> tuple[str, ...]:
    """``chosen`` regions and labels with one more, or one less, in as few names as will do.

    A label that is taken out of a region breaks it up: the region's other labels stay.
    """
    held = expanded(chosen, labels)
    held = held | expanded([name], labels) if on else held - expanded([name], labels)
    names: list[str] = []
    for region in REGIONS:
        members = expanded([region], labels)
        if members and members <= held:
            names.append(region)
    rest = held - expanded(names, labels)
    return (*names, *(label for label in labels if label.lower() in rest))


def expanded(names: Iterable[str], labels: Sequence[str]) -> set[str]:
    """The labels (lower case) that regions and labels stand for, of those that the model knows."""
    known = {label.lower() for label in labels}
    return {label for name in names for label in REGIONS.get(name.lower(), {name.lower()})} & known
