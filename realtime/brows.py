"""Brows of faces that the picture hardly shows: calmed and made up as a pair before the stylizer draws them.

Under a lamp on the ceiling the sockets' shade runs into the brows. A generator draws the dark edge that it
sees: one brow slants, the other is thick, and a calm face looks worried. Brows slant as a pair; where they do
not, both are shown as high and as slanted as they are on the average, on skin without folds and shade.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.realtime.eyes import EYES_LABEL, Eye, Pair, mean_faint
from animirror.realtime.regions import BROWS_LABEL, known_indices, region_probability, resampled
from animirror.realtime.smoothing import mix

# What may be calmed and painted on.
BARE_FACE = ("skin", "nose", EYES_LABEL, BROWS_LABEL)
# A cell of the probability map counts as brow from here on, where brows may be: between the first two above
# the eyes' line, and so far to either side of the nose's bridge. All lengths here are distances between the
# eyes, but ENOUGH: what a brow's cells take up at least, a share of the square of that.
LIKELY, LEAST_ABOVE, MOST_ABOVE, LEAST_BESIDE, MOST_BESIDE = 0.25, 0.12, 0.6, 0.1, 1.1
ENOUGH = 0.004
# The middle of a brow lies so far beside the nose's bridge.
MIDDLE = 0.52
# How much lower the outer ends of usual brows lie (184 validation photos: 0.11 at the ninetieth percentile,
# -0.18 at the tenth). Shade slants them by up to 0.6: of what is measured beyond the usual this share counts,
# up to the range of usual brows.
USUAL_SLANT, SLANT_SHARE, LEAST_SLANT, MOST_SLANT = -0.05, 0.35, -0.18, 0.11
# Where the two slant less unlike than the first they are their own (nine in ten of 180 validation photos; a
# raised brow slants as the other one does, but higher); from the second on it is shade (asl-please: 0.7).
ALIKE, UNLIKE = 0.3, 0.5
# Brows are measured anew in each frame and averaged over this time; they come and go over the same.
SECONDS = 0.3
# Eyes fainter than this need brows made up, wholly so the faintest; others have brows of their own.
HALF_SEEN = 0.5
# Fainter than this nothing is made up.
FAINT = 0.02
# What is calmed: from under a lid to so far above the brows, so far to either side of a brow's middle; dark
# things narrower than the next are filled in from around, and the rest is blurred by the last.
LID, ABOVE_BROWS, BESIDE_BROWS, NARROW, BLUR = 0.07, 0.26, 0.64, 0.5, 0.08
# ... fully from this much of the way to the middle on; and where this is a face (0: not, 1: surely).
EDGE, FACE_FROM, FACE_SURE = 0.6, 0.4, 0.9
# A made-up brow: half its length, how much higher its middle is than its ends, half its thickness at the
# middle, and by how much of that it is thicker at the inner end and thinner at the outer one.
HALF_LENGTH, ARCH, HALF_THICK, TAPER = 0.36, 0.05, 0.03, 0.55
# Its colour: the dark of what is no further from its line than this (a percentile), so much darker.
NEAR, DARK, DARKENED = 0.1, 15, 0.75


@dataclass(frozen=True)
class Brows:
    """A pair of brows over a pair of eyes; lengths in distances between these."""

    # Of their middles, above the eyes' line.
    above: float
    # How much lower they are for each length that they lie further out.
    slant: float
    # How unlike the two slant: 0 as brows do, 1 as shade alone does; None: only one was seen.
    unlike: float | None
    # 0..1
    presence: float = 1.0


class BrowMakeUp:
    """Finds and makes up brows; ``labels``: the segmenter's. One that knows no brows leaves all as it is."""

    def __init__(self, labels: Sequence[str]) -> None:
        self._brows, self._face = known_indices([BROWS_LABEL], labels), known_indices(BARE_FACE, labels)

    def find(
        self,
        probabilities: NDArray[np.float32],
        eyes: Sequence[Eye],
        previous: Brows | None,
        seconds: float,
    ) -> Brows | None:
        """A head's brows from its probabilities, float32 [L, s, s], averaged with the last frame's."""
        if not self._brows:
            return None
        return steadied(find_brows(region_probability(probabilities, self._brows), eyes), previous, seconds)

    def make_up(
        self,
        image: NDArray[np.uint8],
        probabilities: NDArray[np.float32],
        eyes: Sequence[Eye],
        brows: Brows | None,
    ) -> NDArray[np.uint8]:
        """The head's picture, uint8 [S, S, 3] BGR, with unlike brows of faint eyes made up."""
        if brows is None or len(eyes) != 2:
            return image
        unseen = (mean_faint(eyes) - HALF_SEEN) / (1.0 - HALF_SEEN)
        strength = (brows.unlike or 0.0) * min(brows.presence, unseen, *(eye.presence for eye in eyes))
        if strength < FAINT:
            return image
        face = resampled(region_probability(probabilities, self._face), len(image))
        return make_up_brows(image, Pair.of(eyes), brows, face, strength)


def find_brows(probability: NDArray[np.float32], eyes: Sequence[Eye]) -> Brows | None:
    """The brows over two eyes; None where there are none. ``probability``: float32 [s, s] of their label."""
    if len(eyes) != 2:
        return None
    pair, cells = Pair.of(eyes), len(probability)
    beside, below = pair.beside_and_below(cells)
    outwards, near = np.abs(beside), (-below > LEAST_ABOVE) & (-below < MOST_ABOVE)
    near &= (outwards > LEAST_BESIDE) & (outwards < MOST_BESIDE) & (probability > LIKELY)
    seen = []
    for side in (beside < 0, beside > 0):
        weight = np.where(near & side, probability, 0.0)
        total = float(weight.sum())
        if total >= ENOUGH * (pair.apart * cells) ** 2:
            seen.append((total, *_line(weight / total, outwards, below)))
    if not seen:
        return None
    totals, heights, slants = np.array(seen).T
    slant = USUAL_SLANT + SLANT_SHARE * (float(np.average(slants, weights=totals)) - USUAL_SLANT)
    height = float(np.average(heights, weights=totals))
    unlike = None
    if len(seen) == 2:
        unlike = float(np.clip((abs(slants[0] - slants[1]) - ALIKE) / (UNLIKE - ALIKE), 0.0, 1.0))
    return Brows(-height, float(np.clip(slant, LEAST_SLANT, MOST_SLANT)), unlike)


def _line(
    weight: NDArray[np.float64], outwards: NDArray[np.float64], below: NDArray[np.float64]
) -> tuple[float, float]:
    """Height at MIDDLE and slope of a brow's cells, whose weights sum up to 1 (least squares)."""
    middle, height = float((weight * outwards).sum()), float((weight * below).sum())
    away = outwards - middle
    slope = float((weight * away * (below - height)).sum() / max(float((weight * away**2).sum()), 1e-4))
    return height + slope * (MIDDLE - middle), slope


def steadied(found: Brows | None, previous: Brows | None, seconds: float) -> Brows | None:
    """This frame's brows, ``seconds`` after the last frame's (0: a still picture); lost ones fade out."""
    if previous is None or seconds <= 0:
        return found
    weight = mix(seconds, SECONDS)
    presence = previous.presence + weight * (float(found is not None) - previous.presence)
    if found is None:
        return replace(previous, presence=presence) if presence > FAINT else None
    above, slant = (
        old + weight * (new - old)
        for old, new in ((previous.above, found.above), (previous.slant, found.slant))
    )
    unlike = previous.unlike
    if found.unlike is not None:
        unlike = found.unlike if unlike is None else unlike + weight * (found.unlike - unlike)
    return Brows(above, slant, unlike, presence)


def make_up_brows(
    image: NDArray[np.uint8], pair: Pair, brows: Brows, face: NDArray[np.float32], strength: float
) -> NDArray[np.uint8]:
    """The picture (uint8 [S, S, 3] BGR) with its brows made up, ``strength`` 0 to 1.

    ``face``: how surely bare face, float32 [S, S]: neither hair and glasses nor what is behind is touched.
    """
    size = len(image)
    apart, (beside, below) = pair.apart * size, pair.beside_and_below(size)
    outwards = np.abs(beside)
    tilt, top = brows.slant * (outwards - MIDDLE), brows.above + ABOVE_BROWS
    lower = (below + (top + LID) / 2 - tilt) / ((top - LID) / 2)
    inside = 1.0 - ((outwards - MIDDLE) / BESIDE_BROWS) ** 2 - lower**2
    shown = strength * np.clip((face - FACE_FROM) / (FACE_SURE - FACE_FROM), 0.0, 1.0)
    calm = shown * np.clip(inside / EDGE, 0.0, 1.0)
    rows, columns = (np.flatnonzero(calm.any(axis=axis)) for axis in (1, 0))
    if rows.size == 0:
        return image
    part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    result = image.copy()
    away = (below - tilt)[part] + brows.above
    near = image[part][(np.abs(away) < NEAR) & (calm[part] > 0.0)]
    if len(near) == 0:
        return image
    color = np.percentile(near, DARK, axis=0) * DARKENED
    ink = shown[part] * _ink(outwards[part], away, apart)
    result[part] = _drawn(image[part], calm[part], ink, color, apart)
    return result


def _ink(outwards: NDArray[np.float64], below: NDArray[np.float64], apart: float) -> NDArray[np.float64]:
    """Where a brow is, 0 to 1, from how far out a pixel is, and how far below a brow's line."""
    along = (outwards - MIDDLE) / HALF_LENGTH
    away = np.abs(below + ARCH * (1.0 - along**2))
    thick = HALF_THICK * (1.0 - TAPER * np.clip(along, -1.0, 1.0))
    return np.asarray(np.clip((thick - away) * apart + 0.5, 0.0, 1.0) * (np.abs(along) < 1.0))


def _drawn(
    image: NDArray[np.uint8],
    calm: NDArray[np.float64],
    ink: NDArray[np.float64],
    color: NDArray[np.floating],
    apart: float,
) -> NDArray[np.uint8]:
    """A part of the picture with its skin calmed and its brows painted, each by its weights 0 to 1."""
    reach = max(3, int(NARROW * apart) | 1)
    filled = cv2.morphologyEx(image, cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8))
    filled = cv2.GaussianBlur(filled, (0, 0), max(BLUR * apart, 0.5))
    values = image.astype(np.float32)
    for new, weight in ((filled.astype(np.float32), calm), (color.astype(np.float32), ink)):
        values += weight.astype(np.float32)[..., None] * (new - values)
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
