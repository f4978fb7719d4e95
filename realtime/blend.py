"""Styled crops back into the picture: mask to its edges, feather, colour of the scene, composite."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

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
    styled: NDArray[np.uint8], image: NDArray[np.uint8], groups: Sequence[NDArray[np.float32]]
) -> NDArray[np.float32]:
    """Mean colour of the picture minus that of the drawing in each group of pixels.

    The first half of Reinhard et al. (IEEE CG&A 2001, equation 10), in Lab; the spread of the drawing's
    colours is left alone, because flat areas and dark lines are the style. ``styled`` and ``image``:
    uint8 [S, S, 3] BGR; ``groups``: float32 [s, s] in 0..1 each. Returns float32 [groups, 3] (8-bit Lab).
    """
    size = groups[0].shape[0]
    small = [
        cv2.cvtColor(cv2.resize(p, (size, size), interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2LAB)
        for p in (styled, image)
    ]
    shifts = np.zeros((len(groups), 3), np.float32)
    for index, group in enumerate(groups):
        inside = group > COLOR_LIKELY
        if np.count_nonzero(inside) >= COLOR_PIXELS:
            shifts[index] = small[1][inside].mean(axis=0) - small[0][inside].mean(axis=0)
    return shifts


def shift_colors(
    styled: NDArray[np.uint8], groups: Sequence[NDArray[np.float32]], shifts: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """The drawing (uint8 [S, S, 3] BGR) with each group's Lab shift added in proportion to its map."""
    size = styled.shape[0]
    coarse = np.zeros((*groups[0].shape, 3), np.float32)
    for group, shift in zip(groups, shifts, strict=True):
        coarse += group[..., None] * shift
    lab = cv2.cvtColor(styled, cv2.COLOR_BGR2LAB)
    field = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_LINEAR)
    moved = cv2.add(lab, field, dtype=cv2.CV_8U)
    return np.asarray(cv2.cvtColor(moved, cv2.COLOR_LAB2BGR), np.uint8)


def composite(
    frame: NDArray[np.uint8],
    coverage: NDArray[np.float32],
    styled: NDArray[np.uint8],
    mask: NDArray[np.float32],
    crop: Crop,
) -> None:
    """Draw a styled crop into ``frame`` (uint8 [H, W, 3]) and its mask into ``coverage`` (float32).

    ``styled``: uint8 [S, S, 3]; ``mask``: float32 [S, S] in 0..1. Where the mask is 0 the frame stays.
    """
    height, width = frame.shape[:2]
    box = crop.box
    left, top = max(0, int(np.floor(box.left))), max(0, int(np.floor(box.top)))
    right, bottom = min(width, int(np.ceil(box.right))), min(height, int(np.ceil(box.bottom)))
    if left >= right or top >= bottom:
        return
    styled = np.asarray(_fit(styled, crop.side), np.uint8)
    mask = np.asarray(_fit(mask, crop.side), np.float32)
    matrix = crop.to_frame(styled.shape[0])
    matrix[:, 2] -= (left, top)
    size = (right - left, bottom - top)
    enlarging = crop.side > styled.shape[0]
    drawn = cv2.warpAffine(
        styled,
        matrix,
        size,
        flags=cv2.INTER_CUBIC if enlarging else cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    alpha = cv2.warpAffine(mask, matrix, size, flags=cv2.INTER_LINEAR)
    region = frame[top:bottom, left:right]
    mixed = cv2.blendLinear(drawn, np.ascontiguousarray(region), alpha, 1.0 - alpha)
    np.copyto(region, mixed, where=(alpha > 0)[..., None])
    area = coverage[top:bottom, left:right]
    np.maximum(area, alpha, out=area)


def _fit(picture: NDArray[Any], side: float) -> NDArray[Any]:
    """A square picture reduced to about ``side`` pixels by averaging; unchanged where it is not larger."""
    size = max(1, int(np.ceil(side)))
    if size >= picture.shape[0]:
        return picture
    return np.asarray(cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA))
