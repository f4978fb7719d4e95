"""Drawings enlarged without their lines going soft: edges sharpened first, then drawn together.

Enlarging a drawing of 256 px blurs it, and sharpening alone brings its pixels out. So colours are also pushed
towards the edges from both sides, and what lies between two colours gets narrow.

Image-dependent warping (Arad and Gotsman, IEEE Trans. Image Processing 8(8), 1999).
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

# All of what follows is done from the first enlargement on, less below it, nothing where none is enlarged.
WHOLLY_FROM = 1.25
# Added is what a blur of so many pixels takes away, but for so many levels (flat areas' grain, which would
# flicker).
BLUR, LEVELS = 0.7, 6
# Grey levels per pixel from which on an edge is a whole one; how far it is felt (standard deviation), px.
EDGE, FELT = 40.0, 1.0
# How far a pixel looks away from an edge for its colour, px for each px in which an edge begins: 1.2 px of
# the drawing at most. More takes lashes away, half of it leaves the ragged pixels in sight.
PUSH = 4.0
# Up to so many times it is all done at once; for more the drawing is doubled first, or its edges, which get
# narrower by pixels of the drawing, would be wide ones of the picture.
AT_ONCE = 3.0
# In frames of videos lines get crisp at this side, and larger drawings are plainly enlarged from there: of
# 900 px in 5 ms instead of 11, of 2,000 px in 5 instead of 45, with edges half a pixel to two wider.
MOST_IN_FRAMES = 640

# Rows and columns of a picture.
Part = tuple[slice, slice]
WHOLE: Part = (slice(None), slice(None))


def enlarged(
    drawing: NDArray[np.uint8], side: int, part: Part = WHOLE, most: int | None = None
) -> NDArray[np.uint8]:
    """A square drawing (uint8 [S, S, 3] BGR) with ``side`` pixels a side, or a part of that.

    Where it is to be smaller it is averaged. ``most``: up to which side its lines are made crisp.
    """
    if most is not None and len(drawing) < most < side:
        return np.asarray(resized(enlarged(drawing, most), side)[part], np.uint8)
    while side > AT_ONCE * len(drawing):
        drawing = enlarged(drawing, 2 * len(drawing))
    size = len(drawing)
    strength = min(1.0, (side / size - 1.0) / (WHOLLY_FROM - 1.0))
    if strength <= 0.0:
        return np.asarray(resized(drawing, side)[part], np.uint8)
    large = resized(_sharpened(drawing, strength), side)
    across, down = (
        cv2.resize(places, (side, side), interpolation=cv2.INTER_LINEAR)[part]
        for places in _sources(drawing, strength, side / size)
    )
    crisp = cv2.remap(large, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(crisp, np.uint8)


def resized(picture: NDArray[Any], side: int, enlarging: int = cv2.INTER_CUBIC) -> NDArray[Any]:
    """A square picture with ``side`` pixels a side; reduced by averaging, enlarged by ``enlarging``."""
    way = enlarging if side > picture.shape[0] else cv2.INTER_AREA
    return np.asarray(cv2.resize(picture, (side, side), interpolation=way))


def _sharpened(drawing: NDArray[np.uint8], strength: float) -> NDArray[np.uint8]:
    """Unsharp masking, held between the darkest and the lightest pixel nearby: lines get no halo."""
    blurred = cv2.GaussianBlur(drawing, (0, 0), BLUR)
    lighter, darker = (
        cv2.addWeighted(lost, strength, lost, 0.0, -strength * LEVELS)
        for lost in (cv2.subtract(drawing, blurred), cv2.subtract(blurred, drawing))
    )
    sharp = cv2.subtract(cv2.add(drawing, lighter), darker)
    near = np.ones((3, 3), np.uint8)
    return np.asarray(cv2.max(cv2.min(sharp, cv2.dilate(drawing, near)), cv2.erode(drawing, near)), np.uint8)


def _sources(
    drawing: NDArray[np.uint8], strength: float, scale: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Where each of a drawing's pixels looks for its colour in one enlarged ``scale`` times.

    Its own place, moved away from edges: float32 [S, S] each, px of the enlarged one, right and down.
    """
    grey = cv2.cvtColor(drawing, cv2.COLOR_BGR2GRAY)
    edge = np.minimum(cv2.magnitude(*_slopes(grey)), np.float32(EDGE)) / np.float32(EDGE)
    push = np.float32(-strength * PUSH * scale)
    right, down = (push * slope for slope in _slopes(cv2.GaussianBlur(edge, (0, 0), FELT)))
    places = ((np.arange(len(drawing)) + 0.5) * scale - 0.5).astype(np.float32)
    return right + places, down + places[:, None]


def _slopes(image: NDArray[Any]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """How much an image (uint8 or float32 [S, S]) rises per pixel, to the right and downwards."""
    right, down = (cv2.Sobel(image, cv2.CV_32F, *order, scale=1 / 8) for order in ((1, 0), (0, 1)))
    return np.asarray(right, np.float32), np.asarray(down, np.float32)
