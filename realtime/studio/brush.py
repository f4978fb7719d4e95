"""The brush: what one movement of it covers, as a patch of the picture."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.realtime.blend import guided_filter
from animirror.realtime.errors import UserError
from animirror.realtime.regions import Box

# Diameters in shares of the picture's shorter side: one to begin with, the finest and the largest.
USUAL_SIZE, SMALLEST_SIZE, LARGEST_SIZE = 0.06, 0.004, 0.5
# A brush of less than this many pixels covers nothing of its own.
MIN_PIXELS = 2.0
# The rim of a hard brush is as wide as a pixel, or strokes would show steps.
RIM = 1.0
# Longest piece of a way that is looked at at once, in brushes: its box is then mostly brush.
STRETCH = 2.0
# Snapping compares colours in so many pixels a side: finer grain is noise, and it must keep up with the
# hand.
SNAP_SIDE = 160
# Colours are taken from the middle of the brush, this share of its radius: where the user aims.
AIM = 0.3
# A pixel is alike up to this distance in 8-bit Lab, or up to so many deviations of the colours aimed at.
ALIKE, ALIKE_DEVIATIONS = 14.0, 2.5
# ... and the distance at which nothing of it is left, as a multiple of that.
UNLIKE = 1.6
# The guided filter that takes the patch to the edges: window as a share of the patch, epsilon as in blend.
SNAP_RADIUS, SNAP_EPSILON = 1 / 24, 0.001
# What it leaves under the first is not covered, over the second it is wholly.
SNAP_OUTSIDE, SNAP_INSIDE = 0.25, 0.75

Point = tuple[float, float]


@dataclass(frozen=True)
class Brush:
    """``size``: diameter in picture pixels; ``hardness``: 1 a hard edge, 0 soft from the middle outwards;

    ``snap``: cover only what is like the colour aimed at and hangs together with it; ``erase``: take away.
    Raises UserError for a size that is no brush or a hardness out of 0..1.
    """

    size: float
    hardness: float = 1.0
    snap: bool = False
    erase: bool = False

    def __post_init__(self) -> None:
        if not self.size >= MIN_PIXELS:
            raise UserError(f"A brush must be at least {MIN_PIXELS:g} pixels wide, not {self.size:g}.")
        if not 0.0 <= self.hardness <= 1.0:
            raise UserError(f"The brush's hardness must be between 0 and 1, not {self.hardness:g}.")


@dataclass(frozen=True)
class Patch:
    """What is covered: uint8 [h, w], 0..255, its corner at (left, top) of the picture."""

    coverage: NDArray[np.uint8]
    left: int
    top: int

    @property
    def box(self) -> Box:
        height, width = self.coverage.shape
        return Box(self.left, self.top, self.left + width, self.top + height)


def default_size(width: int, height: int) -> float:
    """A diameter in proportion to a picture of this size, px."""
    return max(MIN_PIXELS, USUAL_SIZE * min(width, height))


def size_limits(width: int, height: int) -> tuple[float, float]:
    """The finest and the largest brush for a picture of this size, px."""
    side = min(width, height)
    return max(MIN_PIXELS, SMALLEST_SIZE * side), max(MIN_PIXELS, LARGEST_SIZE * side)


def stretches(start: Point, end: Point, size: float) -> list[tuple[Point, Point]]:
    """A way in pieces of at most STRETCH brushes: a flick across a large picture covers little of it."""
    length = math.hypot(end[0] - start[0], end[1] - start[1])
    count = max(1, math.ceil(length / (STRETCH * size)))
    points = np.linspace(start, end, count + 1).tolist()
    return [((a[0], a[1]), (b[0], b[1])) for a, b in itertools.pairwise(points)]


def covered_patch(picture: NDArray[np.uint8], brush: Brush, start: Point, end: Point) -> Patch | None:
    """What the brush covers of ``picture`` (uint8 [H, W, 3] BGR) on its straight way from start to end.

    Points are (x, y) in picture pixels, (0, 0) the first pixel's outer corner. None: outside the picture.
    """
    height, width = picture.shape[:2]
    reach = brush.size / 2 + RIM
    left, right = _range(start[0], end[0], reach, width)
    top, bottom = _range(start[1], end[1], reach, height)
    if left >= right or top >= bottom:
        return None
    distance = _distance_to_line((left, top, right, bottom), start, end)
    coverage = _profile(distance, brush)
    if brush.snap:
        coverage *= _alike(picture[top:bottom, left:right], distance, brush.size / 2)
    return Patch(np.round(coverage * 255).astype(np.uint8), left, top)


def _range(first: float, second: float, reach: float, length: int) -> tuple[int, int]:
    low, high = min(first, second) - reach, max(first, second) + reach
    return max(0, int(np.floor(low))), min(length, int(np.ceil(high)))


def _distance_to_line(area: tuple[int, int, int, int], start: Point, end: Point) -> NDArray[np.float32]:
    """float32 [h, w]: how far each pixel's centre is from the way between two points, px."""
    left, top, right, bottom = area
    x = (np.arange(left, right, dtype=np.float32) + np.float32(0.5 - start[0]))[None, :]
    y = (np.arange(top, bottom, dtype=np.float32) + np.float32(0.5 - start[1]))[:, None]
    along_x, along_y = np.float32(end[0] - start[0]), np.float32(end[1] - start[1])
    squared = along_x * along_x + along_y * along_y
    if squared > 0:
        share = np.clip((x * along_x + y * along_y) / squared, 0.0, 1.0)
        x, y = x - share * along_x, y - share * along_y
    return np.sqrt(x * x + y * y, dtype=np.float32)


def _profile(distance: NDArray[np.float32], brush: Brush) -> NDArray[np.float32]:
    """Coverage by distance: 1 up to the hard part of the radius, then a smooth fall to the rim."""
    radius = brush.size / 2
    fall = max(RIM, radius * (1 - brush.hardness))
    share = np.clip((radius + RIM / 2 - distance) / np.float32(fall), 0.0, 1.0)
    return np.asarray(share * share * (3 - 2 * share), np.float32)


def _alike(patch: NDArray[np.uint8], distance: NDArray[np.float32], radius: float) -> NDArray[np.float32]:
    """float32 [h, w] in 0..1: 1 where the patch looks like what the brush's middle is on and hangs together

    with it, taken to the picture's edges by the guided filter.
    """
    height, width = distance.shape
    scale = min(1.0, SNAP_SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(patch, size, interpolation=cv2.INTER_AREA)
    aimed = cv2.resize(distance, size, interpolation=cv2.INTER_AREA) <= max(radius * AIM, 1 / scale)
    lab = cv2.cvtColor(small, cv2.COLOR_BGR2LAB).astype(np.float32)
    if not aimed.any():
        return np.zeros((height, width), np.float32)
    # The median: one strand of hair under the brush must not make the skin around it its aim.
    middle = np.median(lab[aimed], axis=0)
    away = np.linalg.norm(lab - middle, axis=2)
    limit = max(ALIKE, ALIKE_DEVIATIONS * float(np.median(away[aimed])))
    likeness = np.clip((UNLIKE * limit - away) / np.float32((UNLIKE - 1) * limit), 0.0, 1.0)
    likeness = np.where(_connected(likeness > 0.5, aimed), likeness, np.float32(0))
    # Found in the small patch, taken to the edges in the whole one.
    guide = cv2.cvtColor(patch, cv2.COLOR_BGR2GRAY).astype(np.float32) / 255.0
    whole = np.asarray(cv2.resize(likeness, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    snapped = guided_filter(guide, whole, max(1, round(max(width, height) * SNAP_RADIUS)), SNAP_EPSILON)
    return np.asarray(np.clip((snapped - SNAP_OUTSIDE) / (SNAP_INSIDE - SNAP_OUTSIDE), 0, 1), np.float32)


def _connected(alike: NDArray[np.bool_], seeds: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The parts of ``alike`` that meet ``seeds``."""
    _, numbered = cv2.connectedComponents(alike.astype(np.uint8), connectivity=4)
    wanted = np.unique(numbered[seeds & alike])
    found: NDArray[np.bool_] = np.isin(numbered, wanted[wanted > 0])
    return found
