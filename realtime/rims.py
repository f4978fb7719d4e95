"""Thin bright glasses, steady from frame to frame and shown to the generator dark, as it knows glasses.

Silver wire on lit skin is a pixel or two of light. Generators take it for a gleam and leave it out, whatever
they were trained on; a dark frame in the same place they draw. `rim_search.py` finds it.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.realtime.eyes import Eye, Pair
from animirror.realtime.smoothing import mix

Points = NDArray[np.float32]

# Points around a lens, a quarter of them a side of it.
POINTS = 48
# How the frame is drawn for the generator: thickness (px of 256), grey level, and where bridge and temples
# leave the lenses, half heights above their middles; how long temples are, distances between the eyes.
THICKNESS, INK, ABOVE, TEMPLE = 2.0, 45.0, 0.35, 0.14
# Rims are looked for this often, and their form is averaged over the next: they lie before the eyes as they
# did, wherever those go.
EVERY_SECONDS, FORM_SECONDS = 0.5, 2.0
# They come when they are seen more often than not, and go when hardly ever, averaged over this time: heads
# turn, lenses gleam. They fade over the last.
USUAL_SECONDS, FADE_SECONDS = 2.0, 0.5
OFTEN, SELDOM = 0.5, 0.15
# Fainter than this nothing is shown.
FAINT = 0.02


@dataclass(frozen=True)
class LensForm:
    """A superellipse before an eye: its middle outwards from and below the eye's, half its width and height,
    all in distances between the eyes, and its exponent (2: an ellipse).
    """

    outwards: float
    lower: float
    half_width: float
    half_height: float
    exponent: float

    def outline(self, points: int = POINTS) -> Points:
        """float32 [points, 2]: outwards and downwards from the eye."""
        unit = superellipse(self.exponent, points)
        return np.asarray(
            unit * (self.half_width, self.half_height) + (self.outwards, self.lower), np.float32
        )

    def end(self, height: float) -> float:
        """How far to either side the outline is, ``height`` half heights above or below the middle."""
        return self.half_width * (1.0 - abs(height) ** self.exponent) ** (1.0 / self.exponent)


@functools.lru_cache(maxsize=16)
def superellipse(exponent: float, points: int) -> NDArray[np.float64]:
    """Its outline, half axes 1, from the right over the bottom: float64 [points, 2] (x, y downwards).

    Not to be written to: a search asks for few of them hundreds of times.
    """
    turn = np.linspace(0.0, 2.0 * np.pi, points, endpoint=False)
    waves = np.stack([np.cos(turn), np.sin(turn)], axis=-1)
    outline = np.asarray(np.sign(waves) * np.abs(waves) ** (2.0 / exponent))
    outline.setflags(write=False)
    return outline


@dataclass(frozen=True)
class Rims:
    """Glasses: the lenses before the left and the right eye of the picture; ``presence`` 0..1."""

    left: LensForm
    right: LensForm
    presence: float = 1.0


@dataclass(frozen=True)
class Look:
    """What one look found: glasses with their lines, or none, and whether the segmenter sees some there."""

    rims: Rims | None = None
    labelled: bool = False


class Side:
    """One eye: places before it, in px of the picture."""

    def __init__(self, eye: Eye, outwards: float, pair: Pair, size: int) -> None:
        self._center = np.array((eye.x, eye.y), np.float32) * size
        self.apart = pair.apart * size
        along = np.array((math.cos(pair.lean), math.sin(pair.lean)), np.float32)
        self._axes = self.apart * np.stack([outwards * along, (-along[1], along[0])]).astype(np.float32)

    def places(self, points: Points) -> Points:
        """float32 [..., 2] (outwards, down) -> the same in px."""
        return np.asarray(self._center + points @ self._axes, np.float32)


def sides_of(eyes: Sequence[Eye], size: int) -> tuple[Side, Side]:
    """Two eyes, left and right in a picture of ``size`` px a side."""
    pair = Pair.of(eyes)
    return Side(pair.left, -1.0, pair, size), Side(pair.right, 1.0, pair, size)


class RimWatch:
    """The glasses of one head from frame to frame."""

    def __init__(self) -> None:
        self._rims: Rims | None = None
        self._worn = False
        # How often they were seen of late, 0..1; None: nobody looked yet.
        self._often: float | None = None
        self._wait = 0.0

    def __call__(self, look: Callable[[bool], Look], seconds: float) -> Rims | None:
        """What is worn ``seconds`` after the frame before (0: a still picture).

        ``look`` finds it, told whether glasses are worn already.
        """
        if seconds <= 0:
            found = look(False)
            self._look(found)
            self._rims, self._wait = found.rims, EVERY_SECONDS
            return found.rims
        self._wait -= seconds
        if self._wait <= 0:
            self._wait = EVERY_SECONDS
            self._look(look(self._worn))
        if self._rims is None:
            return None
        presence = self._rims.presence
        presence += mix(seconds, FADE_SECONDS) * (self._worn - presence)
        self._rims = replace(self._rims, presence=presence)
        return self._rims if presence > FAINT else None

    def _look(self, found: Look) -> None:
        # On a head that turns quickly lines are blurred, and nobody takes glasses off that can still be seen.
        seen = float(found.rims is not None or (self._worn and found.labelled))
        if self._often is None:
            self._often = seen
        self._often += mix(EVERY_SECONDS, USUAL_SECONDS) * (seen - self._often)
        self._worn = self._often > (SELDOM if self._worn else OFTEN)
        if found.rims is None:
            return
        if self._rims is None:
            self._rims = replace(found.rims, presence=0.0)
            return
        weight = mix(EVERY_SECONDS, FORM_SECONDS)
        left, right = (
            _between(self._rims.left, found.rims.left, weight),
            _between(self._rims.right, found.rims.right, weight),
        )
        self._rims = replace(self._rims, left=left, right=right)


def _between(before: LensForm, now: LensForm, weight: float) -> LensForm:
    return LensForm(
        *(old + weight * (new - old) for old, new in zip(astuple(before), astuple(now), strict=True))
    )


def show_dark(image: NDArray[np.uint8], rims: Rims, eyes: Sequence[Eye]) -> NDArray[np.uint8]:
    """The picture (uint8 [S, S, 3] BGR) with the glasses as a dark frame; itself without two eyes."""
    if len(eyes) != 2:
        return image
    size = image.shape[0]
    drawn = np.zeros((size, size), np.uint8)
    thick = max(1, round(THICKNESS * size / 256))
    tops = []
    for side, lens in zip(sides_of(eyes, size), (rims.left, rims.right), strict=True):
        height = lens.lower - ABOVE * lens.half_height
        inner, outer = (lens.outwards + way * lens.end(ABOVE) for way in (-1.0, 1.0))
        ends = side.places(np.array([(inner, height), (outer, height), (outer + TEMPLE, height)], np.float32))
        tops.append(ends[0])
        _line(drawn, side.places(lens.outline(4 * POINTS)), thick, closed=True)
        _line(drawn, ends[1:], thick)
    _line(drawn, np.stack(tops), thick)
    alpha = (rims.presence / 255.0 * drawn.astype(np.float32))[..., None]
    return np.asarray(np.round(image * (1.0 - alpha) + INK * alpha), np.uint8)


def _line(canvas: NDArray[np.uint8], places: Points, thick: int, closed: bool = False) -> None:
    points = np.rint(places * 16).astype(np.int32)
    cv2.polylines(canvas, [points], closed, 255, thick, cv2.LINE_AA, 4)
