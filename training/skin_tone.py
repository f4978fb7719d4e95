"""Whether people keep their skin's tone: the colour of a face in the photo against that of its drawing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

# Skin whose middle is darker than this, L*, counts as dark, by nature or in dim light.
DARK = 45.0
# A place is skin from this probability on; fewer pixels than these say nothing.
LIKELY, LEAST = 0.5, 400


@dataclass(frozen=True)
class SkinTone:
    """How far the drawings' skin is from the photos'.

    ``off``: CIE76 colour difference between the medians of L*a*b*, mean over ``heads``; ``dark``: the same
    of the heads whose skin is darker than DARK, ``dark_heads`` many; ``dark_lighter``: by how much L* these
    are drawn lighter. None where there are none.
    """

    heads: int
    off: float | None
    dark_heads: int
    dark: float | None
    dark_lighter: float | None


def measure_tone(
    heads: Iterable[tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.float32]]],
) -> SkinTone:
    """Of each head its photo and its result, uint8 [S, S, 3] BGR, and how likely skin is, float32 [s, s]."""
    tones = [tone for head in heads if (tone := _tones(*head)) is not None]
    photos, drawn = np.array(tones, np.float64).reshape(-1, 2, 3).transpose(1, 0, 2)
    off, dark = np.linalg.norm(drawn - photos, axis=1), photos[:, 0] < DARK
    return SkinTone(
        len(tones),
        _mean(off),
        int(dark.sum()),
        _mean(off[dark]),
        _mean((drawn - photos)[dark, 0]),
    )


def _tones(
    photo: NDArray[np.uint8], result: NDArray[np.uint8], skin: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    size = photo.shape[0]
    inside = cv2.resize(skin, (size, size), interpolation=cv2.INTER_LINEAR) > LIKELY
    if np.count_nonzero(inside) < LEAST:
        return None
    before, after = (
        np.median(cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_BGR2LAB)[inside], axis=0)
        for picture in (photo, result)
    )
    return before, after


def _mean(values: NDArray[np.float64]) -> float | None:
    return round(float(values.mean()), 2) if values.size else None
