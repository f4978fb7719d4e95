"""How a large picture stands in a small window: zoom, pan, and the pixels that are seen."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from animirror.realtime.regions import Box

# One step of the wheel or of a key; eight steps are a factor of six.
ZOOM_STEP = 1.25
# Nobody needs a pixel of the picture larger than this on the screen.
MAX_SCALE = 16.0
# A small picture is not blown up further than this to fill the window: it would look worse than it is.
MAX_FIT = 2.0
# So much of the window (share) the picture keeps when it is pushed aside.
KEPT_SHARE = 0.25


class Viewport:
    """A picture of ``size`` (width, height) in a window: ``scale`` window pixels per picture pixel.

    ``left``, ``top``: where the picture's corner stands in the window, window pixels.
    """

    def __init__(self, size: tuple[int, int], window: tuple[int, int]) -> None:
        self.size, self.window = size, window
        self.scale, self.left, self.top = 1.0, 0.0, 0.0
        self.fitted = True
        self.fit()

    @property
    def fit_scale(self) -> float:
        """The scale at which the whole picture is seen."""
        whole = min(self.window[0] / self.size[0], self.window[1] / self.size[1])
        return min(whole, MAX_FIT)

    def fit(self) -> None:
        """Show the whole picture in the middle."""
        self.scale, self.fitted = self.fit_scale, True
        self._center()

    def resize(self, window: tuple[int, int]) -> None:
        """The window has another size now; the picture's middle stays where it was."""
        dx, dy = (window[0] - self.window[0]) / 2, (window[1] - self.window[1]) / 2
        self.window = window
        if self.fitted:
            self.fit()
        else:
            self.pan(dx, dy)

    def zoom(self, factor: float, x: float, y: float) -> None:
        """Enlarge by ``factor`` around a place in the window."""
        wanted = min(MAX_SCALE, max(min(self.fit_scale, 1.0), self.scale * factor))
        factor = wanted / self.scale
        self.left, self.top = x + (self.left - x) * factor, y + (self.top - y) * factor
        self.scale = wanted
        self.fitted = wanted <= self.fit_scale and factor < 1
        if self.fitted:
            self.fit()
        else:
            self.pan(0, 0)

    def pan(self, dx: float, dy: float) -> None:
        """Move the picture, window pixels; some of it always stays in the window."""
        if dx or dy:
            self.fitted = False
        self.left = self._kept(self.left + dx, 0)
        self.top = self._kept(self.top + dy, 1)

    def to_picture(self, x: float, y: float) -> tuple[float, float]:
        """A place in the window as a place in the picture."""
        return (x - self.left) / self.scale, (y - self.top) / self.scale

    def to_window(self, x: float, y: float) -> tuple[float, float]:
        """A place in the picture as a place in the window."""
        return self.left + x * self.scale, self.top + y * self.scale

    def placement(self) -> Placement | None:
        """What of the picture is seen and where; None where nothing is."""
        x0, x1, left, right = _span(self.left, self.scale, self.window[0], self.size[0])
        y0, y1, top, bottom = _span(self.top, self.scale, self.window[1], self.size[1])
        if x1 <= x0 or y1 <= y0 or right <= left or bottom <= top:
            return None
        return Placement(Box(x0, y0, x1, y1), left, top, right - left, bottom - top)

    def _kept(self, start: float, axis: int) -> float:
        length, window = self.size[axis] * self.scale, self.window[axis]
        kept = min(length, window * KEPT_SHARE)
        return min(max(start, kept - length), window - kept)

    def _center(self) -> None:
        self.left = (self.window[0] - self.size[0] * self.scale) / 2
        self.top = (self.window[1] - self.size[1] * self.scale) / 2


@dataclass(frozen=True)
class Placement:
    """Which part of a picture is seen (``box``, whole picture pixels), and where in the window it goes."""

    box: Box
    left: int
    top: int
    width: int
    height: int


def seen(
    read: Callable[[Box, int, int], NDArray[np.uint8]], view: Viewport, ground: Sequence[int]
) -> NDArray[np.uint8]:
    """The window's pixels: what ``read`` gives of the seen box, with ``ground`` beside the picture.

    uint8 [h, w, channels], or [h, w] where ``ground`` is one value.
    """
    shape = (view.window[1], view.window[0], *([len(ground)] if len(ground) > 1 else []))
    canvas = np.empty(shape, np.uint8)
    canvas[:] = tuple(ground) if len(ground) > 1 else ground[0]
    place = view.placement()
    if place is None:
        return canvas
    piece = read(place.box, place.width, place.height)
    # A picture whose pixels are larger than the screen's reaches past the window by parts of them.
    top, left = max(0, place.top), max(0, place.left)
    bottom, right = (
        min(canvas.shape[0], place.top + place.height),
        min(canvas.shape[1], place.left + place.width),
    )
    canvas[top:bottom, left:right] = piece[
        top - place.top : bottom - place.top, left - place.left : right - place.left
    ]
    return canvas


def scaled(box: Box, share: float) -> Box:
    """A box of a picture in a copy of it that is ``share`` times as large."""
    return Box(box.left * share, box.top * share, box.right * share, box.bottom * share)


def _span(start: float, scale: float, window: int, pixels: int) -> tuple[int, int, int, int]:
    """Along one axis: the picture's pixels that are seen, and from where to where they go in the window."""
    first = min(pixels, max(0, math.floor(-start / scale)))
    last = min(pixels, max(0, math.ceil((window - start) / scale)))
    return first, last, round(start + first * scale), round(start + last * scale)
