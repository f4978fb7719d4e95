"""What a live frame looks like: before and after, the mask, notes, the privacy card, figures, help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.realtime.controls import HELP, Controls

# Tint of the mask (BGR) and how much of it covers the picture.
TINT, TINT_SHARE = (60, 40, 230), 0.6
LINE_COLOR, TEXT_COLOR, NOTE_COLOR = (255, 255, 255), (255, 255, 255), (80, 200, 255)
CARD_COLOR = (48, 40, 36)
CARD_TEXT = "The camera is paused"
# Text is sized for a picture of this height (pixels) and grows with it, but stays readable in small ones.
TEXT_HEIGHT, TEXT_SCALE, MIN_SCALE = 720, 0.6, 0.4
FONT = cv2.FONT_HERSHEY_SIMPLEX
# Between columns, in pixels of unscaled text.
COLUMN_GAP = 24.0
# How much of the picture is seen through a box of text.
BOX_SEEN = 0.35


@dataclass(frozen=True)
class View:
    """A finished live frame: what came in and what goes out, uint8 [H, W, 3] BGR of one size.

    ``mask``: float32 [H, W] in 0..1, what was drawn over (None: nothing); ``controls``: those it was made
    with; ``time``: the source's, seconds; ``note``: what is wrong with the source (already drawn), or None.
    """

    before: NDArray[np.uint8]
    after: NDArray[np.uint8]
    mask: NDArray[np.float32] | None
    controls: Controls
    time: float
    note: str | None = None


def compose(view: View, controls: Controls, figures: Sequence[str], message: str | None) -> NDArray[np.uint8]:
    """The window's picture: the view as ``controls`` ask for, with text over it. ``view`` stays untouched."""
    picture = tinted(view) if controls.mask else view.after.copy()
    if controls.split is not None:
        _split(picture, view.before, controls.split)
    if controls.hud:
        draw_text(picture, figures, top=True)
    if controls.help:
        draw_text(picture, HELP, top=True, right=True)
    if message:
        draw_text(picture, [message], top=False)
    if controls.recording:
        radius = max(4, picture.shape[0] // 60)
        cv2.circle(
            picture, (picture.shape[1] - 3 * radius, 3 * radius), radius, (40, 40, 230), -1, cv2.LINE_AA
        )
    return picture


def tinted(view: View) -> NDArray[np.uint8]:
    """The picture before, with the mask over it in TINT."""
    if view.mask is None:
        return view.before.copy()
    share = view.mask * np.float32(TINT_SHARE)
    tint = np.empty_like(view.before)
    tint[:] = TINT
    return np.asarray(cv2.blendLinear(tint, view.before, share, 1.0 - share), np.uint8)


def card(width: int, height: int) -> NDArray[np.uint8]:
    """A plain picture that says that there is none: uint8 [height, width, 3]."""
    picture = np.empty((height, width, 3), np.uint8)
    picture[:] = CARD_COLOR
    scale = 2 * _scale(height)
    (length, _), _ = cv2.getTextSize(CARD_TEXT, FONT, scale, 2)
    _put(picture, CARD_TEXT, (max(0, (width - length) // 2), height // 2), scale, TEXT_COLOR)
    return picture


def draw_note(picture: NDArray[np.uint8], note: str) -> None:
    """A note at the foot of a picture, in place."""
    draw_text(picture, [note], top=False, color=NOTE_COLOR)


def draw_text(
    picture: NDArray[np.uint8],
    lines: Sequence[str | tuple[str, ...]],
    top: bool,
    right: bool = False,
    color: tuple[int, int, int] = TEXT_COLOR,
) -> None:
    """Lines in a dark box in a corner of the picture, in place; made smaller where they would not fit.

    A line may be a tuple of cells; those of all lines stand in columns.
    """
    height, width = picture.shape[:2]
    rows = [(line,) if isinstance(line, str) else line for line in lines]
    columns, row_height = _columns(rows)
    widest = columns[-1]
    if not widest:
        return
    tall = row_height * 1.35
    scale = min(_scale(height), 0.94 * width / widest, 0.94 * height / (tall * len(rows)))
    row, margin = tall * scale, round(0.5 * tall * scale)
    box_width = min(width, round(widest * scale) + 2 * margin)
    box_height = min(height, round(row * len(rows)) + margin)
    x, y = width - box_width if right else 0, 0 if top else height - box_height
    box = picture[y : y + box_height, x : x + box_width]
    box[:] = cv2.convertScaleAbs(box, alpha=BOX_SEEN)
    for index, cells in enumerate(rows):
        for left, cell in zip(columns, cells, strict=False):
            place = (x + margin + round(left * scale), y + round(row * (index + 0.9)))
            _put(picture, cell, place, scale, color)


def _columns(rows: Sequence[tuple[str, ...]]) -> tuple[list[float], float]:
    """Where each column begins and the last ends, and the height of the tallest line, in unscaled pixels."""
    widths: list[float] = [0.0] * max((len(cells) for cells in rows), default=0)
    tallest = 0.0
    for cells in rows:
        for column, cell in enumerate(cells):
            (length, height), base = cv2.getTextSize(cell, FONT, 1.0, 1)
            widths[column] = max(widths[column], length)
            tallest = max(tallest, height + base)
    starts = [0.0]
    for width in widths:
        starts.append(starts[-1] + width + COLUMN_GAP)
    return [*starts[:-1], max(0.0, starts[-1] - COLUMN_GAP)], tallest


def _scale(height: int) -> float:
    return max(MIN_SCALE, TEXT_SCALE * height / TEXT_HEIGHT)


def _put(
    picture: NDArray[np.uint8], text: str, place: tuple[int, int], scale: float, color: tuple[int, int, int]
) -> None:
    cv2.putText(picture, text, place, FONT, scale, color, max(1, round(1.6 * scale)), cv2.LINE_AA)


def _split(picture: NDArray[np.uint8], before: NDArray[np.uint8], share: float) -> None:
    column = round(share * picture.shape[1])
    picture[:, :column] = before[:, :column]
    cv2.line(picture, (column, 0), (column, picture.shape[0]), LINE_COLOR, max(1, picture.shape[0] // 360))
