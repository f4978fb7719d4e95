"""Colours and brushes: what every part of a drawing is painted with.

Pictures are float32 [S, S, 3] BGR in 0..1, maps float32 [S, S] in 0..1. Lengths are given in *units* of
1/256 of the side, so that a drawing looks alike at every size; points are (x, y) in pixels.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.realtime.proportions import Value

Map = NDArray[np.float32]
Point = tuple[float, float]

# OpenCV draws with this many fractional bits: strokes at whole pixels would tremble.
_BITS = 4


@dataclass(frozen=True)
class Lab:
    """A colour in CIE L*a*b*: ``lightness`` 0..100, ``green_red`` and ``blue_yellow`` about -128..127."""

    lightness: float
    green_red: float
    blue_yellow: float

    def changed(self, lighter: float = 0.0, redder: float = 0.0, vivid: float = 1.0) -> Lab:
        """``lighter``: levels of L* added; ``redder``: of a*; ``vivid``: factor of both a* and b*."""
        lightness = float(np.clip(self.lightness + lighter, 3.0, 97.0))
        return Lab(lightness, self.green_red * vivid + redder, self.blue_yellow * vivid)

    def mixed(self, other: Lab, weight: float) -> Lab:
        """This colour with ``weight`` (0..1) of another."""
        mine, its = np.array(self.values), np.array(other.values)
        return Lab(*(mine + weight * (its - mine)))

    @property
    def values(self) -> tuple[float, float, float]:
        return self.lightness, self.green_red, self.blue_yellow

    @property
    def bgr(self) -> NDArray[np.float32]:
        """float32 [3] BGR in 0..1."""
        pixel = np.array([[self.values]], np.float32)
        return np.asarray(np.clip(cv2.cvtColor(pixel, cv2.COLOR_LAB2BGR), 0.0, 1.0)[0, 0], np.float32)


def random_lab(ends: tuple[Lab, Lab], random: np.random.Generator) -> Lab:
    """A colour between two, each channel by itself."""
    low, high = (np.array(end.values) for end in ends)
    return Lab(*(float(value) for value in random.uniform(low, high)))


INK = Lab(8.0, 4.0, 1.0)
WHITE = Lab(98.0, 0.0, 0.0)


@dataclass
class Canvas:
    """A picture that is painted over; ``picture`` float32 [S, S, 3] BGR in 0..1."""

    picture: NDArray[np.float32]
    size: int = field(init=False)
    unit: float = field(init=False)

    def __post_init__(self) -> None:
        self.size = self.picture.shape[0]
        self.unit = self.size / 256.0

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """The picture as uint8 [S, S, 3] BGR."""
        return np.asarray(np.clip(self.picture * 255.0, 0.0, 255.0).round(), np.uint8)

    def lay(self, color: Lab | NDArray[np.float32], where: Map, opacity: float = 1.0) -> None:
        """Paint a colour, or another picture, over ``where``."""
        alpha = (where * np.float32(opacity))[..., None]
        self.picture *= 1.0 - alpha
        self.picture += alpha * (color.bgr if isinstance(color, Lab) else color)

    def stroke(self, points: Sequence[Point], widths: Iterable[float]) -> Map:
        """An antialiased line; ``widths``: px, of each of its pieces (one less than points)."""
        target = np.zeros((self.size, self.size), np.uint8)
        for start, end, width in zip(points[:-1], points[1:], widths, strict=True):
            thickness = max(1, round(width))
            cv2.line(target, _fixed(start), _fixed(end), 255, thickness, cv2.LINE_AA, _BITS)
        return _map(target)

    def polygon(self, points: Sequence[Point]) -> Map:
        target = np.zeros((self.size, self.size), np.uint8)
        corners = np.array([_fixed(point) for point in points], np.int32)
        cv2.fillPoly(target, [corners], 255, cv2.LINE_AA, _BITS)
        return _map(target)

    def ellipse(self, center: Point, half_width: float, half_height: float, degrees: float = 0.0) -> Map:
        target = np.zeros((self.size, self.size), np.uint8)
        axes = (max(1, round(half_width * 2**_BITS)), max(1, round(half_height * 2**_BITS)))
        cv2.ellipse(target, _fixed(center), axes, degrees, 0, 360, 255, -1, cv2.LINE_AA, _BITS)
        return _map(target)


def _fixed(point: Point) -> tuple[int, int]:
    return round(point[0] * 2**_BITS), round(point[1] * 2**_BITS)


def _map(drawn: NDArray[np.uint8]) -> Map:
    return drawn.astype(np.float32) / 255.0


def blurred(values: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Gaussian blur; ``sigma`` px."""
    return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma), np.float32)


def remapped(values: NDArray[Value], x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[Value]:
    """A picture or map whose pixels come from (x, y), bilinear; past its border goes on what lies at it."""
    moved = cv2.remap(values, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, values.dtype)


def step(values: NDArray[np.float32], low: float, high: float) -> Map:
    """0 below ``low``, 1 above ``high``, smooth between (a smoothstep)."""
    t = np.clip((values - low) / (high - low), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t), np.float32)


def outline(shape: Map, width: float) -> Map:
    """The rim of a map where it crosses a half, as a soft line; ``width`` px from its middle to 1/e."""
    inside = (shape > 0.5).astype(np.uint8)
    if not inside.any() or inside.all():
        return np.zeros_like(shape)
    distance = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) + cv2.distanceTransform(
        1 - inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE
    )
    # The nearest pixels of both sides are one pixel from each other, half a pixel from the rim.
    return np.asarray(np.exp(-np.square((distance - 0.5) / width)), np.float32)


def to_lab(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """uint8 [S, S, 3] BGR -> float32 [S, S, 3] L*a*b*."""
    return np.asarray(cv2.cvtColor(picture.astype(np.float32) / 255.0, cv2.COLOR_BGR2LAB), np.float32)


def from_lab(lab: NDArray[np.float32]) -> NDArray[np.float32]:
    """float32 [S, S, 3] L*a*b* -> the same BGR in 0..1."""
    return np.asarray(np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2BGR), 0.0, 1.0), np.float32)


def median_color(lab: NDArray[np.float32], where: NDArray[np.bool_]) -> Lab:
    """Median of each channel over the pixels of ``where`` (at least one)."""
    return Lab(*(float(value) for value in np.median(lab[where], axis=0)))
