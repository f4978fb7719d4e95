"""Heads thrown back and bowed by force: hardly any portrait shows one, and every video does."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

# By how much of half the picture its middle moves up (a chin comes nearer, a forehead goes) or down, at most;
# half of it would fold the picture.
BEND = 0.28
# A face seen from below or above is so much lower than it is in front of one, at most.
FLAT = 1.3


def nodded(pictures: Sequence[NDArray[np.uint8]], random: np.random.Generator) -> list[NDArray[np.uint8]]:
    """All pictures, uint8 [S, S, 3], foreshortened alike by one random nod; past a border they are mirrored.

    With v from -1 at the top to 1 at the bottom, what is seen at v comes from flat * v + bend * (1 - v^2).
    """
    bend, flat = random.uniform(-BEND, BEND), float(np.exp(random.uniform(0.0, np.log(FLAT))))
    size = len(pictures[0])
    middle = (size - 1) / 2
    columns, rows = np.meshgrid(np.arange(size, dtype=np.float32), (np.arange(size) - middle) / middle)
    sources = (middle + middle * (flat * rows + bend * (1.0 - rows**2))).astype(np.float32)
    return [
        np.asarray(
            cv2.remap(picture, columns, sources, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101), np.uint8
        )
        for picture in pictures
    ]
