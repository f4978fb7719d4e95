"""Thin lines of light and of dark in a face's picture, and whether they run along an outline."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.realtime.rims import Points

# A line of light is a ridge this wide (px of 256, standard deviation), all of one from this curvature on (in
# hundredths of the skin's grey level, taken as this at least: darker skin shows only noise).
RIDGE, CLEAR_RIDGE, DIMMEST = 1.2, 6.0, 30.0


@dataclass(frozen=True)
class Lines:
    """Lines of light, or of dark: how strong, and which way, by cosine and sine of twice the angle."""

    strength: NDArray[np.float32]
    cosine: NDArray[np.float32]
    sine: NDArray[np.float32]

    @classmethod
    def of(cls, grey: NDArray[np.float32], scale: float) -> Lines:
        """Ridges of a picture, float32 [S, S] in hundredths of the skin's level, ``scale`` px of 256 a pixel.

        Eigenvalues of the Hessian (Lindeberg, IJCV 1998): strongly negative across a ridge, near 0 along it.
        """
        smooth = cv2.GaussianBlur(grey, (0, 0), RIDGE * scale)
        xx, yy, xy = (cv2.Sobel(smooth, cv2.CV_32F, *order, ksize=3) for order in ((2, 0), (0, 2), (1, 1)))
        middle, apart = (xx + yy) / 2, np.sqrt(((xx - yy) / 2) ** 2 + xy**2)
        strength = np.maximum(-(middle - apart) - np.abs(middle + apart), 0.0)
        length = np.maximum(2 * apart, 1e-6)
        return cls(strength, (xx - yy) / length, 2 * xy / length)

    def along(self, places: Points, tangents: Points) -> NDArray[np.float32]:
        """How clear a line runs through each place in its tangent's direction, 0..1: float32 [...]."""
        column, row = cells_of(places, len(self.strength))
        length = np.square(tangents).sum(axis=-1) + 1e-9
        cosine = (tangents[..., 0] ** 2 - tangents[..., 1] ** 2) / length
        sine = 2 * tangents[..., 0] * tangents[..., 1] / length
        agreement = self.cosine[row, column] * cosine + self.sine[row, column] * sine
        clear = np.minimum(self.strength[row, column] / CLEAR_RIDGE, 1.0)
        return np.asarray(clear * np.clip(agreement, 0.0, 1.0), np.float32)

    def near(self, outline: Points, away: float) -> float:
        """How strong the lines are along an outline (float32 [P, 2]) or ``away`` px of 256 beside it."""
        size = len(self.strength)
        steps = np.array((-1.0, -0.5, 0.0, 0.5, 1.0)) * away * size / 256
        beside = steps[:, None, None].astype(np.float32) * across(tangents_of(outline))
        column, row = cells_of(outline + beside, size)
        return float(self.strength[row, column].max(axis=0).mean())


def lines_of(image: NDArray[np.uint8], face: NDArray[np.float32]) -> tuple[Lines, Lines]:
    """Lines of light and of dark, as strong as they stand out from the face's middle level.

    ``image``: uint8 [S, S, 3] BGR; ``face``: float32 [S, S], how likely each place is face, 0..1.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.float32)
    inside = grey[face > 0.5]
    grey *= 100.0 / max(float(np.median(inside)) if inside.size else 0.0, DIMMEST)
    light, dark = (Lines.of(sign * grey, image.shape[0] / 256) for sign in (1.0, -1.0))
    return light, dark


def tangents_of(places: Points) -> Points:
    """Which way closed outlines run at each place: float32 [..., P, 2], not of length 1."""
    return np.roll(places, -1, axis=-2) - np.roll(places, 1, axis=-2)


def across(tangents: Points) -> Points:
    """Unit vectors across an outline, to one side of it."""
    turned = np.stack([-tangents[..., 1], tangents[..., 0]], axis=-1)
    return np.asarray(turned / (np.linalg.norm(turned, axis=-1, keepdims=True) + 1e-9), np.float32)


def cells_of(places: Points, size: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The columns and rows of a map of ``size`` cells a side that places, in its px, lie in."""
    near = np.clip(np.rint(places), 0, size - 1).astype(np.intp)
    return near[..., 0], near[..., 1]
