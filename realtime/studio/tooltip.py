"""Tooltips: what a control does and its key, beside the mouse or the focus."""

from __future__ import annotations

import tkinter as tk
from typing import Any

from animirror.realtime.studio import theme

# Long enough that they do not get in the way of a mouse that only passes (ms).
DELAY_MS = 600
# Where lines break, pixels of a usual screen.
WRAP = 280


class Tooltip:
    """A text that appears beside ``widget`` when the mouse rests on it."""

    def __init__(self, widget: tk.Misc, text: str, look: theme.Theme) -> None:
        self._widget, self._text, self._look = widget, text, look
        self._waiting: str | None = None
        self._window: tk.Toplevel | None = None
        widget.bind("<Enter>", self._wait, add=True)
        for event in ("<Leave>", "<ButtonPress>", "<KeyPress>", "<Destroy>"):
            widget.bind(event, self._hide, add=True)

    def _wait(self, _: Any) -> None:
        self._hide()
        self._waiting = self._widget.after(DELAY_MS, self._show)

    def _show(self) -> None:
        look, widget = self._look, self._widget
        self._window = window = tk.Toplevel(widget)
        window.wm_overrideredirect(True)
        border = tk.Frame(window, background=look.palette.border)
        border.pack()
        tk.Label(
            border,
            text=self._text,
            font=theme.CAPTION,
            background=look.palette.card,
            foreground=look.palette.text,
            wraplength=look.px(WRAP),
            justify="left",
            padx=look.px(8),
            pady=look.px(5),
        ).pack(padx=1, pady=1)
        window.update_idletasks()
        x = min(widget.winfo_rootx(), widget.winfo_screenwidth() - window.winfo_reqwidth())
        y = widget.winfo_rooty() + widget.winfo_height() + look.px(4)
        if y + window.winfo_reqheight() > widget.winfo_screenheight():
            y = widget.winfo_rooty() - window.winfo_reqheight() - look.px(4)
        window.wm_geometry(f"+{max(0, x)}+{y}")

    def _hide(self, _: Any = None) -> None:
        if self._waiting is not None:
            self._widget.after_cancel(self._waiting)
            self._waiting = None
        if self._window is not None:
            self._window.destroy()
            self._window = None
