"""Real glasses found in a photo: whole frames where labels and dark lines show parts of them.

A frame is darker than what is around it, but not everywhere; labels cover lenses in part, and a face mesh
calls upper rims brows. So two lenses are fitted to both, alike at first, then each by itself: a generator
that was shown fragments of frames draws fragments.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import astuple

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.realtime.rims import LensForm
from animirror.training.pen.eyes import Eye
from animirror.training.pen.frames import Frame, Lens, Vector, framed
from animirror.training.pen.paint import Map, blurred, step
from animirror.training.pen.parts import Parts

# A frame is darker than its surroundings (both blurred so much, units) by more than these levels of L*, no
# more counts than by those; it may be missed by so much, units.
AROUND, NOISE, LEAST, MOST, MISSED = 4.5, 0.7, 1.0, 10.0, 0.9
# Eyes and hair are dark, too: what is nearer to them than this (units) is not asked.
NEAR = 1.5
# Eyes nearer to each other than this are no two lenses, units.
MIN_APART = 20.0
# What counts: the outline's darkness, the label's share inside, the share of the lower half that is labelled
# (upper halves often are not).
DARK, INSIDE, COVERED = 2.0, 0.6, 0.3
# Labels nearer to the middle of the face than this are bridge, farther from the eye than that are temple;
# distances between the eyes.
BRIDGE, TEMPLE = 0.12, 0.6
# The outline may cut into its label by so much.
MARGIN = 1.08
# How bold a lens's darkness is at least, on the average of both, to be drawn.
SURE = 0.3
# How far above the middle the bridge is, half heights.
BRIDGE_HEIGHT = 0.3
# A turned head's farther eye, and the lens before it, is narrower by this at most.
NARROWEST, WIDEST = 0.75, 1.2
# Where the label's lower half is looked at, half axes.
LOWER = np.stack(np.meshgrid(np.linspace(-0.8, 0.8, 7), np.linspace(0.2, 0.85, 4)), axis=-1).reshape(-1, 2)


# Usual glasses, how far from them others are, and how much that costs.
USUAL, SPREAD, UNUSUAL = LensForm(0.02, 0.04, 0.42, 0.30, 2.6), LensForm(0.05, 0.07, 0.09, 0.09, 2.0), 0.04
# How far one lens of a pair may leave the other's form, and what that costs.
UNLIKE, UNLIKELY = LensForm(0.06, 0.05, 0.06, 0.06, 1.5), 0.1
# Where the search begins, and its first steps, for both and for each; every round makes them so much smaller.
STARTS = (
    (-0.02, 0.04),
    (-0.03, 0.03, 0.1),
    (0.34, 0.40, 0.46, 0.52),
    (0.2, 0.26, 0.32, 0.38, 0.45),
    (2.2, 3.2),
)
STEPS, OWN_STEPS, SMALLER, ROUNDS = (
    LensForm(0.03, 0.03, 0.03, 0.03, 0.5),
    LensForm(0.02, 0.02, 0.02, 0.02, 0.4),
    0.6,
    4,
)
EXPONENTS = (2.0, 5.0)


def find_frame(lab: NDArray[np.float32], parts: Parts, eyes: Sequence[Eye]) -> Frame | None:
    """The frame worn before two eyes; None where there are not two, or no frame is seen around them.

    ``lab``: float32 [S, S, 3] L*a*b*.
    """
    if len(eyes) != 2:
        return None
    left, right = sorted(eyes, key=lambda eye: eye.center[0])
    apart = float(np.hypot(*np.subtract(right.center, left.center)))
    if apart < MIN_APART * parts.unit:
        return None
    darkness, label = _darkness(lab, parts), parts.together("glasses", "eyes")
    sides = [_Side(eye, other, apart, darkness, label) for eye, other in ((left, right), (right, left))]

    def both(fit: LensForm) -> float:
        return sum(side.agreement(fit) for side in sides) - UNUSUAL * _distance(fit, USUAL, SPREAD)

    alike = _climbed(max(itertools.starmap(LensForm, itertools.product(*STARTS)), key=both), STEPS, both)
    lenses = [side.lens(_own(side, alike)) for side in sides]
    if np.mean([side.boldness(lens) for side, lens in zip(sides, lenses, strict=True)]) < SURE:
        return None
    return framed(lenses[0], lenses[1], apart, BRIDGE_HEIGHT, parts.together("skin", "ears", "hair"))


def _darkness(lab: NDArray[np.float32], parts: Parts) -> Map:
    """How much darker than its surroundings, 0..1; nothing at eyes and hair."""
    lightness = np.ascontiguousarray(lab[..., 0])
    darker = blurred(lightness, AROUND * parts.unit) - blurred(lightness, NOISE * parts.unit)
    dark = np.clip((darker - LEAST) / (MOST - LEAST), 0.0, 1.0).astype(np.float32)
    eyes = step(blurred(parts["eyes"], NEAR * parts.unit), 0.08, 0.3)
    hair = step(blurred(parts["hair"], NEAR * parts.unit), 0.3, 0.6)
    return blurred(dark * (1.0 - np.maximum(eyes, hair)), MISSED * parts.unit)


class _Side:
    """One eye, and what speaks for a lens before it."""

    def __init__(self, eye: Eye, other: Eye, apart: float, darkness: Map, label: Map) -> None:
        self.darkness, self.label, self.apart = darkness, label, apart
        self.center = np.array(eye.center)
        self.outwards = (self.center - np.array(other.center)) / apart
        self.down = np.array([-self.outwards[1], self.outwards[0]]) * (1.0 if self.outwards[0] > 0 else -1.0)
        self.share = float(np.clip(2.0 * eye.width / (eye.width + other.width), NARROWEST, WIDEST))
        points = np.argwhere(label > 0.5)[:, ::-1].astype(np.float64)
        beside = (points - self.center) @ self.outwards / apart
        self.labelled = points[(beside > BRIDGE - 0.5) & (beside < TEMPLE)]

    def lens(self, fit: LensForm) -> Lens:
        center = self.center + self.apart * (fit.outwards * self.outwards + fit.lower * self.down)
        # Both lenses' sides point to the right of the picture, or bridge and temples would change places.
        side = self.share * fit.half_width * self.apart * self.outwards
        return Lens(
            center, side if side[0] > 0 else -side, fit.half_height * self.apart * self.down, fit.exponent
        )

    def boldness(self, lens: Lens) -> float:
        return float(sampled(self.darkness, lens.outline).mean())

    def agreement(self, fit: LensForm) -> float:
        lens = self.lens(fit)
        inside = float((lens.depth(self.labelled) < MARGIN).mean()) if len(self.labelled) else 0.0
        within = LOWER[(np.abs(LOWER) ** lens.exponent).sum(axis=1) < 1.0]
        lower = lens.center + within[:, :1] * lens.side + within[:, 1:] * lens.drop
        covered = float(sampled(self.label, lower).mean())
        return DARK * self.boldness(lens) + INSIDE * inside + COVERED * covered


def _own(side: _Side, alike: LensForm) -> LensForm:
    def agreement(fit: LensForm) -> float:
        return side.agreement(fit) - UNLIKELY * _distance(fit, alike, UNLIKE)

    return _climbed(alike, OWN_STEPS, agreement)


def _climbed(fit: LensForm, steps: LensForm, worth: Callable[[LensForm], float]) -> LensForm:
    """The best found from ``fit`` on, one number at a time (a pattern search)."""
    values, widths = np.array(astuple(fit)), np.array(astuple(steps))
    for _ in range(ROUNDS):
        for index in range(len(values)):
            tried = [values.copy() for _ in range(3)]
            tried[1][index] -= widths[index]
            tried[2][index] += widths[index]
            for one in tried:
                one[-1] = np.clip(one[-1], *EXPONENTS)
            values = max(tried, key=lambda one: worth(LensForm(*one)))
        widths = widths * SMALLER
    return LensForm(*(float(value) for value in values))


def _distance(fit: LensForm, usual: LensForm, spread: LensForm) -> float:
    away = (np.array(astuple(fit)) - np.array(astuple(usual))) / np.array(astuple(spread))
    return float(np.square(away).sum())


def sampled(values: NDArray[np.float32], points: Vector) -> NDArray[np.float32]:
    """float32 [N] or [N, C]: a map or picture at points float64 [N, 2] (x, y), bilinear."""
    x, y = points.astype(np.float32).T
    return np.asarray(cv2.remap(values, x[None], y[None], cv2.INTER_LINEAR)[0])
