"""Hair as a generator can draw it in flat tones: its finest strands averaged away, within the hair alone."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

# The segmenter's label, in lower case.
HAIR_LABEL = "hair"
# Strands finer than this share of a crop's side (standard deviation) are averaged: 3 px of 256. Drawn, they
# are camouflage that flickers; from 5 px on locks go, too, and hair becomes a cap.
FINEST = 3 / 256
# This share of them goes. With more, hair is flatter still, but our segmenter takes more of it for cloth: of
# the demo portrait's by anime-lite it finds 0.43 again at 0.6, 0.70 so (IoU).
AVERAGED = 0.45
# Hair counts from the first probability on, wholly from the second: its outline and its ends stay sharp.
BORDER, INSIDE = 0.5, 0.9
# Averages are made of a picture so many times smaller: they hold nothing fine.
SMALLER = 4
# A place with less hair around it than this has no average of hair.
LEAST = 1e-3


def calmer(image: NDArray[np.uint8], hair: NDArray[np.float32], side: float) -> NDArray[np.uint8]:
    """The picture with its hair averaged; what is beside the hair stays and does not bleed into it.

    ``image``: uint8 [S, S, 3] BGR; ``hair``: float32 [s, s] in 0..1 over the same square; ``side``: of the
    head's crop in pixels of ``image``.
    """
    size = image.shape[0]
    inside = np.clip((hair - BORDER) / (INSIDE - BORDER), 0.0, 1.0)
    if not inside.any():
        return image
    small = size // SMALLER
    weight = cv2.resize(hair, (small, small), interpolation=cv2.INTER_LINEAR)
    colors = cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA) * weight[..., None]
    sigma = FINEST * side / SMALLER
    around = np.maximum(cv2.GaussianBlur(weight, (0, 0), sigma), LEAST)[..., None]
    colors = np.clip(cv2.GaussianBlur(colors, (0, 0), sigma) / around, 0.0, 255.0).astype(np.uint8)
    average = cv2.resize(colors, (size, size), interpolation=cv2.INTER_LINEAR)
    share = cv2.resize(np.float32(AVERAGED) * inside, (size, size), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.blendLinear(average, image, share, 1.0 - share), np.uint8)
