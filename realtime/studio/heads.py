"""The heads of a still picture: found once, their masks at the picture's full resolution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.realtime.locate import Locator, SegmenterLike
from animirror.realtime.regions import Box
from animirror.realtime.scene import Head

# Masks are taken to the picture's edges in at most so many pixels a side: of a larger head the edge is then
# a few pixels wide, which the feather makes it anyway.
MASK_SIDE = 1536

# A head this many times smaller than one in whose square it lies is an emblem on the cap or a print on the
# shirt rather than somebody standing there.
EMBLEM = 5.0


@dataclass(frozen=True)
class MaskPatch:
    """One head's mask: uint8 [h, w], 0..255, its corner at (left, top) of the picture, all inside it."""

    mask: NDArray[np.uint8]
    left: int
    top: int

    @property
    def box(self) -> Box:
        height, width = self.mask.shape
        return Box(self.left, self.top, self.left + width, self.top + height)


def find_heads(frame: NDArray[np.uint8], segmenter: SegmenterLike) -> list[Head]:
    """Every head of a picture (uint8 [H, W, 3] BGR), from left to right."""
    heads = [Head.of(track) for track in Locator(segmenter)(frame, None)]
    return sorted(heads, key=lambda head: head.crop.center_x)


def doubtful(heads: Sequence[Head]) -> frozenset[int]:
    """Numbers of the heads that had better be switched off until somebody asks for them."""
    return frozenset(
        index
        for index, head in enumerate(heads)
        if any(head.crop.side * EMBLEM < other.crop.side and _holds(other, head) for other in heads)
    )


def _holds(large: Head, small: Head) -> bool:
    box, (x, y) = large.crop.box, small.track.head.center
    return box.left <= x < box.right and box.top <= y < box.bottom


def mask_patch(
    head: Head, frame: NDArray[np.uint8], labels: Sequence[int], feather: float
) -> MaskPatch | None:
    """Where the head shows these labels (indices), as pixels of the frame; None: it lies outside."""
    height, width = frame.shape[:2]
    side = max(1, round(head.crop.side))
    left, top = round(head.crop.box.left), round(head.crop.box.top)
    upper, lower = max(0, -top), min(side, height - top)
    first, last = max(0, -left), min(side, width - left)
    if upper >= lower or first >= last:
        return None
    fine = min(MASK_SIDE, max(side, head.image.shape[0]))
    detailed = replace(head, image=head.crop.extract(frame, fine))
    mask = np.round(detailed.mask(labels, feather) * 255).astype(np.uint8)
    way = cv2.INTER_LINEAR if side > fine else cv2.INTER_AREA
    whole = np.asarray(cv2.resize(mask, (side, side), interpolation=way), np.uint8)
    return MaskPatch(np.ascontiguousarray(whole[upper:lower, first:last]), left + first, top + upper)
