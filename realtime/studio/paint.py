"""What is drawn over a picture on the screen: the selection's tint and outline, the line of a split."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

# BGR: seldom a colour of skin, hair or clothes, and seen on dark and light; and how much of it covers.
TINT, TINT_SHARE = (255, 140, 30), 0.3
# The line is bright on a dark one, so that it is seen on every picture.
LINE, LINE_SHADOW = (255, 255, 255), (60, 30, 0)
OFF = (150, 150, 150)


def tinted(picture: NDArray[np.uint8], mask: NDArray[np.uint8], width: int = 1) -> NDArray[np.uint8]:
    """A picture (uint8 [h, w, 3] BGR) with the selection (uint8 [h, w]) tinted and outlined; a new array."""
    share = mask.astype(np.float32) * np.float32(TINT_SHARE / 255.0)
    tint = np.empty_like(picture)
    tint[:] = TINT
    result = np.asarray(cv2.blendLinear(tint, picture, share, 1.0 - share), np.uint8)
    edges, _ = cv2.findContours((mask > 127).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(result, edges, -1, LINE_SHADOW, 2 * width + 1, cv2.LINE_AA)
    cv2.drawContours(result, edges, -1, LINE, width, cv2.LINE_AA)
    return result


def split(
    before: NDArray[np.uint8],
    after: NDArray[np.uint8],
    column: int,
    rows: tuple[int, int],
    width: int = 2,
) -> NDArray[np.uint8]:
    """``before`` left of a column, ``after`` right of it; a new array.

    Between them, from the first to the last of ``rows``, a line with a handle.
    """
    result = after.copy()
    column = min(max(0, column), after.shape[1])
    result[:, :column] = before[:, :column]
    top, bottom = rows
    cv2.line(result, (column, top), (column, bottom - 1), LINE_SHADOW, width + 2)
    cv2.line(result, (column, top), (column, bottom - 1), LINE, width)
    center, radius = (column, (top + bottom) // 2), 8 * width
    cv2.circle(result, center, radius, LINE_SHADOW, -1, cv2.LINE_AA)
    cv2.circle(result, center, radius, LINE, width, cv2.LINE_AA)
    for side in (-1, 1):
        tip, back = column + side * 5 * width, column + side * 2 * width
        arrow = np.array([(tip, center[1]), (back, center[1] - 3 * width), (back, center[1] + 3 * width)])
        cv2.fillPoly(result, [arrow.astype(np.int32)], LINE, cv2.LINE_AA)
    return result


def brush_ring(
    picture: NDArray[np.uint8], place: tuple[float, float], radius: float, hardness: float
) -> None:
    """The brush's outline in place, and within it the edge of its hard part; window pixels."""
    center, shift = (round(place[0] * 16), round(place[1] * 16)), 4
    rings: Sequence[float] = (radius,) if hardness >= 1 else (radius, radius * hardness)
    for size in rings:
        for color, width in ((LINE_SHADOW, 3), (LINE, 1)):
            cv2.circle(picture, center, max(16, round(size * 16)), color, width, cv2.LINE_AA, shift)
