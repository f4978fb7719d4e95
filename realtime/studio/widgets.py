"""Small parts that several pages use: sliders that tell their value, panels that scroll, headings."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk
from typing import Any

from animirror.realtime.studio import theme
from animirror.realtime.studio.tooltip import Tooltip

# Width of the panel beside a picture, pixels of a usual screen: Romanian words fit.
PANEL = 300
GAP = 8


class Slider(ttk.Frame):
    """A labelled slider of whole steps; ``changed`` gets the value while it is moved.

    Arrow keys move it by one step, Page Up and Down by ten.
    """

    def __init__(
        self,
        master: tk.Misc,
        look: theme.Theme,
        text: str,
        limits: tuple[int, int],
        value: int,
        changed: Callable[[int], None],
        tip: str,
        unit: str = " %",
    ) -> None:
        super().__init__(master)
        self._limits, self._changed, self._unit = limits, changed, unit
        self._value = value
        ttk.Label(self, text=text).grid(row=0, column=0, sticky="w")
        self._told = ttk.Label(self, style="Muted.TLabel")
        self._told.grid(row=0, column=1, sticky="e")
        self.scale = ttk.Scale(self, from_=limits[0], to=limits[1], value=value, command=self._moved)
        self.scale.grid(row=1, column=0, columnspan=2, sticky="ew", pady=(look.px(2), 0))
        self.columnconfigure(0, weight=1)
        for key, step in (("Left", -1), ("Down", -1), ("Right", 1), ("Up", 1), ("Prior", 10), ("Next", -10)):
            self.scale.bind(f"<{key}>", lambda _, step=step: self._step(step))  # type: ignore[misc]
        self._tell()
        Tooltip(self.scale, tip, look)

    @property
    def value(self) -> int:
        return self._value

    def set(self, value: int) -> None:
        """Show a value without telling ``changed``."""
        self._value = min(self._limits[1], max(self._limits[0], value))
        # Tk's own set would call ``changed``.
        self.scale.configure(value=self._value)
        self._tell()

    def _step(self, step: int) -> str:
        before = self._value
        self.set(self._value + step)
        if self._value != before:
            self._changed(self._value)
        return "break"

    def _moved(self, value: str) -> None:
        now = round(float(value))
        if now != self._value:
            self._value = now
            self._tell()
            self._changed(now)

    def _tell(self) -> None:
        self._told.configure(text=f"{self._value}{self._unit}")


class Scrolled(ttk.Frame):
    """A frame whose ``inner`` part scrolls up and down where it is too high; as wide as it is asked."""

    def __init__(self, master: tk.Misc, look: theme.Theme, width: int) -> None:
        super().__init__(master)
        self._canvas = tk.Canvas(self, width=look.px(width), highlightthickness=0, borderwidth=0)
        self._bar = ttk.Scrollbar(self, orient="vertical", command=self._canvas.yview)
        self._canvas.configure(yscrollcommand=self._scrolled)
        self.inner = ttk.Frame(self._canvas)
        self._item = self._canvas.create_window(0, 0, window=self.inner, anchor="nw")
        self._canvas.grid(row=0, column=0, sticky="nsew")
        # Kept free while there is nothing to scroll, or all beside it would jump.
        self.bar_width = self._bar.winfo_reqwidth()
        self.columnconfigure(1, minsize=self.bar_width)
        self.rowconfigure(0, weight=1)
        self.columnconfigure(0, weight=1)
        self.inner.bind("<Configure>", self._fit)
        self._canvas.bind("<Configure>", self._fit)
        for event, step in (("<Button-4>", -1), ("<Button-5>", 1)):
            self.bind_all(event, lambda told, step=step: self._wheel(told, step), add=True)  # type: ignore[misc]
        self.bind_all("<MouseWheel>", lambda told: self._wheel(told, -1 if told.delta > 0 else 1), add=True)
        self.bind_all("<FocusIn>", self._follow, add=True)

    def _scrolled(self, low: float, high: float) -> None:
        self._bar.set(low, high)
        if float(low) <= 0.0 and float(high) >= 1.0:
            self._bar.grid_remove()
        else:
            self._bar.grid(row=0, column=1, sticky="ns")

    def _fit(self, _: Any) -> None:
        self._canvas.itemconfigure(self._item, width=self._canvas.winfo_width())
        self._canvas.configure(scrollregion=(0, 0, 1, self.inner.winfo_reqheight()))

    def _holds(self, widget: Any) -> bool:
        return self.winfo_exists() and str(widget).startswith(str(self))

    def _wheel(self, event: Any, step: int) -> None:
        if self._holds(event.widget) and self._bar.winfo_ismapped():
            self._canvas.yview_scroll(step, "units")

    def _follow(self, event: Any) -> None:
        """Bring what gets the keyboard's focus into sight."""
        if not self._holds(event.widget) or not self._bar.winfo_ismapped():
            return
        top = event.widget.winfo_rooty() - self.inner.winfo_rooty()
        low, high = self._canvas.canvasy(0), self._canvas.canvasy(self._canvas.winfo_height())
        if top < low or top + event.widget.winfo_height() > high:
            self._canvas.yview_moveto(top / max(1, self.inner.winfo_reqheight()))


def heading(master: tk.Misc, look: theme.Theme, text: str) -> ttk.Label:
    """The title of a group in a panel, packed."""
    label = ttk.Label(master, text=text, style="Strong.TLabel")
    label.pack(anchor="w", pady=(look.px(2 * GAP), look.px(GAP / 2)))
    return label


def hint(master: tk.Misc, look: theme.Theme, text: str, width: int = PANEL) -> ttk.Label:
    """A quiet sentence that wraps, packed."""
    label = ttk.Label(
        master, text=text, style="Caption.TLabel", wraplength=look.px(width - 10), justify="left"
    )
    label.pack(anchor="w", fill="x", pady=(0, look.px(GAP / 2)))
    return label
