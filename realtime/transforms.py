"""What is written of a filtered frame: itself, before and after side by side, the mask; in any size."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.realtime.scene import Filtered
from animirror.realtime.sources import letterboxed


class Transform(Protocol):
    """From a frame and what the filter made of it to the picture that is written.

    Implementations are frozen data classes: a conversion that is resumed knows by their repr whether it is
    still the same.
    """

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of the result, pixels, for frames of ``width`` x ``height``."""

    def __call__(self, before: NDArray[np.uint8], filtered: Filtered) -> NDArray[np.uint8]:
        """uint8 [H, W, 3] BGR, upright, of that size; ``before``: the frame as it came, likewise."""


@dataclass(frozen=True)
class Plain:
    """The filtered frame."""

    def size(self, width: int, height: int) -> tuple[int, int]:
        return width, height

    def __call__(self, before: NDArray[np.uint8], filtered: Filtered) -> NDArray[np.uint8]:
        return filtered.frame


@dataclass(frozen=True)
class Compare:
    """Before on the left, after on the right."""

    def size(self, width: int, height: int) -> tuple[int, int]:
        return 2 * width, height

    def __call__(self, before: NDArray[np.uint8], filtered: Filtered) -> NDArray[np.uint8]:
        return np.hstack([before, filtered.frame])


@dataclass(frozen=True)
class Mask:
    """What was drawn over, white on black."""

    def size(self, width: int, height: int) -> tuple[int, int]:
        return width, height

    def __call__(self, before: NDArray[np.uint8], filtered: Filtered) -> NDArray[np.uint8]:
        grey = np.round(filtered.mask * 255.0).astype(np.uint8)
        return np.ascontiguousarray(np.repeat(grey[..., None], 3, axis=2))


@dataclass(frozen=True)
class Resized:
    """Another transform's picture in another size, black beside it where the proportions differ.

    ``width`` or ``height`` may be None: by the proportions, to an even number.
    """

    width: int | None
    height: int | None
    inner: Transform = field(default_factory=Plain)

    def size(self, width: int, height: int) -> tuple[int, int]:
        inner_width, inner_height = self.inner.size(width, height)
        if self.width is not None and self.height is not None:
            return self.width, self.height
        if self.width is not None:
            return self.width, _even(inner_height * self.width / inner_width)
        if self.height is not None:
            return _even(inner_width * self.height / inner_height), self.height
        return inner_width, inner_height

    def __call__(self, before: NDArray[np.uint8], filtered: Filtered) -> NDArray[np.uint8]:
        picture = self.inner(before, filtered)
        width, height = self.size(before.shape[1], before.shape[0])
        # A proportional size is rounded: bars of one pixel would be silly.
        if self.width is None or self.height is None:
            way = cv2.INTER_AREA if width < picture.shape[1] else cv2.INTER_CUBIC
            return np.asarray(cv2.resize(picture, (width, height), interpolation=way), np.uint8)
        return letterboxed(picture, width, height)


def _even(value: float) -> int:
    return max(2, 2 * round(value / 2))
