"""A head's eyes: where they are, how they are shaped and where they look."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

Value = TypeVar("Value", float, NDArray[np.float64])

EYES_LABEL = "eyes"
# A cell of the probability map counts as eye from here on; an eye needs so many whole cells together, as a
# share of the map: smaller ones (far heads, slits, a wavering segmenter) are left as they are.
LIKELY, MIN_AREA = 0.25, 0.0006
# Two places this small are eyes if they lie as eyes do: so far apart, in shares of the map, on a line that
# leans no further than a head. Of blurred eyes a segmenter is half sure, in a few cells.
MIN_PAIR_AREA, APART = 0.0002, (0.1, 0.5)
# Shares of a map of so many cells a side at most: finer ones show blurred eyes in as many cells, not in more.
USUAL_CELLS = 64
# The magnified disc's radius, in square roots of the eye's area: lid, lashes and brow's lower edge. A blink
# shrinks the area, and with it the disc.
RADIUS = 2.3
# ... at most this share of the distance between the eyes, or the discs would pull the nose apart.
MAX_RADIUS = 0.55
# A head may lean; an eye turned further than the first (radians) is a wrong map, the line between two that
# are seen well may lean as far as the second.
MAX_TURN, MAX_LEAN = 0.7, 1.2
# Eyes open unlike by more than this are a wink, and stay as they are; others are halfway made a pair.
WINK = 1.7
# Of faint eyes only the place is sure. Their width is no less than this share of their distance (a usual face
# has 0.47), their lids no less open than this.
USUAL_WIDTH, USUAL_OPENNESS = 0.4, 0.3
# The iris is looked for up to this share of the eye's width beside its middle: dark corners are no gaze.
MAX_GAZE = 0.15
# Grey levels between an eye's dark and its light tenth: under the first nothing is seen of white and iris,
# from the second on they need no help (87 of 133 validation photos; 15 need nearly all of it).
FAINT, CLEAR = 60.0, 100.0
# From this softness (light.softness) on an eye has so few pixels that its white is none of its own.
BLURRED = 0.4


@dataclass(frozen=True)
class Eye:
    """Centre and radius of the disc around an eye, in shares of the crop's side; ``presence`` 0..1.

    ``width``: from corner to corner, a share of the side (0: not known); ``openness``: height by width;
    ``turn``: radians from the picture's rows, downwards to the right; ``gaze``: the iris's place to the right
    of the middle, a share of the width; ``faint``: 0 where white and iris are seen well, 1 where not at all.
    """

    x: float
    y: float
    radius: float
    presence: float = 1.0
    width: float = 0.0
    openness: float = 0.0
    turn: float = 0.0
    gaze: float = 0.0
    faint: float = 0.0


@dataclass(frozen=True)
class Pair:
    """The two eyes of a head as they lie in the picture; lengths in shares of the crop's side."""

    left: Eye
    right: Eye

    @classmethod
    def of(cls, eyes: Sequence[Eye]) -> Pair:
        """Two eyes in any order."""
        left, right = sorted(eyes, key=lambda eye: eye.x)
        return cls(left, right)

    @property
    def apart(self) -> float:
        """From middle to middle."""
        return distance(self.left, self.right)

    @property
    def lean(self) -> float:
        """Of the line between them, radians from the picture's rows, downwards to the right."""
        return math.atan2(self.right.y - self.left.y, self.right.x - self.left.x)

    def beside_and_below(self, cells: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Of each cell of a map how far right of and below the middle between them it lies.

        Along and across their line, in distances between them: float64 [cells, cells] each.
        """
        centers = (np.arange(cells) + 0.5) / cells
        x = (centers - (self.left.x + self.right.x) / 2)[None, :]
        y = (centers - (self.left.y + self.right.y) / 2)[:, None]
        return self.turned(x, y)

    def turned(self, right: Value, down: Value) -> tuple[Value, Value]:
        """A way right and down in the picture as one along and across their line, in their distances."""
        along, across = math.cos(self.lean), math.sin(self.lean)
        apart = max(self.apart, 1e-6)
        return (along * right + across * down) / apart, (along * down - across * right) / apart


def find_eyes(probability: NDArray[np.float32]) -> tuple[Eye, ...]:
    """One head's eyes: at most two, the largest first. ``probability``: float32 [s, s] of the eyes' label."""
    least = min(probability.shape[0], USUAL_CELLS) ** 2
    count, components = cv2.connectedComponents((probability > LIKELY).astype(np.uint8))
    weights = [np.where(components == index, probability, 0.0) for index in range(1, count)]
    likely = sorted((w for w in weights if w.sum() >= MIN_PAIR_AREA * least), key=lambda w: -w.sum())[:2]
    eyes = [_eye(weight) for weight in likely]
    sure = sum(bool(weight.sum() >= MIN_AREA * least) for weight in likely)
    if len(eyes) < 2 or (sure < 2 and not _lie_as_eyes(*eyes)):
        return tuple(eyes[:sure])
    reach = MAX_RADIUS * distance(*eyes)
    return tuple(replace(eye, radius=min(eye.radius, reach)) for eye in _paired(*eyes))


def distance(first: Eye, second: Eye) -> float:
    """From middle to middle, in shares of the crop's side."""
    return math.hypot(first.x - second.x, first.y - second.y)


def _lie_as_eyes(first: Eye, second: Eye) -> bool:
    lean = math.atan2(abs(first.y - second.y), abs(first.x - second.x))
    return APART[0] <= distance(first, second) <= APART[1] and lean <= MAX_TURN


def _eye(weight: NDArray[np.float64]) -> Eye:
    """The eye whose cells have these weights: its lids as two parabolas of the weights' area and spread."""
    cells, total, peak = weight.shape[0], float(weight.sum()), float(weight.max())
    centers = (np.arange(cells) + 0.5) / cells
    columns, rows = weight.sum(axis=0), weight.sum(axis=1)
    x, y = columns @ centers / total, rows @ centers / total
    spread_x, spread_y = (float(w @ (centers - c) ** 2 / total) for w, c in ((columns, x), (rows, y)))
    shared = float((centers - y) @ weight @ (centers - x) / total)
    turn = 0.5 * math.atan2(2 * shared, spread_x - spread_y)
    if abs(turn) > MAX_TURN:
        turn = 0.0
    along, down = math.cos(turn), math.sin(turn)
    # A single cell is a square, not a point.
    spread = max(along**2 * spread_x + 2 * along * down * shared + down**2 * spread_y, 1 / (12 * cells**2))
    # Between parabolas that meet in the corners the spread is width^2 / 20, the area 2/3 width x height.
    width = math.sqrt(20 * spread)
    # What is half sure is no smaller for that.
    openness = 1.5 * total / peak / cells**2 / width**2
    return Eye(
        float(x), float(y), RADIUS * math.sqrt(total) / cells, width=width, openness=openness, turn=turn
    )


def _paired(first: Eye, second: Eye) -> tuple[Eye, Eye]:
    """Two eyes on one line, open alike (unless they wink), their widths halfway to each other."""
    line = Pair.of((first, second)).lean
    turn = line if abs(line) <= MAX_LEAN else 0.0
    width = (first.width + second.width) / 2
    openness = (first.openness + second.openness) / 2
    wink = max(first.openness, second.openness) > WINK * min(first.openness, second.openness)

    def alike(eye: Eye) -> Eye:
        opened = eye.openness if wink else openness
        return replace(eye, turn=turn, width=(eye.width + width) / 2, openness=opened)

    return alike(first), alike(second)


def watched(eyes: Sequence[Eye], image: NDArray[np.uint8], soft: float) -> tuple[Eye, ...]:
    """The eyes with their common gaze, and how faint they are, from the picture (uint8 [S, S, 3] BGR).

    ``soft``: the picture's softness, 0..1 (see light.softness).
    """
    seen = [_seen(eye, image) for eye in eyes]
    if not seen:
        return ()
    gaze = sum(eye.gaze for eye in seen) / len(seen)
    faint = max(mean_faint(seen), min(1.0, soft / BLURRED))
    return tuple(replace(eye, gaze=gaze, faint=faint) for eye in seen)


def mean_faint(eyes: Sequence[Eye]) -> float:
    """How faint these are on the average, 0 to 1; there must be one at least."""
    return sum(eye.faint for eye in eyes) / len(eyes)


def as_usual(eyes: Sequence[Eye]) -> tuple[Eye, ...]:
    """The eyes as large and open as usual ones, each as far as it is faint."""
    apart = distance(*eyes) if len(eyes) == 2 else 0.0
    return tuple(_as_usual(eye, apart) for eye in eyes)


def _as_usual(eye: Eye, apart: float) -> Eye:
    """``apart``: how far from the other eye (0: there is none)."""
    width = eye.width + eye.faint * max(0.0, USUAL_WIDTH * apart - eye.width)
    openness = eye.openness + eye.faint * max(0.0, USUAL_OPENNESS - eye.openness)
    radius = RADIUS * width * math.sqrt(openness / 1.5)
    least = min(radius, MAX_RADIUS * apart) if apart else radius
    return replace(eye, width=width, openness=openness, radius=max(eye.radius, eye.faint * least))


def _seen(eye: Eye, image: NDArray[np.uint8]) -> Eye:
    """An eye with its own gaze and faintness, from where the picture shows it."""
    size = image.shape[0]
    reach = max(2.0, eye.width * size / 2)
    left, top = max(0, int(eye.x * size - reach)), max(0, int(eye.y * size - reach))
    part = image[top : int(eye.y * size + reach) + 1, left : int(eye.x * size + reach) + 1]
    if eye.width <= 0 or part.size == 0:
        return eye
    window = cv2.cvtColor(part, cv2.COLOR_BGR2GRAY)
    columns = np.arange(window.shape[1]) + left + 0.5 - eye.x * size
    rows = np.arange(window.shape[0]) + top + 0.5 - eye.y * size
    along, inside = lids(eye, columns[None, :] / size, rows[:, None] / size)
    within = inside * size > 0
    if not within.any():
        return eye
    dark, light = np.percentile(window[within], (10, 90))
    weight = np.where(within, np.clip(light - window.astype(np.float32), 0.0, None), 0.0) ** 2
    gaze = float((weight * along).sum() / max(float(weight.sum()), 1e-6) / eye.width)
    return replace(
        eye,
        gaze=float(np.clip(gaze, -MAX_GAZE, MAX_GAZE)),
        faint=float(np.clip((CLEAR - (light - dark)) / (CLEAR - FAINT), 0.0, 1.0)),
    )


def lids(
    eye: Eye, right: NDArray[np.floating], below: NDArray[np.floating]
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Points right of and below an eye's centre -> how far along the eye, how far inside its lids.

    All in shares of the crop's side; the second is negative outside the lids.
    """
    cosine, sine = math.cos(eye.turn), math.sin(eye.turn)
    along, down = right * cosine + below * sine, below * cosine - right * sine
    lid = eye.openness * eye.width / 2 * (1.0 - np.square(2 * along / max(eye.width, 1e-6)))
    return along, lid - np.abs(down)
