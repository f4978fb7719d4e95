"""How large a head is drawn: with so many pixels that its face is as large as generators know faces.

A head's crop holds all its hair. Under long hair the face is a third of the crop instead of half, and a
generator that learnt faces of 130 px draws those of 80 px without a nose, and their eyes unlike.
"""

from __future__ import annotations

from collections.abc import Sequence

# A face is drawn with this share of the smallest size at least (102 px of 256): with less, eyes and mouths
# fall apart (151 validation heads); from 140 px on folds under eyes become lines.
LEAST_FACE = 0.40
# The size of the frame before is kept until another suits better by this factor: lines of two sizes differ.
STAYS = 1.05
# Largest side of a still picture's drawing: with one, `animirror image` takes 1.3 GB (a picture of 5200 px a
# side); larger heads are enlarged from there.
MAX_SIDE = 4096


def drawn_size(face: float | None, sizes: Sequence[int], previous: int | None = None) -> int:
    """Of ``sizes`` (px, the smallest first, which is for usual heads) the one to draw a head at.

    ``face``: the face's share of the crop's side, None where no face is seen; ``previous``: what the head was
    drawn at before.
    """
    if face is None or face <= 0:
        return sizes[0]
    low, high = _needed(face * STAYS, sizes), _needed(face / STAYS, sizes)
    if previous is not None and previous in sizes and low <= previous <= high:
        return previous
    return _needed(face, sizes)


def drawn_side(crop_side: float, size: int) -> int:
    """Pixels a side of a still picture's drawing: those of its crop, at least the generator's ``size``."""
    return max(size, min(MAX_SIDE, round(crop_side)))


def _needed(face: float, sizes: Sequence[int]) -> int:
    return next((size for size in sizes if face * size >= LEAST_FACE * sizes[0]), sizes[-1])
