"""Frames of glasses as lines: two lenses (superellipses), the bridge between them, temples to the ears."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from animirror.realtime.rims import superellipse
from animirror.training.pen.paint import Canvas, Map, Point

Vector = NDArray[np.float64]

# Corners of a lens's outline, and of a temple.
POINTS, TEMPLE_POINTS = 48, 9
# How far the bridge arches and temples reach (distances between the eyes), how much these rise on their way.
ARCH, TEMPLE, RISE = 0.03, 0.42, 0.1
# A temple goes on where the head is at least so sure.
HEAD = 0.5


@dataclass(frozen=True)
class Lens:
    """A superellipse: centre (x, y), half axes as vectors (px), exponent (2: round, 5: nearly square)."""

    center: Vector
    side: Vector
    drop: Vector
    exponent: float

    def at(self, along: float, down: float) -> Vector:
        """A point in half axes from the centre."""
        return np.asarray(self.center + along * self.side + down * self.drop)

    @property
    def outline(self) -> NDArray[np.float64]:
        """float64 [POINTS, 2] (x, y)."""
        unit = superellipse(self.exponent, POINTS)
        return np.asarray(self.center + unit[:, :1] * self.side + unit[:, 1:] * self.drop)

    def depth(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Below 1 inside, 1 on the outline; ``points``: float64 [N, 2] (x, y)."""
        away = points - self.center
        axes = np.array([self.side / (self.side @ self.side), self.drop / (self.drop @ self.drop)])
        return np.asarray((np.abs(away @ axes.T) ** self.exponent).sum(axis=1))


@dataclass(frozen=True)
class Frame:
    """The lenses' outlines, the left one of the picture first, and the lines of bridge and temples, px."""

    lenses: tuple[list[Point], list[Point]]
    others: tuple[list[Point], ...]

    def lines(self, canvas: Canvas, thickness: float) -> Map:
        """All lines, ``thickness`` px wide."""
        lines = [[*lens, lens[0]] for lens in self.lenses] + list(self.others)
        return np.maximum.reduce([canvas.stroke(line, [thickness] * (len(line) - 1)) for line in lines])

    def glass(self, canvas: Canvas) -> Map:
        """What the lenses cover."""
        return np.maximum(*(canvas.polygon(lens) for lens in self.lenses))


def framed(left: Lens, right: Lens, apart: float, bridge: float, head: Map) -> Frame:
    """A frame around two lenses whose eyes are ``apart`` (px).

    ``bridge``: how far it lies above a lens's middle, half heights; ``head``: float32 [S, S], where temples
    may go.
    """
    along = left.side / np.hypot(*left.side)
    down = np.array([-along[1], along[0]])
    inner, outer = (
        (left.at(1.0, -bridge), right.at(-1.0, -bridge)),
        (left.at(-1.0, -bridge), right.at(1.0, -bridge)),
    )
    middle = (inner[0] + inner[1]) / 2 - ARCH * apart * down
    temples = (_temple(outer[0], -along, down, apart, head), _temple(outer[1], along, down, apart, head))
    others = [[_point(place) for place in line] for line in ((inner[0], middle, inner[1]), *temples)]
    outlines = [[_point(place) for place in lens.outline] for lens in (left, right)]
    return Frame((outlines[0], outlines[1]), tuple(others))


def _temple(start: Vector, outwards: Vector, down: Vector, apart: float, head: Map) -> list[Vector]:
    """From a lens towards the ear, as far as there is a head."""
    points = [start]
    for reach in np.linspace(0.0, TEMPLE, TEMPLE_POINTS)[1:]:
        x, y = start + reach * apart * outwards - RISE * reach * apart * down
        inside = 0 <= x < head.shape[1] - 1 and 0 <= y < head.shape[0] - 1
        if not inside or head[round(y), round(x)] < HEAD:
            break
        points.append(np.array([x, y]))
    return points


def _point(place: Vector) -> Point:
    return float(place[0]), float(place[1])
