"""Eyes: found in their label, drawn large, with the photo's gaze, openness and colour."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.training.pen.hand import Hand
from animirror.training.pen.paint import INK, WHITE, Canvas, Lab, Map, Point, blurred
from animirror.training.pen.parts import Parts
from animirror.training.pen.skin import Tones

# Smallest eye, square units.
MIN_EYE = 9.0
# A head may lean; an eye turned further than this (radians) is a wrong mask.
MAX_TURN = 0.7
# Lower than this share of its width an eye is shut.
SHUT = 0.16
# Eyes open unlike by more than this are a wink, and stay as they are.
WINK = 1.7
POINTS = 25
SCLERA, SCLERA_SHADE = Lab(96.0, 1.5, -1.5), Lab(80.0, 4.0, -6.0)


@dataclass(frozen=True)
class Eye:
    """An eye in a frame of its own: ``along`` from corner to corner, ``down`` across, both unit vectors.

    ``upper`` and ``lower``: coefficients of the lids' parabolas in that frame; ``gaze``: the iris's centre.
    """

    center: Point
    along: Point
    left: float
    right: float
    upper: NDArray[np.float64]
    lower: NDArray[np.float64]
    height: float
    gaze: float
    iris: Lab

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def degrees(self) -> float:
        return math.degrees(math.atan2(self.along[1], self.along[0]))

    @property
    def openness(self) -> float:
        """Height by width."""
        return self.height / max(self.width, 1.0)

    def at(self, along: float, down: float) -> Point:
        """A point of the eye's frame in the picture."""
        (x, y), (ax, ay) = self.center, self.along
        return x + along * ax - down * ay, y + along * ay + down * ax


def find_eyes(lab: NDArray[np.float32], parts: Parts) -> list[Eye]:
    """At most two eyes, the largest first, alike where they are open alike."""
    shape = blurred(parts["eyes"], 0.8 * parts.unit) > 0.5
    count, islands, facts, _ = cv2.connectedComponentsWithStats(shape.astype(np.uint8))
    order = sorted(range(1, count), key=lambda index: -facts[index, cv2.CC_STAT_AREA])
    large = [i for i in order[:2] if facts[i, cv2.CC_STAT_AREA] >= MIN_EYE * parts.unit**2]
    return paired([_eye(lab, islands == index) for index in large])


def paired(eyes: Sequence[Eye]) -> list[Eye]:
    """Two open eyes with one colour, openness and gaze, and widths half way to each other; others unchanged.

    What a mask or a reflection did to one eye is halved, and a pair is drawn as a pair; a head that is turned
    keeps its farther eye the smaller one.
    """
    opened = [eye.openness for eye in eyes]
    if len(eyes) != 2 or min(opened) < SHUT or max(opened) > WINK * min(opened):
        return list(eyes)
    openness = sum(opened) / 2
    width = sum(eye.width for eye in eyes) / 2
    gaze = sum((eye.gaze - eye.left) / max(eye.width, 1.0) for eye in eyes) / 2
    iris = eyes[0].iris.mixed(eyes[1].iris, 0.5)
    pair = [_stretched(eye, (1.0 + width / max(eye.width, 1.0)) / 2, openness / eye.openness) for eye in eyes]
    return [replace(eye, gaze=eye.left + gaze * eye.width, iris=iris) for eye in pair]


def _stretched(eye: Eye, wider: float, opener: float) -> Eye:
    """The eye ``wider`` times as wide and ``opener`` times as open, about its centre."""
    powers = (wider * opener) / np.array([wider**2, wider, 1.0])
    return replace(
        eye,
        left=eye.left * wider,
        right=eye.right * wider,
        upper=eye.upper * powers,
        lower=eye.lower * powers,
        height=eye.height * wider * opener,
    )


def _eye(lab: NDArray[np.float32], where: NDArray[np.bool_]) -> Eye:
    rows, columns = np.nonzero(where)
    center = (float(columns.mean()), float(rows.mean()))
    away = np.stack([columns - center[0], rows - center[1]])
    axis = np.linalg.eigh(np.cov(away))[1][:, 1]
    axis = axis if axis[0] >= 0 else -axis
    if abs(math.atan2(axis[1], axis[0])) > MAX_TURN:
        axis = np.array([1.0, 0.0])
    along, down = away.T @ axis, away.T @ np.array([-axis[1], axis[0]])
    left, right = np.percentile(along, (1, 99))
    middles, upper, lower = _lids(along, down, np.linspace(left, right, 13))
    lightness = lab[rows, columns, 0]
    dark = np.clip(np.percentile(lightness, 55) - lightness, 0.0, None) + 1e-6
    iris = lab[rows, columns][dark > np.percentile(dark, 60)]
    return Eye(
        center,
        (float(axis[0]), float(axis[1])),
        float(left),
        float(right),
        np.polyfit(middles, upper, 2),
        np.polyfit(middles, lower, 2),
        float(np.max(np.array(lower) - np.array(upper))),
        float((dark * along).sum() / dark.sum()),
        Lab(*(float(value) for value in np.median(iris if len(iris) else lab[rows, columns], axis=0))),
    )


def _lids(
    along: NDArray[np.float64], down: NDArray[np.float64], bins: NDArray[np.float64]
) -> tuple[list[float], list[float], list[float]]:
    """Middle, upper and lower end of each column of the eye that has pixels."""
    middles, upper, lower = [], [], []
    for start, end in itertools.pairwise(bins):
        inside = (along >= start) & (along <= end)
        if inside.any():
            middles.append(float(start + end) / 2)
            upper.append(float(down[inside].min()))
            lower.append(float(down[inside].max()))
    return middles, upper, lower


def draw_eye(canvas: Canvas, eye: Eye, parts: Parts, tones: Tones, hand: Hand) -> None:
    """White, iris, pupil, lights, lashes and the crease of the lid."""
    left, _, width, _ = parts.box
    outer_right = eye.center[0] > left + width / 2
    along, upper, lower = _contour(eye, hand)
    taper = np.linspace(0.0, 1.0, POINTS - 1)
    taper = taper if outer_right else 1.0 - taper
    if eye.height < SHUT * eye.width:
        middle = [eye.at(a, (u + d) / 2) for a, u, d in zip(along, upper, lower, strict=True)]
        canvas.lay(INK, canvas.stroke(middle, canvas.unit * (1.2 + 1.6 * taper)))
        return
    height = eye.height * hand.eye_height
    lid = [eye.at(a, u) for a, u in zip(along, upper, strict=True)]
    floor = [eye.at(a, d) for a, d in zip(along, lower, strict=True)]
    shape = canvas.polygon(lid + floor[::-1])
    canvas.lay(SCLERA, shape)
    shade = [eye.at(a, u + 0.24 * height) for a, u in zip(along, upper, strict=True)]
    canvas.lay(SCLERA_SHADE, shape * canvas.polygon(lid + shade[::-1]))
    _draw_iris(canvas, eye, shape, height, hand)
    _draw_lashes(canvas, lid, floor, taper, height, eye.width, outer_right, hand)
    crease = [eye.at(a, u - 0.30 * height) for a, u in zip(along[3:22], upper[3:22], strict=True)]
    canvas.lay(
        tones.shadow.changed(lighter=-0.38 * tones.shadow.lightness, redder=6.0),
        canvas.stroke(crease, [canvas.unit] * (len(crease) - 1)),
        0.7,
    )


def _contour(eye: Eye, hand: Hand) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Lids from corner to corner, meeting there, as much taller as the hand draws them."""
    along = np.linspace(eye.left * hand.eye_width, eye.right * hand.eye_width, POINTS)
    upper, lower = np.polyval(eye.upper, along), np.polyval(eye.lower, along)
    share = np.linspace(0.0, 1.0, POINTS)
    narrowing = np.minimum(1.0, 4.0 * np.minimum(share, 1.0 - share)) ** 0.6
    middle = (upper + lower) / 2
    # The lower lid stays where the cheek is; eyes grow upwards.
    return (
        along,
        middle + (upper - middle) * narrowing * (2.0 * hand.eye_height - 1.0),
        middle + (lower - middle) * narrowing,
    )


def _draw_iris(canvas: Canvas, eye: Eye, shape: Map, height: float, hand: Hand) -> None:
    tall = hand.iris * height
    wide = min(0.80 * tall, 0.38 * eye.width)
    x = float(np.clip(eye.gaze, eye.left + 0.75 * wide, eye.right - 0.75 * wide))
    top = np.polyval(eye.upper, x) - (hand.eye_height - 1.0) * eye.height
    y = float(top + np.polyval(eye.lower, x)) / 2
    color = iris_color(eye.iris, hand)
    turn = eye.degrees

    def spot(dx: float, dy: float, half_width: float, half_height: float) -> Map:
        """An ellipse in the iris; all in shares of its half axes."""
        return canvas.ellipse(
            eye.at(x + dx * wide, y + dy * tall), half_width * wide, half_height * tall, turn
        )

    iris = spot(0.0, 0.0, 1.0, 1.0) * shape
    canvas.lay(color.changed(lighter=-0.55 * color.lightness, vivid=0.6), iris)
    canvas.lay(color, blurred(spot(0.0, 0.28, 0.82, 0.66), 0.08 * tall) * iris, 0.95)
    glow = color.changed(lighter=min(24.0, 88.0 - color.lightness))
    canvas.lay(glow, blurred(spot(0.0, 0.55, 0.62, 0.30), 0.08 * tall) * iris, 0.85)
    canvas.lay(INK, blurred(spot(0.0, 0.0, 0.42, 0.44), 0.4 * canvas.unit) * iris)
    inside = canvas.ellipse(eye.at(x, y), wide - canvas.unit, tall - canvas.unit, turn)
    canvas.lay(INK, np.clip(iris - inside, 0.0, 1.0), 0.85)
    canvas.lay(WHITE, spot(-0.38, -0.36, 0.34, 0.26) * shape)
    canvas.lay(WHITE, spot(0.40, 0.42, 0.16, 0.13) * shape, 0.9)


def iris_color(found: Lab, hand: Hand) -> Lab:
    """The photo's hue, as vivid as drawn eyes are."""
    hue = math.atan2(found.blue_yellow, found.green_red)
    chroma = float(np.clip(1.5 * math.hypot(found.green_red, found.blue_yellow) + 10.0, *hand.iris_chroma))
    lightness = float(np.clip(1.15 * found.lightness + 14.0, 30.0, 58.0))
    return Lab(lightness, chroma * math.cos(hue), chroma * math.sin(hue))


def _draw_lashes(
    canvas: Canvas,
    lid: list[Point],
    floor: list[Point],
    taper: NDArray[np.float64],
    height: float,
    width: float,
    outer_right: bool,
    hand: Hand,
) -> None:
    unit = canvas.unit
    thick = float(np.clip(hand.lashes * height, 1.6 * unit, 5.0 * unit))
    canvas.lay(INK, canvas.stroke(lid, thick * (0.55 + 0.65 * taper)))
    end, outwards = (lid[-1], 1.0) if outer_right else (lid[0], -1.0)
    tail = [end, (end[0] + outwards * 0.07 * width, end[1] - 0.10 * height)]
    canvas.lay(INK, canvas.stroke(tail, [0.8 * thick]))
    half = floor[10:] if outer_right else floor[:15]
    canvas.lay(INK, canvas.stroke(half, [0.9 * unit] * (len(half) - 1)), 0.7)
