"""Mouths opened by force: portraits with labels smile or keep still, and who never saw a shout draws none.

The jaw is let down below the line between the lips and the gap is filled as a mouth is inside; photo and
labels are moved alike, so the pen draws what the photo shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from animirror.training.pen.paint import Canvas, Lab, Map, blurred, random_lab, remapped

# Lips of fewer pixels than this share of the view are not opened.
MIN_LIPS = 0.001
# How far the jaw is let down and how much narrower the mouth becomes, in half widths of the mouth: from a
# word to a shout, from a laugh to an O.
DROP, NARROWER = (0.35, 1.15), (0.0, 0.32)
# The drop is felt this far below the lips, and the squeeze this far around, half widths.
JAW, AROUND = 3.4, 1.3
# How much wider than the mouth the jaw moves, per half width below it.
WIDENS = 0.7
# Bisections that turn the drop around: 2^-12 of a mouth's half width is under a hundredth of a pixel.
STEPS = 12
# Colours inside (L*, a*, b* from, to): darkness, tongue, teeth, in a photo under studio light.
THROAT = Lab(7.0, 10.0, 4.0), Lab(24.0, 26.0, 12.0)
TONGUE = Lab(36.0, 24.0, 10.0), Lab(56.0, 34.0, 16.0)
TEETH = Lab(68.0, 0.0, 4.0), Lab(86.0, 4.0, 14.0)
# An inner mouth over this share of the squared half width already shows its teeth.
OPEN = 0.1
# The lower lip's edge is looked for at PLACES between -REACH and REACH (corners are at -1 and 1), each NEAR
# wide to both sides; a parabola that hands and teeth do not bend needs so many of them.
REACH, PLACES, NEAR, LEAST_PLACES = 0.85, 12, 0.08, 6
# Where a tongue begins and how high teeth are, of the gap's depth; how wide a tongue is, of the mouth.
TONGUE_TOP, TONGUE_WIDTH, TEETH_HEIGHT = (0.5, 0.75), (0.5, 0.8), (0.12, 0.3)
# How often tongue and upper teeth are seen.
TONGUE_SEEN, TEETH_SEEN = 0.6, 0.5


@dataclass(frozen=True)
class _Mouth:
    """Middle of the lips (px), unit vector from corner to corner, half their width (px), and where the lower
    lip begins: coefficients of a parabola over the width, half widths below the middle."""

    x: float
    y: float
    along: tuple[float, float]
    half: float
    line: NDArray[np.float64]

    def coordinates(self, size: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Every pixel of a view along and across the mouth, half widths from its middle."""
        y, x = np.mgrid[:size, :size].astype(np.float64)
        (ax, ay), dx, dy = self.along, x - self.x, y - self.y
        return (dx * ax + dy * ay) / self.half, (dy * ax - dx * ay) / self.half

    def below(self, u: NDArray[np.float64], v: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far places lie below where the lips meet, half widths."""
        return np.asarray(v - np.polyval(self.line, np.clip(u, -1.0, 1.0)), np.float64)


def open_mouth(
    photo: NDArray[np.uint8], labels: Mapping[str, Map], random: np.random.Generator
) -> tuple[NDArray[np.uint8], dict[str, Map]] | None:
    """The head with its mouth wide open, and its labels; None where no lips are seen.

    ``photo``: uint8 [S, S, 3] BGR; ``labels``: float32 [S, S] in 0..1 by name (CelebAMask-HQ's).
    """
    mouth = _find(labels)
    if mouth is None:
        return None
    drop, narrower = random.uniform(*DROP), random.uniform(*NARROWER)
    map_x, map_y, gap = _moved(mouth, photo.shape[0], drop, narrower)
    inside = blurred(gap, 0.5 * photo.shape[0] / 256)
    moved = remapped(photo, map_x, map_y).astype(np.float32)
    filled = moved + inside[..., None] * (_inside(mouth, gap, labels, random) - moved)
    maps = {name: remapped(values, map_x, map_y) * (1.0 - inside) for name, values in labels.items()}
    maps["mouth"] = np.asarray(maps["mouth"] + inside, np.float32)
    return np.clip(np.round(filled), 0, 255).astype(np.uint8), maps


def _find(labels: Mapping[str, Map]) -> _Mouth | None:
    lower = labels["lower_lip"] > 0.5
    lips = lower | (labels["upper_lip"] > 0.5) | (labels["mouth"] > 0.5)
    rows, columns = np.nonzero(lips)
    if rows.size < MIN_LIPS * lips.size or np.count_nonzero(lower) < MIN_LIPS * lips.size / 4:
        return None
    points = np.stack([columns, rows], axis=1).astype(np.float64)
    middle = points.mean(axis=0)
    _, directions = np.linalg.eigh(np.cov((points - middle).T))
    along = directions[:, 1] * (1.0 if directions[0, 1] >= 0 else -1.0)
    across = np.array([-along[1], along[0]])
    half = float(np.ptp((points - middle) @ along)) / 2.0
    u, v = (((np.argwhere(lower)[:, ::-1] - middle) @ axis) / half for axis in (along, across))
    columns_at = [(place, abs(u - place) < NEAR) for place in np.linspace(-REACH, REACH, PLACES)]
    tops = [(place, v[near].min()) for place, near in columns_at if near.any()]
    if len(tops) < LEAST_PLACES:
        return None
    places, begins = np.array(tops).T
    line = np.polyfit(places, begins, 2)
    return _Mouth(float(middle[0]), float(middle[1]), (float(along[0]), float(along[1])), half, line)


def _moved(
    mouth: _Mouth, size: int, drop: float, narrower: float
) -> tuple[NDArray[np.float32], NDArray[np.float32], Map]:
    """Where each pixel comes from (x, y), and the gap that comes from nowhere."""
    u, v = mouth.coordinates(size)
    u = u * (1.0 + narrower * np.exp(-(np.square(u) + np.square(v)) / AROUND**2))
    below = mouth.below(u, v)
    source = _before(below, u, drop)
    opening = drop * _share(u, np.zeros_like(u))
    gap = ((below > 0.0) & (below < opening)).astype(np.float32)
    v = np.where(below > 0.0, v - below + source, v)
    (ax, ay), half = mouth.along, mouth.half
    map_x = mouth.x + half * (u * ax - v * ay)
    map_y = mouth.y + half * (u * ay + v * ax)
    return map_x.astype(np.float32), map_y.astype(np.float32), gap


def _before(below: NDArray[np.float64], u: NDArray[np.float64], drop: float) -> NDArray[np.float64]:
    """Where below the lips a place was before the jaw went down; what was above stays, the gap was at 0."""
    low, high = np.zeros_like(below), np.maximum(below, 0.0)
    for _ in range(STEPS):
        middle = (low + high) / 2.0
        too_low = middle + drop * _share(u, middle) > below
        low, high = np.where(too_low, low, middle), np.where(too_low, middle, high)
    return (low + high) / 2.0


def _share(u: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much of the drop is felt: an arch from corner to corner, wider and less further down."""
    arch = np.clip(1.0 - np.square(u / (1.0 + WIDENS * below)), 0.0, 1.0) ** 0.7
    return np.asarray(arch * np.clip(1.0 - below / JAW, 0.0, 1.0) ** 1.2, np.float64)


def _inside(
    mouth: _Mouth, gap: Map, labels: Mapping[str, Map], random: np.random.Generator
) -> NDArray[np.float32]:
    """The gap's colours, float32 [S, S, 3] BGR in 0..255: darkness, mostly a tongue, often upper teeth."""
    size = gap.shape[0]
    u, v = mouth.coordinates(size)
    below = mouth.below(u, v)
    deepest = float(below[gap > 0].max(initial=1e-3))
    canvas = Canvas(np.tile(random_lab(THROAT, random).bgr, (size, size, 1)))
    if random.random() < TONGUE_SEEN:
        top, wide = random.uniform(*TONGUE_TOP), random.uniform(*TONGUE_WIDTH)
        tongue = np.square(u / wide) + np.square((below / deepest - 1.1) / (1.1 - top)) < 1.0
        canvas.lay(random_lab(TONGUE, random), blurred(tongue.astype(np.float32), 1.5 * canvas.unit))
    if not (labels["mouth"] > 0.5).sum() > OPEN * np.square(mouth.half) and random.random() < TEETH_SEEN:
        teeth = below < random.uniform(*TEETH_HEIGHT) * deepest * (1.0 - 0.5 * np.square(u))
        canvas.lay(random_lab(TEETH, random), blurred(teeth.astype(np.float32), 0.5 * canvas.unit))
    return canvas.picture * np.float32(255.0)
