"""How much of a face stays in its place when it is drawn: what a segmenter sees before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.realtime.segment import Segmenter
from animirror.training.evaluate import three_classes


@dataclass(frozen=True)
class Kept:
    """What the segmenter sees in the same place after drawing: intersection over union, all heads."""

    heads: int
    face: float
    hair: float


def measure_kept(
    before: Sequence[NDArray[np.float32]], after: Sequence[NDArray[np.float32]], labels: Sequence[str]
) -> Kept:
    """Intersection over union of face and of hair, summed over all heads; maps by :func:`seen`."""
    common, either = np.zeros(3), np.zeros(3)
    for maps in zip(before, after, strict=True):
        first, second = (three_classes(values, labels, ears=True) for values in maps)
        for index in (1, 2):
            common[index] += np.count_nonzero((first == index) & (second == index))
            either[index] += np.count_nonzero((first == index) | (second == index))
    face, hair = (float(common[i] / either[i]) if either[i] else 0.0 for i in (1, 2))
    return Kept(len(before), round(face, 4), round(hair, 4))


def seen(segmenter: Segmenter, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How likely each label is over a square picture, uint8 [S, S, 3] BGR: float32 [L, s, s] in 0..1."""
    size = segmenter.size
    shown = np.asarray(cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA), np.uint8)
    return segmenter(shown[None])[0]
