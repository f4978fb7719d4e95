"""What every page of the studio is: a frame that is told when it is shown and when there is a new picture."""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from animirror.realtime.studio.app import Studio


class Page(ttk.Frame):
    """A page; ``studio`` is the program it belongs to. ``needs_picture``: useless before one is open."""

    name = ""
    needs_picture = True

    def __init__(self, studio: Studio, master: tk.Misc) -> None:
        super().__init__(master, padding=studio.look.px(12))
        self.studio, self.look, self.texts = studio, studio.look, studio.texts
        self.models, self.worker = studio.models, studio.worker

    def shown(self) -> None:
        """The page is on top now."""

    def hidden(self) -> None:
        """Another page takes its place."""

    def opened(self) -> None:
        """There is another document."""

    def themed(self) -> None:
        """The theme has changed; ttk's own parts follow by themselves."""

    def changed(self) -> None:
        """The document's mask or choices have changed (undo, redo, reset)."""

    def before(self, wanted: bool) -> None:
        """The key that shows the picture as it was is held, or no more."""

    def zoom(self, steps: int) -> None:
        """Zoom in (out: negative), or fit the whole picture into the window (0)."""

    def close(self) -> None:
        """The program ends, or the page is built anew: let go of devices."""
