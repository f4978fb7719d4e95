"""Stray strokes on drawn faces: short lines where no drawn face has any, taken out before a drawing is used.

A generator takes a fold of the cheek or a frown for the edge of something, and half a rim that it saw for a
line. On skin that is otherwise flat each such stroke is a scar, and it flickers. Strokes of eyes, brows,
nose, mouth, hair and the face's own outline hang together with these; strays touch none of them. A fold under
an eye often touches the eye's own strokes, but leaves them downwards, where no drawn eye goes on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.realtime.eyes import EYES_LABEL, Eye, Pair
from animirror.realtime.regions import (
    BROWS_LABEL,
    GLASSES_LABEL,
    known_indices,
    label_indices,
    resampled,
)
from animirror.realtime.scene import Head

Mask = NDArray[np.uint8]

# What a face is made of, here without ears, whose strokes are their own; eyes are kept by their places.
EARS, NOSE = "ears", "nose"
MOUTH = ("mouth", "upper_lip", "lower_lip")
# A stroke is narrower than this (px of 256) and this much darker (grey levels) than what is around it: blush
# and shadows are wider, and fainter at their edges.
WIDEST, DARKER = 11, 7
# Patches are wider than strokes: narrower than the first, wider than the second, darker than the third.
# Beards on a chin are patches, and their rims are theirs.
WIDEST_PATCH, NARROWEST_PATCH, DARKER_PATCH = 31, 7, 12
# Labels count from here on; face from the second, for its outline is drawn along its edge and must be met.
LIKELY, FACE = 0.4, 0.6
# Drawn shapes reach beyond their labels by so much, px of 256.
BEYOND_FACE, BEYOND_BROWS, BEYOND_NOSE, BEYOND_MOUTH = 5, 1, 3, 5
# Of the nose its lower part is drawn, and beards are: from so far below the eyes' line on, in distances
# between the eyes.
NOSE_BELOW, BEARD_BELOW = 0.4, 0.5
# A drawn eye's width and height, as multiples of what is seen; no less than the next two, in distances
# between the eyes, for lids are drawn of shut eyes, too. Faint eyes are drawn less surely: so much farther.
EYE_WIDE, EYE_TALL, LEAST_WIDE, LEAST_TALL, FAINTER = 1.2, 2.0, 0.3, 0.25, 0.7
# What leaves an eye is a fold where more than half of it lies below the eye: so many times as far as
# beside it.
FOLD_BELOW = 0.7
# A drawn eye is dark in its middle, a square of the first share of its width (half a side), from the second
# share of that on. Where one is not, it is drawn elsewhere (a shut one lower), and might pass for a fold.
MIDDLE, MIDDLE_DARK = 0.15, 0.7
# Brows that the segmenter missed are drawn so far above an eye, so wide and high.
BROW_ABOVE, BROW_WIDE, BROW_TALL = 0.3, 0.6, 0.3
# Nose and mouth are seen when so much of the square between the eyes' distance is; where one is not (a hand,
# a turned head), what is a stray cannot be told. With so much of glasses their strokes are wanted.
SEEN, WORN = 0.005, 0.02
# What is taken out reaches this far beyond a stray's dark middle, px of 256, but keeps off other strokes.
BORDER, CLEARANCE = 3, 1
# Skin is filled in from so far around, px.
FILLED_FROM = 3


@dataclass(frozen=True)
class _Eyes:
    """A pair, where it and its brows are drawn, and how every pixel lies to it (Pair.beside_and_below)."""

    pair: Pair
    drawn: Mask
    beside: NDArray[np.float64]
    below: NDArray[np.float64]


class StrayStrokes:
    """Takes strays out of drawings of heads; ``labels``: the segmenter's.

    A segmenter that does not know eyes, nose and mouth apart cannot tell strays: drawings then stay.
    """

    def __init__(self, labels: Sequence[str]) -> None:
        self._nose, self._brows = known_indices([NOSE], labels), known_indices([BROWS_LABEL], labels)
        self._mouth = known_indices(MOUTH, labels)
        self._knows = bool(self._nose and self._brows and self._mouth and known_indices([EYES_LABEL], labels))
        ears = known_indices([EARS], labels)
        face = label_indices(["face"], labels) if self._knows else ()
        self._face = [index for index in face if index not in ears]
        self._glasses = known_indices([GLASSES_LABEL], labels)

    def without(self, head: Head, drawing: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The head's drawing (uint8 [S, S, 3] BGR) without strays; itself where it has none."""
        if not self._knows or len(head.eyes) != 2 or head.framed:
            return drawing
        size = len(drawing)
        pair = Pair.of(head.eyes)
        nose, mouth = (self._likely(head, labels, size) for labels in (self._nose, self._mouth))
        glasses = self._likely(head, self._glasses, size)
        square = (pair.apart * size) ** 2
        if min(nose.sum(), mouth.sum()) < SEEN * square or glasses.sum() > WORN * square:
            return drawing
        beside, below = pair.beside_and_below(size)
        face = resampled(head.probability(self._face), size)
        brows = _grown(self._likely(head, self._brows, size), BEYOND_BROWS, size)
        anchors = [
            _grown(np.asarray(face < FACE, np.uint8), BEYOND_FACE, size),
            # Its bridge is not drawn, but frowns run into it.
            _grown(np.asarray(nose * (below > NOSE_BELOW), np.uint8), BEYOND_NOSE, size),
            _grown(mouth, BEYOND_MOUTH, size),
        ]
        eyes = _Eyes(pair, np.maximum(brows, _about_eyes(pair, size)), beside, below)
        return _cleared(drawing, np.maximum.reduce(anchors), eyes)

    def _likely(self, head: Head, labels: Sequence[int], size: int) -> Mask:
        if not labels:
            return np.zeros((size, size), np.uint8)
        return np.asarray(resampled(head.probability(labels), size) > LIKELY, np.uint8)


def _about_eyes(pair: Pair, size: int) -> Mask:
    """Where eyes and brows are drawn."""
    mask, apart = np.zeros((size, size), np.uint8), pair.apart * size
    for eye in (pair.left, pair.right):
        width = eye.width * size
        place, turn = np.array((eye.x, eye.y)) * size - 0.5, math.degrees(eye.turn)
        above = BROW_ABOVE * apart * np.array((math.sin(eye.turn), -math.cos(eye.turn)))
        unsure = FAINTER * eye.faint
        wide = max(EYE_WIDE * width, (LEAST_WIDE + unsure) * apart)
        tall = max(EYE_TALL * eye.openness * width, (LEAST_TALL + unsure) * apart)
        for center, axes in (
            (place, (wide, tall)),
            (place + above, (BROW_WIDE * apart, BROW_TALL * apart)),
        ):
            cv2.ellipse(mask, (tuple(map(float, center)), axes, turn), 1, cv2.FILLED)
    return mask


def _cleared(drawing: NDArray[np.uint8], anchors: Mask, eyes: _Eyes) -> NDArray[np.uint8]:
    """The drawing without strays. ``anchors``: where strokes stay that are none of the eyes'."""
    size = len(drawing)
    grey = np.asarray(cv2.cvtColor(drawing, cv2.COLOR_BGR2GRAY), np.uint8)
    stroke = _dark(grey, WIDEST, DARKER)
    if not all(_drawn_there(stroke, eye) for eye in (eyes.pair.left, eyes.pair.right)):
        return drawing
    count, numbers = cv2.connectedComponents(stroke & (1 - eyes.drawn))
    pieces = np.asarray(numbers, np.int32)
    kept = _meets(pieces, anchors, count)
    # Piece 0 is what is no stroke.
    kept[0] = True
    kept |= _meets(pieces, _grown(stroke & eyes.drawn, 1, size), count) & ~_folds(pieces, eyes, kept)
    if kept.all():
        return drawing
    patches = _dark(grey, WIDEST_PATCH, DARKER_PATCH) * (eyes.below > BEARD_BELOW)
    patches = np.asarray(cv2.morphologyEx(patches, cv2.MORPH_OPEN, _disc(NARROWEST_PATCH, size)), np.uint8)
    kept |= _meets(pieces, _grown(patches, BORDER, size), count)
    stray = np.asarray(~kept[pieces], np.uint8)
    if not stray.any():
        return drawing
    others = np.asarray(stroke - stray, np.uint8)
    out = _grown(stray, BORDER, size) & (1 - _grown(others, CLEARANCE, size))
    return np.asarray(cv2.inpaint(drawing, out, FILLED_FROM, cv2.INPAINT_TELEA), np.uint8)


def _drawn_there(stroke: Mask, eye: Eye) -> bool:
    """Whether an eye is drawn where it was seen."""
    size = len(stroke)
    reach = max(1.0, MIDDLE * eye.width * size)
    (top, bottom), (left, right) = (
        (max(0, round(middle * size - reach)), round(middle * size + reach)) for middle in (eye.y, eye.x)
    )
    middle = stroke[top:bottom, left:right]
    return middle.size > 0 and float(middle.mean()) >= MIDDLE_DARK


def _meets(pieces: NDArray[np.int32], mask: Mask, count: int) -> NDArray[np.bool_]:
    """Of each of ``count`` pieces (their numbers, int32 [S, S]): whether some of it lies in the mask."""
    meets = np.zeros(count, bool)
    meets[pieces[mask > 0]] = True
    return meets


def _folds(pieces: NDArray[np.int32], eyes: _Eyes, kept: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Of each piece that is not kept: whether it lies below an eye."""
    places = np.nonzero(~kept[pieces])
    numbers = pieces[places]
    # Eyes are half their distance left and right of the middle.
    under = eyes.below[places] > FOLD_BELOW * np.abs(np.abs(eyes.beside[places]) - 0.5)
    return np.bincount(numbers[under], minlength=len(kept)) > 0.5 * np.bincount(numbers, minlength=len(kept))


def _dark(grey: NDArray[np.uint8], widest: float, darker: int) -> Mask:
    """What is narrower than ``widest`` (px of 256) and ``darker`` than what is around it."""
    side = _odd(widest, len(grey))
    around = cv2.morphologyEx(grey, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))
    return np.asarray(cv2.subtract(around, grey) > darker, np.uint8)


def _grown(mask: Mask, reach: float, size: int) -> Mask:
    return np.asarray(cv2.dilate(mask, _disc(2 * reach + 1, size)), np.uint8)


def _disc(diameter: float, size: int) -> Mask:
    side = _odd(diameter, size)
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)


def _odd(length: float, size: int) -> int:
    """Px of 256 as an odd number of pixels, 3 at least."""
    return 2 * max(1, round((length - 1) / 2 * size / 256)) + 1
