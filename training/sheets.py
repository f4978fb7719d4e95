"""Contact sheets of a style: pictures with what became of them right below."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.realtime.errors import UserError
from animirror.realtime.images import Picture, check_target, write_picture

COLUMNS, SIDE = 8, 160
JPEG_QUALITY = 88
Pair = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def write_sheet(pairs: Sequence[Pair], path: Path) -> None:
    """Every picture with its result below it (uint8 [S, S, 3] BGR), COLUMNS a row. Raises UserError."""
    make_room(path)
    rows = []
    for start in range(0, len(pairs), COLUMNS):
        for row in zip(*pairs[start : start + COLUMNS], strict=True):
            cells = [cv2.resize(cell, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for cell in row]
            white = [np.full((SIDE, SIDE, 3), 255, np.uint8)] * (COLUMNS - len(row))
            rows.append(np.hstack([*cells, *white]))
    write_picture(Picture(np.asarray(np.vstack(rows), np.uint8)), path, JPEG_QUALITY)


def make_room(sheet: Path) -> None:
    """Make its folder; raise UserError where it could not be written."""
    try:
        sheet.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"The sheet {sheet} cannot be written: {error.strerror}.") from error
    check_target(sheet, overwrite=True)
