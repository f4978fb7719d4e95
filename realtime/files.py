"""Files that survive a full disk and a power cut: on the disk before they get their name."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

from animirror.realtime.errors import UserError


def settle(partial: Path, final: Path) -> None:
    """Give a finished file its name, once its content is on the disk and not only in memory."""
    with partial.open("rb+") as file:
        os.fsync(file.fileno())
    partial.replace(final)
    sync_folder(final.parent)


def sync_folder(folder: Path) -> None:
    """Write the names in a folder to the disk. Windows does that by itself, and offers no other way."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_json(path: Path, told: dict[str, Any]) -> None:
    """A JSON file that is there whole or not at all. Raises OSError."""
    partial = path.with_suffix(".part")
    partial.write_text(json.dumps(told, indent=1), "utf-8")
    settle(partial, path)


def unwritable(target: Path, error: Exception) -> UserError:
    """What to tell the user when a video could not be written."""
    if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
        return UserError(
            f"The disk of {target} is full; make room and go on with --resume, or choose another place (-o)."
        )
    if getattr(error, "errno", None) == errno.EFBIG:
        return UserError(f"{target} would become larger than a file may be there; choose another place (-o).")
    reason = getattr(error, "strerror", None) or error
    return UserError(f"The video {target} cannot be written: {reason}.")
