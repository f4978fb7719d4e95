"""Where to search a frame for heads: the whole of it and, where heads could be too small there, tiles."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.realtime.regions import Box, Crop, whole_frame

# Squares whose side is this many times the segmenter's input are searched in tiles of half the side as well,
# because it sees no head under a seventh of its input; while nobody is there, and in a still picture, these
# again, so that a head of 50 pixels in a 720p frame, or of 150 in a 4K one, is found.
TILED_FROM = 1.5
# ... or of this many pixels, where the input is larger: a finer segmenter is not to search less closely.
USUAL_INPUT = 256
TILE_LEVELS, ALL_TILE_LEVELS = 1, 2


def search_areas(frame: NDArray[np.uint8], size: int, levels: int = TILE_LEVELS) -> list[Crop]:
    """Squares to search: the whole frame and, where a head could be too small there, overlapping tiles.

    ``levels``: how often the tiles may be halved.
    """
    height, width = frame.shape[:2]
    areas = [whole_frame(height, width)]
    side = areas[0].side
    for _ in range(levels):
        if side < TILED_FROM * min(size, USUAL_INPUT):
            break
        side /= 2
        areas += [Crop(x, y, side) for y in _tile_centers(height, side) for x in _tile_centers(width, side)]
    return areas


def letterboxed(frame: NDArray[np.uint8], area: Crop, size: int) -> NDArray[np.uint8]:
    """A search area as uint8 [size, size, 3], black outside the frame.

    Crop.extract to whole pixels, in a third of the time: a search must not make a live frame late.
    """
    height, width = frame.shape[:2]
    seen = area.box.intersection(Box(0, 0, width, height))
    left, top, right, bottom = (round(edge) for edge in (seen.left, seen.top, seen.right, seen.bottom))
    scale = size / area.side
    # A tile's border may lie between pixels, and the pixel before it is begun with.
    x, y = (max(0, round(edge * scale)) for edge in (left - area.box.left, top - area.box.top))
    shape = max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale))
    part = cv2.resize(frame[top:bottom, left:right], shape, interpolation=cv2.INTER_AREA)
    picture = np.zeros((size, size, 3), np.uint8)
    picture[y : y + shape[1], x : x + shape[0]] = part[: size - y, : size - x]
    return picture


def _tile_centers(length: int, side: float) -> list[float]:
    """Centres of tiles of this side along a length, each overlapping the next by half at least."""
    if length <= side:
        return [length / 2]
    count = int(np.ceil((length - side) / (side / 2))) + 1
    return [float(x) for x in np.linspace(side / 2, length - side / 2, count)]
