"""Anime proportions: eyes enlarged before the stylizer, which draws what it sees and moves nothing.

A generator that must be able to draw the photo again (CycleGAN) keeps every shape where it was; large eyes,
the first mark of the style, are a shape. So the crop's own eyes are magnified where the segmenter sees them,
in training as live, and keep their look, gaze and blink.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.realtime.smoothing import mix

Value = TypeVar("Value", np.uint8, np.float32)

EYES_LABEL = "eyes"
# A cell of the probability map counts as eye from here on; an eye needs so many whole cells together, as a
# share of the map: smaller ones (far heads, slits, a wavering segmenter) are left as they are.
LIKELY, MIN_AREA = 0.25, 0.0006
# The magnified disc's radius, in square roots of the eye's area: lid, lashes and brow's lower edge. A blink
# shrinks the area, and with it the disc.
RADIUS = 2.3
# ... at most this share of the distance between the eyes, or the discs would pull the nose apart.
MAX_RADIUS = 0.55
# Drawn eyes are tall: of the vertical enlargement, the horizontal one is this share.
WIDTH_SHARE = 0.5
# An eye comes and goes (a turn of the head, a hair) over this time, and its place is averaged over the next.
FADE_SECONDS, PLACE_SECONDS = 0.12, 0.03
# Eyes nearer to each other than this share of their radius are the same one in the next frame.
SAME_EYE = 0.8


@dataclass(frozen=True)
class Eye:
    """Centre and radius of the disc around an eye, in shares of the crop's side; ``presence`` 0..1."""

    x: float
    y: float
    radius: float
    presence: float = 1.0


def find_eyes(probability: NDArray[np.float32]) -> tuple[Eye, ...]:
    """One head's eyes: at most two, the largest first. ``probability``: float32 [s, s] of the eyes' label."""
    cells = probability.shape[0]
    count, components = cv2.connectedComponents((probability > LIKELY).astype(np.uint8))
    weights = [np.where(components == index, probability, 0.0) for index in range(1, count)]
    weights = sorted((w for w in weights if w.sum() >= MIN_AREA * cells**2), key=lambda w: -w.sum())[:2]
    eyes = [_eye(weight) for weight in weights]
    if len(eyes) == 2:
        limit = MAX_RADIUS * math.hypot(eyes[0].x - eyes[1].x, eyes[0].y - eyes[1].y)
        eyes = [Eye(eye.x, eye.y, min(eye.radius, limit)) for eye in eyes]
    return tuple(eyes)


def _eye(weight: NDArray[np.float64]) -> Eye:
    cells, total = weight.shape[0], float(weight.sum())
    centers = (np.arange(cells) + 0.5) / cells
    x, y = weight.sum(axis=0) @ centers / total, weight.sum(axis=1) @ centers / total
    return Eye(float(x), float(y), RADIUS * math.sqrt(total) / cells)


def steadied(eyes: Sequence[Eye], previous: Sequence[Eye], seconds: float) -> tuple[Eye, ...]:
    """This frame's eyes, their places averaged with the last frame's; new and lost ones fade in and out."""
    step, weight, rest, result = seconds / FADE_SECONDS, mix(seconds, PLACE_SECONDS), list(previous), []
    for eye in eyes:
        known = next((old for old in rest if _same(eye, old)), None)
        if known is None:
            result.append(Eye(eye.x, eye.y, eye.radius, min(1.0, step)))
            continue
        rest.remove(known)
        x, y, radius = (
            old + weight * (new - old)
            for new, old in ((eye.x, known.x), (eye.y, known.y), (eye.radius, known.radius))
        )
        result.append(Eye(x, y, radius, min(1.0, known.presence + step)))
    lost = (Eye(old.x, old.y, old.radius, old.presence - step) for old in rest if old.presence > step)
    return (*result, *lost)


def _same(eye: Eye, other: Eye) -> bool:
    return math.hypot(eye.x - other.x, eye.y - other.y) < SAME_EYE * max(eye.radius, other.radius)


def enlarge_eyes(image: NDArray[Value], eyes: Sequence[Eye], amount: float) -> NDArray[Value]:
    """The picture (uint8 [S, S, 3]) or map (float32 [S, S]) with its eyes ``amount`` times as tall.

    Within each disc of radius R a point at distance r from the centre shows what was nearer to it: full
    magnification in the middle, falling as (1 - (r/R)^2)^2 to none at the rim, so that no edge is seen.
    """
    if amount <= 1.0 or not eyes:
        return image
    size = image.shape[0]
    result = image.copy()
    for eye in eyes:
        reach = eye.radius * size
        center_x, center_y = eye.x * size - 0.5, eye.y * size - 0.5
        left, top = max(0, math.floor(center_x - reach)), max(0, math.floor(center_y - reach))
        right, bottom = min(size, math.ceil(center_x + reach) + 1), min(size, math.ceil(center_y + reach) + 1)
        if right <= left or bottom <= top:
            continue
        dx = np.arange(left, right, dtype=np.float32)[None, :] - np.float32(center_x)
        dy = np.arange(top, bottom, dtype=np.float32)[:, None] - np.float32(center_y)
        tall = 1.0 + (amount - 1.0) * eye.presence
        wide = 1.0 + (tall - 1.0) * WIDTH_SHARE
        bell = np.square(np.clip(1.0 - (dx * dx + dy * dy) / np.float32(reach * reach), 0.0, None))
        map_x = dx * (1.0 - np.float32(1.0 - 1.0 / wide) * bell) + np.float32(center_x)
        map_y = dy * (1.0 - np.float32(1.0 - 1.0 / tall) * bell) + np.float32(center_y)
        result[top:bottom, left:right] = cv2.remap(
            result, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
    return result
