"""Drawings of large heads at the picture's own resolution: what the generator did, done to the large picture.

A generator draws 256 px or so. Enlarged, its drawing is blurred; drawn again in larger tiles it loses the
style, because a generator that sees only a cheek draws pores (tried: wrinkles come back, skin is no longer
flat). So the drawing is taken as what it is, a change of colours that varies from place to place: around each
pixel the colours drawn are fitted as a linear function of the colours shown, and those functions are used on
the large picture. Lines then are as sharp as the picture's, and skin stays as flat as it was drawn.

Bilateral Guided Upsampling (Chen, Adams, Wadhwa and Hasinoff, SIGGRAPH Asia 2016), with the windows of the
guided filter (He et al., TPAMI 2013, section 3.5 on colour guides) in place of a bilateral grid.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

# Window of the fit, px of the drawing either way: wider ones lose the small lines of eyes.
RADIUS = 2
# Colours (0..1) that vary by less than its root, 3%, are flat: their grain is not to be drawn.
EPSILON = 0.001
# Lines that were drawn where the picture has none cannot be fitted; this much of what the fit lost is added,
# enlarged: all of it would bring the blurred edges back, none loses the ink.
LOST_SHARE = 0.5
# Rows of the large picture that are made at a time: colours and functions take 36 bytes a pixel.
BAND = 256
# Largest side of a drawing: at 4096 px making it takes about 1 GB; larger heads are enlarged from there.
MAX_SIDE = 4096


def drawn_side(crop_side: float, size: int) -> int:
    """Pixels a side in which a still picture's head is drawn: its own, at least the generator's ``size``."""
    return max(size, min(MAX_SIDE, round(crop_side)))


def enlarged(
    drawing: NDArray[np.uint8], shown: NDArray[np.uint8], picture: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """The drawing of a small picture as a drawing of the large one.

    ``drawing`` and ``shown``: uint8 [s, s, 3] BGR, what the generator made of what; ``picture``: uint8
    [S, S, 3], the same square in more pixels. Returns uint8 [S, S, 3].
    """
    guide, target = (image.astype(np.float32) / 255.0 for image in (shown, drawing))
    slopes, offsets = _fit(guide, target)
    lost = target - (np.einsum("yxio,yxi->yxo", slopes, guide) + offsets)
    offsets += LOST_SHARE * lost
    # For each colour drawn, its slopes for the three colours shown and its offset.
    functions = [np.dstack([slopes[..., channel], offsets[..., channel]]) for channel in range(3)]
    result = np.empty_like(picture)
    for top in range(0, len(picture), BAND):
        band = picture[top : top + BAND]
        colors = cv2.cvtColor(band, cv2.COLOR_BGR2BGRA).astype(np.float32)
        colors[..., 3] = 255.0
        for channel, function in enumerate(functions):
            local = _enlarged_rows(function, top, len(band), len(picture))
            drawn = np.einsum("yxi,yxi->yx", local, colors)
            result[top : top + BAND, :, channel] = np.clip(drawn + 0.5, 0, 255)
    return result


def _fit(
    guide: NDArray[np.float32], target: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Slopes float32 [s, s, 3 in, 3 out] and offsets [s, s, 3] with target = slopes guide + offset around

    every pixel, in the least squares of its windows' mean.
    """
    size = len(guide)
    mean_guide, mean_target = _mean(guide), _mean(target)
    variance, covariance = np.empty((2, size, size, 3, 3), np.float32)
    for i in range(3):
        variance[..., i, :] = _mean(guide * guide[..., i, None]) - mean_guide * mean_guide[..., i, None]
        covariance[..., i, :] = _mean(target * guide[..., i, None]) - mean_target * mean_guide[..., i, None]
    slopes = np.linalg.solve(variance + EPSILON * np.eye(3, dtype=np.float32), covariance)
    offsets = mean_target - np.einsum("yxio,yxi->yxo", slopes, mean_guide)
    smooth = _mean(slopes.reshape(size, size, 9)).reshape(slopes.shape)
    return smooth, _mean(offsets)


def _mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.blur(values, (2 * RADIUS + 1,) * 2), np.float32)


def _enlarged_rows(values: NDArray[np.float32], top: int, rows: int, side: int) -> NDArray[np.float32]:
    """Rows ``top`` and on of ``values`` (float32 [s, s, 4]) enlarged to [side, side, 4], linearly."""
    size = len(values)
    at = np.clip((np.arange(top, top + rows) + 0.5) * size / side - 0.5, 0, size - 1)
    low = np.minimum(at.astype(int), size - 2)
    weight = (at - low).astype(np.float32)[:, None, None]
    tall = values[low] * (1 - weight) + values[low + 1] * weight
    return np.asarray(cv2.resize(tall, (side, rows), interpolation=cv2.INTER_LINEAR), np.float32)
