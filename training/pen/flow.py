"""The direction in which hair flows, and averages along it.

A smoothed structure tensor gives the direction (Kyprianidis and Döllner, Image Abstraction by Structure
Adaptive Filtering, TPCG 2008, section 3); averages along its lines keep strands and lose noise, as in
flow-based line drawing (Kang, Lee and Chui, Coherent Line Drawing, NPAR 2007).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.training.pen.paint import Map, blurred, remapped


def directions(lightness: Map, sigma: float) -> NDArray[np.float32]:
    """Unit vectors (x, y) across the gradient: float32 [S, S, 2]; ``sigma``: smoothing, px."""
    x = cv2.Sobel(lightness, cv2.CV_32F, 1, 0)
    y = cv2.Sobel(lightness, cv2.CV_32F, 0, 1)
    xx, xy, yy = (blurred(np.asarray(part, np.float32), sigma) for part in (x * x, x * y, y * y))
    angle = 0.5 * np.arctan2(2.0 * xy, xx - yy)
    return np.stack([-np.sin(angle), np.cos(angle)], axis=-1).astype(np.float32)


def averaged_along(
    values: NDArray[np.float32], direction: NDArray[np.float32], steps: int
) -> NDArray[np.float32]:
    """The mean of ``values`` over ``steps`` pixels both ways along the flow; the same shape."""
    height, width = values.shape[:2]
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    total = values.astype(np.float32).copy()
    for sign in (1.0, -1.0):
        x, y, way = columns.copy(), rows.copy(), direction * np.float32(sign)
        for _ in range(steps):
            x, y = x + way[..., 0], y + way[..., 1]
            total += remapped(values, x, y)
            way = _same_way(remapped(direction, x, y), way)
    return np.asarray(total / np.float32(2 * steps + 1), np.float32)


def _same_way(found: NDArray[np.float32], way: NDArray[np.float32]) -> NDArray[np.float32]:
    """A line has no sense of direction: turned about where it would lead back."""
    agreement = found[..., 0] * way[..., 0] + found[..., 1] * way[..., 1]
    return found * np.where(agreement < 0, np.float32(-1.0), np.float32(1.0))[..., None]
