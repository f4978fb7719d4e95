"""Files dropped on the window, where the optional package tkinterdnd2 is installed and works."""

from __future__ import annotations

import logging
import tkinter as tk
from collections.abc import Callable
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)


def make_root() -> tk.Tk:
    """The program's window, one that takes dropped files where that can be had. Raises tk.TclError."""
    try:
        from tkinterdnd2 import TkinterDnD
    except ImportError:
        return tk.Tk(className="AniMirror")
    try:
        root: tk.Tk = TkinterDnD.Tk(className="AniMirror")
    except RuntimeError as error:  # its library does not fit this system
        log.info("No files can be dropped: %s.", error)
        root = tk.Tk(className="AniMirror")
    return root


def takes_files(root: tk.Tk) -> bool:
    """Whether files can be dropped on the window."""
    return hasattr(root, "drop_target_register")


def accept(root: tk.Tk, opened: Callable[[Path], None]) -> None:
    """Call ``opened`` with the first file of whatever is dropped on the window."""
    if not takes_files(root):
        return

    def dropped(event: Any) -> str:
        names = root.tk.splitlist(event.data)
        if names:
            # Not at once: the program that the file comes from waits for the drop's end.
            root.after_idle(lambda: opened(Path(names[0])))
        return str(event.action)

    window: Any = root
    window.drop_target_register("DND_Files")
    window.dnd_bind("<<Drop>>", dropped)
