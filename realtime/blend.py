"""Styled crops back into the picture: mask to its edges, feather, colour of the scene, composite."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.realtime import crisp
from animirror.realtime.regions import Crop

# Guided filter (He et al., TPAMI 2013): window as a share of the side, about one cell of the probability
# map either way; epsilon for guides in 0..1: edges weaker than its root (5% of full scale) are no edges.
GUIDE_RADIUS = 1 / 56
GUIDE_EPSILON = 0.0025
# Statistics are solved on a map this many times smaller (Fast Guided Filter, He and Sun, 2015).
GUIDE_SUBSAMPLING = 2
# Mask values under the first become 0 and over the second 1: the segmenter's far tails are no hair.
SURE_OUTSIDE, SURE_INSIDE = 0.2, 0.75
# Feather, as a share of the crop's side (standard deviation): about 1% of a head.
FEATHER = 0.006
# The mask fades to nothing over this share of the side at the crop's border, where long hair leaves it.
BORDER_FADE = 0.05
# Colours are taken where the mask of a group is at least this sure, from at least this many pixels.
COLOR_LIKELY, COLOR_PIXELS = 0.5, 64
# The colour at a level of lightness is the middle of those up to this share of the pixels darker and lighter.
COLOR_BAND = 0.2
# Hue is compared in so many cells a side: finer than hair against skin, coarser than the lines of an eye.
CHROMA_CELLS = 24


def refine_mask(
    probability: NDArray[np.float32], image: NDArray[np.uint8], feather: float = 1.0
) -> NDArray[np.float32]:
    """A coarse mask snapped to the edges of its picture, feathered, faded at the border.

    ``probability``: float32 [s, s] in 0..1; ``image``: uint8 [S, S, 3] BGR of the same square; ``feather``:
    multiple of the usual width. Returns float32 [S, S] in 0..1, exactly 0 far from the region.
    """
    size = image.shape[0]
    guide = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.float32) / 255.0
    coarse = np.asarray(cv2.resize(probability, (size, size), interpolation=cv2.INTER_LINEAR), np.float32)
    mask = guided_filter(guide, coarse, max(1, round(size * GUIDE_RADIUS)), GUIDE_EPSILON)
    mask = np.clip((mask - SURE_OUTSIDE) / (SURE_INSIDE - SURE_OUTSIDE), 0.0, 1.0)
    if feather > 0:
        mask = cv2.GaussianBlur(mask, (0, 0), size * FEATHER * feather)
        # The blur's endless tail would touch pixels far away for nothing.
        mask[mask < 1 / 255] = 0.0
    return np.asarray(mask * border_fade(size), np.float32)


def guided_filter(
    guide: NDArray[np.float32], mask: NDArray[np.float32], radius: int, epsilon: float
) -> NDArray[np.float32]:
    """Guided filter with a grey guide (He et al., TPAMI 2013, equations 5, 6 and 8), on a subsampled map.

    ``guide`` and ``mask``: float32 [S, S] in 0..1; ``radius`` of the window in pixels.
    """
    height, width = guide.shape
    small = (max(1, width // GUIDE_SUBSAMPLING), max(1, height // GUIDE_SUBSAMPLING))
    i = cv2.resize(guide, small, interpolation=cv2.INTER_AREA)
    p = cv2.resize(mask, small, interpolation=cv2.INTER_AREA)
    window = (2 * max(1, radius // GUIDE_SUBSAMPLING) + 1,) * 2
    mean_i, mean_p = cv2.blur(i, window), cv2.blur(p, window)
    a = (cv2.blur(i * p, window) - mean_i * mean_p) / (cv2.blur(i * i, window) - mean_i * mean_i + epsilon)
    b = mean_p - a * mean_i
    slope, offset = (
        cv2.resize(cv2.blur(m, window), (width, height), interpolation=cv2.INTER_LINEAR) for m in (a, b)
    )
    return np.asarray(slope * guide + offset, np.float32)


def border_fade(size: int) -> NDArray[np.float32]:
    """float32 [size, size]: 1 inside, falling linearly to 0 at the border over BORDER_FADE of the side."""
    distance = np.minimum(np.arange(size), np.arange(size)[::-1]) / np.float32(size * BORDER_FADE)
    ramp = np.clip(distance, 0.0, 1.0)
    return np.minimum(ramp[:, None], ramp[None, :])


def color_shifts(
    styled: NDArray[np.uint8],
    image: NDArray[np.uint8],
    groups: Sequence[NDArray[np.float32]],
    levels: Sequence[float],
) -> NDArray[np.float32]:
    """Colour of the picture minus middle colour of the drawing in each group of pixels.

    The first half of Reinhard et al. (IEEE CG&A 2001, equation 10), in Lab, with medians in place of means,
    because eyes are drawn large over what was skin; the spread of the drawing's colours is left alone,
    because flat areas and dark lines are the style. ``styled`` and ``image``: uint8 [S, S, 3] BGR;
    ``groups``: float32 [s, s] in 0..1 each; ``levels``: of each, the share of the picture's pixels that are
    darker than the colour wanted, COLOR_BAND to 1 - COLOR_BAND. Returns float32 [groups, 3] (8-bit Lab).
    """
    size = groups[0].shape[0]
    small = [
        cv2.cvtColor(cv2.resize(p, (size, size), interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2LAB)
        for p in (styled, image)
    ]
    shifts = np.zeros((len(groups), 3), np.float32)
    for index, (group, level) in enumerate(zip(groups, levels, strict=True)):
        inside = group > COLOR_LIKELY
        if np.count_nonzero(inside) >= COLOR_PIXELS:
            drawn, seen = (picture[inside] for picture in small)
            first, last = (round(place * len(seen)) for place in (level - COLOR_BAND, level + COLOR_BAND))
            wanted = seen[np.argsort(seen[:, 0])[first:last]]
            shifts[index] = np.median(wanted, axis=0) - np.median(drawn, axis=0)
    return shifts


def recolored(
    styled: NDArray[np.uint8],
    image: NDArray[np.uint8],
    groups: Sequence[NDArray[np.float32]],
    shifts: NDArray[np.float32],
    hue: float,
) -> NDArray[np.uint8]:
    """The drawing with its groups' colours shifted and, as far as ``hue`` says (0..1), the picture's hues.

    Drawing and picture: uint8 [S, S, 3] BGR. Each group's Lab shift (float32 [groups, 3], see
    :func:`color_shifts`) is added in proportion to its map. Then each place gets the picture's own hue, as
    far as CHROMA_CELLS can tell places apart: lightness, and so every line and flat area, stays the
    drawing's; a tint that the generator gives to dark hair does not. Both are one field, so that the drawing
    goes to Lab and back only once.
    """
    moved = np.zeros((*groups[0].shape, 3), np.float32)
    for group, shift in zip(groups, shifts, strict=True):
        moved += group[..., None] * shift
    lab = np.asarray(cv2.cvtColor(styled, cv2.COLOR_BGR2LAB), np.uint8)
    # In cells, the picture's hue minus that of the shifted drawing.
    cells = (CHROMA_CELLS, CHROMA_CELLS)
    wanted = cv2.cvtColor(cv2.resize(image, cells, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2LAB)
    found = cv2.add(
        cv2.resize(lab, cells, interpolation=cv2.INTER_AREA),
        cv2.resize(moved, cells, interpolation=cv2.INTER_AREA),
        dtype=cv2.CV_32F,
    )
    tint = np.float32(hue) * (wanted.astype(np.float32) - found)
    tint[..., 0] = 0.0
    size = (styled.shape[1], styled.shape[0])
    field = np.add(*(cv2.resize(part, size, interpolation=cv2.INTER_LINEAR) for part in (moved, tint)))
    return np.asarray(cv2.cvtColor(cv2.add(lab, field, dtype=cv2.CV_8U), cv2.COLOR_LAB2BGR), np.uint8)


def composite(
    frame: NDArray[np.uint8],
    coverage: NDArray[np.float32],
    styled: NDArray[np.uint8],
    mask: NDArray[np.float32],
    crop: Crop,
) -> None:
    """Draw a styled crop into ``frame`` (uint8 [H, W, 3]) and its mask into ``coverage`` (float32 [H, W]).

    ``styled``: uint8 [S, S, 3]; ``mask``: float32 [S, S] in 0..1. Where the mask is 0 the frame stays. The
    crop is taken to the nearest whole pixels (a Locator's crops lie on them): resizing is then exact, and
    five times as fast as a warp.
    """
    height, width = frame.shape[:2]
    side = max(1, round(crop.side))
    left, top = round(crop.box.left), round(crop.box.top)
    alpha = np.asarray(crisp.resized(mask, side, cv2.INTER_LINEAR), np.float32)
    # Only the rectangle that the mask covers inside the frame is touched.
    rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
    if rows.size == 0:
        return
    upper, lower = max(-top, int(rows[0])), min(height - top, int(rows[-1]) + 1)
    first, last = max(-left, int(columns[0])), min(width - left, int(columns[-1]) + 1)
    if upper >= lower or first >= last:
        return
    inner = np.s_[upper:lower, first:last]
    outer = np.s_[upper + top : lower + top, first + left : last + left]
    drawn, alpha = crisp.enlarged(styled, side, inner, crisp.MOST_IN_FRAMES), alpha[inner]
    region = frame[outer]
    # Its rounding gives back every value exactly where the weights are 0 and 1.
    region[:] = cv2.blendLinear(drawn, region, alpha, 1.0 - alpha)
    np.maximum(coverage[outer], alpha, out=coverage[outer])
