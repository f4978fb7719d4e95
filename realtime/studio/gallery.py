"""The gallery: a thumbnail for every variant, the colour filters of each style together."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from tkinter import ttk
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, ImageTk

from animirror.realtime.studio.choices import Variant
from animirror.realtime.studio.texts import Texts
from animirror.realtime.studio.theme import CAPTION, Theme
from animirror.realtime.studio.widgets import PANEL, Scrolled

COLUMNS = 3
# The chosen one's frame, pixels of a usual screen.
FRAME = 3


class Gallery(ttk.Frame):
    """Thumbnails to choose one from, by mouse or by Tab, arrows and Return; ``picked`` gets the choice."""

    def __init__(
        self,
        master: tk.Misc,
        look: Theme,
        texts: Texts,
        variants: Sequence[Variant],
        side: int,
        picked: Callable[[Variant], None],
    ) -> None:
        super().__init__(master)
        self._look, self._texts, self._side, self._picked = look, texts, side, picked
        self._cells: dict[Variant, tk.Label] = {}
        self._photos: dict[Variant, ImageTk.PhotoImage] = {}
        self._ready: set[Variant] = set()
        self._chosen: Variant | None = None
        scrolled = Scrolled(self, look, PANEL)
        scrolled.pack(fill="both", expand=True)
        self._order = list(variants)
        for style in dict.fromkeys(variant.style for variant in variants):
            self._style(scrolled.inner, style, [one for one in variants if one.style == style])
        self.clear()
        self.themed()

    def _style(self, master: ttk.Frame, style: str, variants: Sequence[Variant]) -> None:
        px = self._look.px
        ttk.Label(master, text=self._texts.name("style", style), style="Strong.TLabel").pack(
            anchor="w", pady=(px(6), px(2))
        )
        grid = ttk.Frame(master)
        grid.pack(anchor="w")
        for index, variant in enumerate(variants):
            cell = tk.Label(
                grid,
                text=self._texts(f"color_{variant.color}"),
                compound="top",
                font=CAPTION,
                borderwidth=0,
                highlightthickness=px(FRAME),
                takefocus=True,
            )
            cell.grid(row=index // COLUMNS, column=index % COLUMNS, padx=(0, px(4)), pady=(0, px(4)))
            cell.bind("<Button-1>", lambda _, variant=variant: self._pick(variant))  # type: ignore[misc]
            for key in ("Return", "space"):
                cell.bind(f"<Key-{key}>", lambda _, variant=variant: self._pick(variant))  # type: ignore[misc]
            for key, step in (("Left", -1), ("Right", 1), ("Up", -COLUMNS), ("Down", COLUMNS)):
                cell.bind(f"<Key-{key}>", lambda _, variant=variant, step=step: self._focus(variant, step))  # type: ignore[misc]
            cell.bind("<FocusIn>", lambda _: self.themed(), add=True)
            cell.bind("<FocusOut>", lambda _: self.themed(), add=True)
            self._cells[variant] = cell

    @property
    def full(self) -> bool:
        """Whether every thumbnail is there and holds."""
        return len(self._ready) == len(self._cells)

    def clear(self) -> None:
        """Show no picture at all: there is another document."""
        self._ready.clear()
        empty = Image.new("RGB", (self._side, self._side), self._look.palette.canvas)
        for variant, cell in self._cells.items():
            self._photos[variant] = ImageTk.PhotoImage(empty, master=self)
            cell.configure(image=self._photos[variant])

    def wait_for_all(self) -> None:
        """The thumbnails do not hold any more; they stay until new ones come."""
        self._ready.clear()

    def put(self, variant: Variant, picture: NDArray[np.uint8]) -> None:
        """Show a variant's thumbnail (uint8 [h, w, 3] BGR): the square in its middle."""
        thumb = Image.fromarray(np.ascontiguousarray(picture[..., ::-1]))
        square = ImageOps.fit(thumb, (self._side, self._side), Image.Resampling.LANCZOS)
        self._photos[variant] = ImageTk.PhotoImage(square, master=self)
        self._cells[variant].configure(image=self._photos[variant])
        self._ready.add(variant)

    def select(self, variant: Variant) -> None:
        """Mark the chosen one."""
        self._chosen = variant
        self.themed()

    def themed(self) -> None:
        palette = self._look.palette
        ground = palette.window
        focused: Any = self.focus_get()
        for variant, cell in self._cells.items():
            marked = variant == self._chosen
            edge = palette.accent if marked else palette.muted if cell is focused else ground
            cell.configure(
                background=ground,
                foreground=palette.text if marked else palette.muted,
                highlightbackground=edge,
                highlightcolor=edge,
            )

    def _pick(self, variant: Variant) -> str:
        self._cells[variant].focus_set()
        self._picked(variant)
        return "break"

    def _focus(self, variant: Variant, step: int) -> str:
        index = self._order.index(variant) + step
        if 0 <= index < len(self._order):
            self._cells[self._order[index]].focus_set()
        return "break"
