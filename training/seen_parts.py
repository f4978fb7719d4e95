"""What a face mesh sees in photos, as masks, and how these refine the codes of masks that know less."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# The values of a mask of parts. "plain" is what of a face is none of the parts after it: skin, nose, glasses.
SEEN = ("unknown", "plain", "eyes", "brows", "upper_lip", "mouth", "lower_lip")
UNKNOWN, PLAIN = 0, 1


def plain_members(face: Sequence[int], labels: Sequence[str]) -> tuple[int, ...]:
    """Of the label indices ``face``, those that "plain" may be."""
    return tuple(index for index in face if labels[index].lower() not in SEEN)


def refined(
    codes: NDArray[np.uint8], parts: NDArray[np.uint8], labels: Sequence[str], face: int, plain: int
) -> NDArray[np.uint8]:
    """Codes (uint8 [H, W]) with what ``parts`` (uint8 [H, W], values of SEEN) knows of their code ``face``.

    Parts outside the face stay what they were: hair hangs before eyes, and the mesh sees through it.
    ``plain``: the code of the group of that name. Raises ValueError for a value that SEEN lacks.
    """
    if parts.max(initial=0) >= len(SEEN):
        raise ValueError(f"value {parts.max()} is not one of the {len(SEEN)} parts")
    lowered = [label.lower() for label in labels]
    known = [lowered.index(name) if name in lowered else face for name in SEEN[2:]]
    table = np.array([face, plain, *known], np.uint8)
    return np.where(codes == face, table[parts], codes)
