"""The command `animirror studio`: parses, and says plainly what is missing where no window can be opened."""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from animirror.realtime.errors import DONE, UserError
from animirror.realtime.runtime import DEVICES

NO_TKINTER = (
    "The studio needs Python's tkinter, which is not installed: on Debian and Ubuntu run "
    "`sudo apt install python3-tk`, on Fedora `sudo dnf install python3-tkinter`, on a Mac with Homebrew "
    "`brew install python-tk`."
)
NO_DISPLAY = (
    "The studio cannot open a window: there is no display ({}). Run it on a desktop or set DISPLAY; "
    "`animirror image` works without one."
)


def add_studio(commands: Any, command: Callable[..., Any]) -> None:
    parser = command(
        commands, "studio", run_studio, "redraw pictures in a window, with a brush", "portrait.jpg"
    )
    parser.add_argument("image", nargs="?", type=Path, metavar="IMAGE", help="picture or project to open")
    parser.add_argument("--language", choices=("en", "ro"), help="of the window (the system's)")
    parser.add_argument("--theme", choices=("dark", "light"), help="look of the window (as last time)")
    parser.add_argument("--device", choices=DEVICES, default="auto", help="where the models run (auto)")
    parser.add_argument("--threads", type=int, help="threads per model on the CPU (all cores)")


def run_studio(options: argparse.Namespace) -> int:
    """Open the studio's window; returns when it is closed. Raises UserError."""
    if importlib.util.find_spec("tkinter") is None or importlib.util.find_spec("_tkinter") is None:
        raise UserError(NO_TKINTER)
    if options.threads is not None and options.threads < 1:
        raise UserError(f"--threads must be at least 1, not {options.threads}.")
    # Only from here on: the command must work where there is no tkinter.
    import tkinter

    from animirror.realtime.studio.app import Studio
    from animirror.realtime.studio.drop import make_root
    from animirror.realtime.studio.models import Models
    from animirror.realtime.studio.preferences import preferences_file

    models = Models(device=options.device, threads=options.threads)
    if sys.platform == "win32":
        _sharp()
    try:
        root = make_root()
    except tkinter.TclError as error:
        shown = os.environ.get("DISPLAY")
        raise UserError(NO_DISPLAY.format(error if shown else "DISPLAY is not set")) from error
    studio = Studio(root, models, preferences_file(), options.theme, options.language)
    if options.image is not None:
        root.after_idle(lambda: studio.desk.open(options.image))
    root.mainloop()
    if studio.interrupted:
        raise KeyboardInterrupt
    return DONE


def _sharp() -> None:
    """Tell Windows that we scale ourselves, or it would enlarge a blurred window."""
    import ctypes

    try:
        ctypes.windll.shcore.SetProcessDpiAwareness(1)  # type: ignore[attr-defined]
    except (AttributeError, OSError):  # older than Windows 8.1
        return
