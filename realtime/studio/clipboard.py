"""Pictures into the clipboard, by the program that each system has for it."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

from animirror.realtime.errors import UserError

# A clipboard's program answers at once or never.
SECONDS = 10.0
MISSING = (
    "No program can put a picture into the clipboard: install xclip (X11) or wl-clipboard (Wayland), "
    "on Debian and Ubuntu with `sudo apt install xclip`; or save the picture."
)
POWERSHELL = (
    "Add-Type -AssemblyName System.Windows.Forms,System.Drawing;"
    "[Windows.Forms.Clipboard]::SetImage([Drawing.Image]::FromFile('{}'))"
)
APPLESCRIPT = 'set the clipboard to (read (POSIX file "{}") as «class PNGf»)'


def copy_png(png: bytes) -> None:
    """Put a PNG file's bytes into the clipboard. Raises UserError where that cannot be done."""
    command = _piped()
    if command is not None:
        _run(command, png)
        return
    system = platform.system()
    if system not in ("Windows", "Darwin"):
        raise UserError(MISSING)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture.png"
        path.write_bytes(png)
        if system == "Windows":
            quoted = str(path).replace("'", "''")
            _run(["powershell", "-NoProfile", "-STA", "-Command", POWERSHELL.format(quoted)])
        else:
            _run(["osascript", "-e", APPLESCRIPT.format(path)])


def _piped() -> list[str] | None:
    """The command that reads a PNG from its input; None where there is none."""
    if os.environ.get("WAYLAND_DISPLAY") and shutil.which("wl-copy"):
        return ["wl-copy", "--type", "image/png"]
    if os.environ.get("DISPLAY") and shutil.which("xclip"):
        return ["xclip", "-selection", "clipboard", "-target", "image/png"]
    return None


def _run(command: list[str], content: bytes | None = None) -> None:
    try:
        # Not captured: xclip and wl-copy leave a child behind that holds the picture, and the pipes open.
        subprocess.run(
            command,
            input=content,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise UserError(f"The clipboard's program {command[0]} failed: {error}.") from error
