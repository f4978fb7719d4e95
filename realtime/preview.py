"""A contact sheet of a video: some moments, before and after, to look at before the long run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.realtime.colors import Upright, refuse_hdr
from animirror.realtime.decode import Decoder, clock_text
from animirror.realtime.errors import UserError
from animirror.realtime.filter import MIN_SIDE, FaceFilter
from animirror.realtime.images import Picture, check_writable, write_picture
from animirror.realtime.sources import letterboxed
from animirror.realtime.view import draw_text

# Width of one picture, pixels: two pairs beside each other fill a screen.
WIDTH = 480
# From so many moments on, two pairs stand beside each other.
TWO_COLUMNS_FROM = 4
MOST = 100
BORDER = 4
Pair = tuple[float, NDArray[np.uint8], NDArray[np.uint8]]


def write_preview(
    source: Path,
    target: Path,
    face_filter: FaceFilter,
    moments: int,
    begin: float | None = None,
    end: float | None = None,
    overwrite: bool = False,
) -> int:
    """Write a PNG of ``moments`` moments, evenly between ``begin`` and ``end`` (seconds); how many it has.

    A moment that cannot be decoded is left out. Raises UserError naming the file.
    """
    if not 1 <= moments <= MOST:
        raise UserError(f"--preview must be between 1 and {MOST}, not {moments}.")
    check_writable(target, source, overwrite)
    pairs: list[Pair] = []
    for time in _times(source, moments, begin, end):
        found = _frame_at(source, time)
        if found is None:
            continue
        # As the first frame of a video: a still picture would be drawn with more care.
        face_filter.reset()
        pairs.append((time, found, face_filter(found, 0.0).frame))
    if not pairs:
        raise UserError(f"{source} has no frame between these times that can be decoded.")
    write_picture(Picture(sheet(pairs)), target)
    return len(pairs)


def _times(source: Path, moments: int, begin: float | None, end: float | None) -> list[float]:
    """The middles of ``moments`` equal parts, seconds."""
    with Decoder(source) as decoder:
        length = decoder.length()
    if length is None and end is None:
        raise UserError(f"{source} does not tell its length; say with --to where it ends.")
    first = begin or 0.0
    last = min(time for time in (length, end) if time is not None)
    if last <= first:
        raise UserError(
            f"{source} ends at {clock_text(last)}, before the begin (--from {clock_text(first)})."
        )
    return [first + (index + 0.5) * (last - first) / moments for index in range(moments)]


def _frame_at(source: Path, seconds: float) -> NDArray[np.uint8] | None:
    with Decoder(source) as decoder:
        origin = decoder.stream.start_time or 0
        for decoded in decoder.frames(origin + round(seconds / decoder.base)):
            refuse_hdr(decoded.picture, source)
            frame = Upright()(decoded.picture)
            if min(frame.shape[:2]) < MIN_SIDE:
                raise UserError(f"{source} is too small; at least {MIN_SIDE}x{MIN_SIDE} pixels.")
            return frame
    return None


def sheet(pairs: Sequence[Pair]) -> NDArray[np.uint8]:
    """Times (seconds), pictures before and after (uint8 [H, W, 3] BGR) as one: uint8 [H', W', 3] BGR."""
    height = round(WIDTH * pairs[0][1].shape[0] / pairs[0][1].shape[1])
    cells = [_cell(time, before, after, height) for time, before, after in pairs]
    columns = 2 if len(cells) >= TWO_COLUMNS_FROM else 1
    rows = math.ceil(len(cells) / columns)
    blank = np.zeros_like(cells[0])
    cells += [blank] * (rows * columns - len(cells))
    return np.vstack([np.hstack(cells[row * columns : (row + 1) * columns]) for row in range(rows)])


def _cell(time: float, before: NDArray[np.uint8], after: NDArray[np.uint8], height: int) -> NDArray[np.uint8]:
    both = [letterboxed(picture, WIDTH, height) for picture in (before, after)]
    draw_text(both[0], [clock_text(time)], top=True)
    cell = np.hstack(both)
    return np.asarray(
        cv2.copyMakeBorder(cell, BORDER, BORDER, BORDER, BORDER, cv2.BORDER_CONSTANT, value=(0, 0, 0)),
        np.uint8,
    )
