"""What the brush added where no head was found: squares around it, to be drawn like heads."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.realtime import blend
from animirror.realtime.follow import on_whole_pixels
from animirror.realtime.locate import SegmenterLike, Track
from animirror.realtime.regions import Crop
from animirror.realtime.scene import Head
from animirror.realtime.studio.document import Snapshot

# Places are looked for in a copy of the mask with so many pixels on its longer side.
LOOK_SIDE = 512
# A place needs a square of its own where the mask is over this and heads cover less of it: a head's own
# mask fades as its drawing does, and is never both.
COVERED = 0.5
# Room around a place, as a share of its longer side: the drawing fades at the border of its square.
ROOM = 0.3
# Generators know heads, not eyebrows: a square is no smaller than the heads' middle one or, without any, than
# this share of the picture's shorter side.
LEAST_SIDE = 0.25
# At most so many, the largest first; smaller places than this many pixels of the copy are specks.
MAX_PLACES, SPECK = 6, 4


def squares_beyond(snapshot: Snapshot, segmenter: SegmenterLike) -> list[Head]:
    """Squares around what no head's drawing covers of the mask, as heads; the largest first."""
    height, width = snapshot.mask.shape
    scale = min(1.0, LOOK_SIDE / max(width, height))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    mask = cv2.resize(snapshot.mask, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255.0
    crops = [head.crop for head in snapshot.heads]
    bare = (mask > COVERED) & (_covered(crops, scale, size) < COVERED)
    count, _, boxes, _ = cv2.connectedComponentsWithStats(bare.astype(np.uint8), connectivity=8)
    sides = [crop.side for crop in crops]
    least = float(np.median(sides)) if sides else LEAST_SIDE * min(width, height)
    places = sorted(range(1, count), key=lambda i: -int(boxes[i, cv2.CC_STAT_AREA]))[:MAX_PLACES]
    return [
        _as_head(_square(boxes[i], scale, least), snapshot.frame, segmenter)
        for i in places
        if boxes[i, cv2.CC_STAT_AREA] >= SPECK
    ]


def _covered(crops: list[Crop], scale: float, size: tuple[int, int]) -> NDArray[np.float32]:
    """float32 [h, w]: how far the heads' drawings cover the copy."""
    coverage = np.zeros((size[1], size[0]), np.float32)
    picture = np.zeros((size[1], size[0], 3), np.uint8)
    for crop in crops:
        side = max(1, round(crop.side * scale))
        nothing = np.zeros((side, side, 3), np.uint8)
        small = Crop(crop.center_x * scale, crop.center_y * scale, crop.side * scale)
        blend.composite(picture, coverage, nothing, blend.border_fade(side), small)
    return coverage


def _square(box: NDArray[np.int32], scale: float, least: float) -> Crop:
    left, top, width, height = (float(value) / scale for value in box[:4])
    side = max(max(width, height) * (1 + 2 * ROOM), least)
    return on_whole_pixels(Crop(left + width / 2, top + height / 2, side))


def _as_head(crop: Crop, frame: NDArray[np.uint8], segmenter: SegmenterLike) -> Head:
    """The square as the filter draws heads: with what the segmenter says of skin, hair and eyes in it."""
    image = crop.extract(frame, segmenter.size)
    probabilities = segmenter(image[None])[0]
    own = np.ones(probabilities.shape[1:], np.float32)
    return Head.of(Track(0, crop, crop.box, image, probabilities, own))
