"""Parts of a large picture at any scale, for the screen: a pyramid of halved copies."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.realtime.regions import Box

# The smallest copy's longer side, px: any screen shows less than this much scaled down.
SMALLEST = 512
# From this enlargement on the user wants to see pixels, not a blur.
SHOW_PIXELS = 3.0


class Pyramid:
    """A picture (uint8 [H, W, 3]) and its halved copies; a third more memory than the picture alone."""

    def __init__(self, picture: NDArray[np.uint8]) -> None:
        self._levels = [picture]
        while max(self._levels[-1].shape[:2]) >= 2 * SMALLEST:
            self._levels.append(_halved(self._levels[-1]))

    def part(self, box: Box, width: int, height: int) -> NDArray[np.uint8]:
        """``box`` of the picture (px, may reach past it: black there) as uint8 [height, width, 3]."""
        shrink = min(box.width / width, box.height / height)
        level = int(np.clip(np.floor(np.log2(max(shrink, 1.0))), 0, len(self._levels) - 1))
        picture, whole = self._levels[level], self._levels[0]
        # Odd sides are rounded on the way down: the levels' own proportions say where a pixel is.
        x, y = picture.shape[1] / whole.shape[1], picture.shape[0] / whole.shape[0]
        return scaled_part(
            picture, Box(box.left * x, box.top * y, box.right * x, box.bottom * y), width, height
        )


def scaled_part(picture: NDArray[np.uint8], box: Box, width: int, height: int) -> NDArray[np.uint8]:
    """``box`` of a picture or mask (uint8 [H, W] or [H, W, 3]) as width x height px; 0 outside it."""
    shrink = int(min(box.width / width, box.height / height))
    left, top = 0, 0
    if shrink >= 2:
        # Whole blocks are averaged first: sampling alone would skip thin lines.
        left, top = max(0, int(box.left) // shrink * shrink), max(0, int(box.top) // shrink * shrink)
        right, bottom = (max(0, int(np.ceil(end / shrink))) * shrink for end in (box.right, box.bottom))
        picture = _in_blocks(picture[top:bottom, left:right], shrink)
        box = Box(
            *(
                (edge - low) / shrink
                for edge, low in zip(
                    (box.left, box.top, box.right, box.bottom), (left, top, left, top), strict=True
                )
            )
        )
    if picture.size == 0:
        return np.zeros((height, width, *picture.shape[2:]), np.uint8)
    x, y = box.width / width, box.height / height
    # Of pixel centres, OpenCV's convention for resizing.
    matrix = np.array([[x, 0.0, box.left + 0.5 * x - 0.5], [0.0, y, box.top + 0.5 * y - 0.5]])
    way = cv2.INTER_NEAREST if max(x, y) <= 1 / SHOW_PIXELS else cv2.INTER_LINEAR
    shown = cv2.warpAffine(picture, matrix, (width, height), flags=way | cv2.WARP_INVERSE_MAP)
    return np.asarray(shown, np.uint8)


def _halved(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = picture.shape[:2]
    size = max(1, width // 2), max(1, height // 2)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _in_blocks(picture: NDArray[np.uint8], shrink: int) -> NDArray[np.uint8]:
    """Means of blocks of shrink x shrink px; the last ones may be smaller."""
    height, width = picture.shape[:2]
    if height == 0 or width == 0:
        return picture
    rows, columns = -height % shrink, -width % shrink
    padded = (
        cv2.copyMakeBorder(picture, 0, rows, 0, columns, cv2.BORDER_REPLICATE) if rows or columns else picture
    )
    size = (width + columns) // shrink, (height + rows) // shrink
    return np.asarray(cv2.resize(padded, size, interpolation=cv2.INTER_AREA), np.uint8)
