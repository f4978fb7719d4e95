"""Anime proportions: eyes enlarged before the stylizer, which draws what it sees and moves nothing.

A generator that must be able to draw the photo again (CycleGAN) keeps every shape where it was; large eyes,
the first mark of the style, are a shape. So the crop's own eyes are magnified where the segmenter sees them,
in training as live, and keep their look, gaze and blink. Eyes that the picture hardly shows (few pixels, a
lamp on the ceiling) are made up as well: white, iris and lid, as a sharp camera would see them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.realtime.eyes import Eye, lids

Value = TypeVar("Value", np.uint8, np.float32)

# Drawn eyes are tall: of the vertical enlargement, the horizontal one is this share.
WIDTH_SHARE = 0.5
# An iris's radius as a share of the eye's width, and what a lid's line takes of it.
IRIS, LID = 0.23, 0.07
# Maps of eyes end inside the lashes: so much more open is the eye that is made up.
OPENER = 1.25
# Less open than the first an eye is shut, and only its line is made up; from the second on all of it.
SHUT, OPEN = 0.14, 0.24
# The white is the skin about the eye lightened by this share of the way to white paper; iris and lid are the
# eye's own dark tenth, this much darker.
WHITENED, DARKENED = 0.65, 0.5
PAPER = (240.0, 242.0, 245.0)
# One pixel of so many about the eye tells the skin's colour as well as all.
SPARSE = 8


@dataclass(frozen=True)
class _Window:
    """The square about an eye's disc: pixels of the picture, and where in the source each one looks."""

    rows: slice
    columns: slice
    # Source offsets from the eye's centre, px, and how much smaller the source is in height: float32 [h, w].
    right: NDArray[np.float32]
    below: NDArray[np.float32]
    lower: NDArray[np.float32]
    center: tuple[float, float]


def enlarge_eyes(image: NDArray[Value], eyes: Sequence[Eye], amount: float) -> NDArray[Value]:
    """The picture (uint8 [S, S, 3]) or map (float32 [S, S]) with its eyes ``amount`` times as tall.

    Within each disc of radius R a point at distance r from the centre shows what was nearer to it: full
    magnification in the middle, falling as (1 - (r/R)^2)^2 to none at the rim, so that no edge is seen.
    """
    if amount <= 1.0 or not eyes:
        return image
    result = image.copy()
    for _, window in _windows(eyes, image.shape[0], amount):
        x, y = window.center
        result[window.rows, window.columns] = cv2.remap(
            result,
            window.right + np.float32(x),
            window.below + np.float32(y),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
    return result


def make_up_eyes(image: NDArray[np.uint8], eyes: Sequence[Eye], amount: float) -> NDArray[np.uint8]:
    """The picture (uint8 [S, S, 3] BGR) that enlarge_eyes gave, its faint eyes with white, iris and lid.

    A generator leaves away what it cannot tell, or draws a smudge of it. Each eye counts by its ``faint``.
    """
    faint = [eye for eye in eyes if eye.faint > 0 and eye.width > 0]
    if not faint:
        return image
    result = image.copy()
    for eye, window in _windows(faint, image.shape[0], max(amount, 1.0)):
        _make_up(result[window.rows, window.columns], eye, window, image.shape[0])
    return result


def _windows(eyes: Sequence[Eye], size: int, amount: float) -> Iterator[tuple[Eye, _Window]]:
    """Eyes whose discs touch the picture, with their windows at an enlargement of ``amount``."""
    for eye in eyes:
        reach = eye.radius * size
        x, y = eye.x * size - 0.5, eye.y * size - 0.5
        left, top = max(0, math.floor(x - reach)), max(0, math.floor(y - reach))
        right, bottom = min(size, math.ceil(x + reach) + 1), min(size, math.ceil(y + reach) + 1)
        if right <= left or bottom <= top:
            continue
        dx = np.arange(left, right, dtype=np.float32)[None, :] - np.float32(x)
        dy = np.arange(top, bottom, dtype=np.float32)[:, None] - np.float32(y)
        tall = 1.0 + (amount - 1.0) * eye.presence
        wide = 1.0 + (tall - 1.0) * WIDTH_SHARE
        bell = np.square(np.clip(1.0 - (dx * dx + dy * dy) / np.float32(reach * reach), 0.0, None))
        narrower, lower = (1.0 - np.float32(1.0 - 1.0 / factor) * bell for factor in (wide, tall))
        rows, columns = slice(top, bottom), slice(left, right)
        yield eye, _Window(rows, columns, dx * narrower, dy * lower, lower, (x, y))


def _make_up(part: NDArray[np.uint8], eye: Eye, window: _Window, size: int) -> None:
    """Paint an eye into its part of the picture, uint8 [h, w, 3]."""
    wider = replace(eye, openness=eye.openness * OPENER)
    along, inside = lids(wider, window.right / size, window.below / size)
    # Pixels of the window, so that edges are as sharp as the window is.
    depth = inside * size / window.lower
    within = np.clip(depth + 0.5, 0.0, 1.0)
    width = eye.width * size
    upper = window.below * math.cos(eye.turn) < window.right * math.sin(eye.turn)
    edge = upper & (np.abs(along) < eye.width / 2)
    lid = np.clip(1.5 - np.abs(depth) / max(1.0, LID * width), 0.0, 1.0) * edge
    touched = (within > 0) | (lid > 0)
    if touched.all() or not (within > 0.5).any():
        return
    opened = float(np.clip((eye.openness - SHUT) / (OPEN - SHUT), 0.0, 1.0))
    iris = np.clip(IRIS * width - _from_iris(eye, window, size) + 0.5, 0.0, 1.0) * within
    dark = np.percentile(part[within > 0.5], 10, axis=0) * DARKENED
    skin = np.percentile(part[~touched][::SPARSE], 60, axis=0)
    white = skin + WHITENED * (np.array(PAPER) - skin)
    values = part[touched].astype(np.float32)
    strength = eye.faint * eye.presence
    for color, share in ((white, within * opened), (dark, iris * opened), (dark, lid)):
        weight = (share[touched] * strength).astype(np.float32)[:, None]
        values += weight * (color.astype(np.float32) - values)
    part[touched] = np.clip(np.rint(values), 0, 255)


def _from_iris(eye: Eye, window: _Window, size: int) -> NDArray[np.floating]:
    """Distance of the window's source points from the iris's centre, px."""
    gaze = eye.gaze * eye.width * size
    x, y = gaze * math.cos(eye.turn), gaze * math.sin(eye.turn)
    return np.hypot(window.right - x, window.below - y)
