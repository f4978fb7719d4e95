"""What a user of the studio may choose for a picture, and the colour filters of its input."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.realtime.errors import UserError
from animirror.realtime.filter import FilterOptions
from animirror.realtime.regions import DEFAULT_REGIONS

# Warm and cool: gains of blue, green and red, about the step from noon to a late afternoon, and its inverse.
WARM_GAINS, COOL_GAINS = (0.86, 1.0, 1.1), (1.12, 1.0, 0.9)
# Vivid: colour and contrast so many times as strong; more makes skin orange.
VIVID_CHROMA, VIVID_CONTRAST = 1.4, 1.12
# Soft: less colour and contrast, and a glow: this share of the picture blurred by this share of its head.
SOFT_CHROMA, SOFT_CONTRAST, SOFT_GLOW, SOFT_BLUR = 0.8, 0.88, 0.5, 0.012
MIDDLE_GREY = 128.0


@dataclass(frozen=True)
class Variant:
    """One way to draw a picture: a style of the zoo, and the colour filter its input goes through."""

    style: str
    color: str = "original"

    def __post_init__(self) -> None:
        if self.color not in COLOR_FILTERS:
            raise UserError(
                f"There is no colour filter '{self.color}'; there are: {', '.join(COLOR_FILTERS)}."
            )


@dataclass(frozen=True)
class Choices:
    """Everything chosen for a picture but the brush; ``off``: numbers of the heads that stay as they are."""

    # Regions or single labels; none: only what the brush adds.
    regions: tuple[str, ...] = DEFAULT_REGIONS
    off: frozenset[int] = frozenset()
    strength: float = 1.0
    feather: float = 1.0
    color_match: float = FilterOptions.color_match
    eyes: float = 1.0
    # None: the first style as it is.
    variant: Variant | None = None

    def __post_init__(self) -> None:
        self.filter_options()

    def filter_options(self) -> FilterOptions:
        """The part that the filter reads. Raises UserError for values out of their limits."""
        return FilterOptions(self.regions, self.strength, self.color_match, self.feather, self.eyes)


def all_variants(styles: Iterable[str]) -> list[Variant]:
    """Every style with every colour filter; the styles as they are come first."""
    styles = list(styles)
    return [Variant(style, color) for color in COLOR_FILTERS for style in styles]


def apply_color_filter(image: NDArray[np.uint8], name: str) -> NDArray[np.uint8]:
    """A head's picture (uint8 [S, S, 3] BGR) through the filter called ``name``; "original": itself."""
    return _FILTERS[name](image)


def _original(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return image


def _gained(image: NDArray[np.uint8], gains: tuple[float, float, float]) -> NDArray[np.uint8]:
    """Each channel times its gain, then as bright as before: only the colour of the light changes."""
    table = np.clip(np.arange(256)[:, None] * np.array(gains), 0, 255).round().astype(np.uint8)
    tinted = cv2.LUT(image, table[:, None, :])
    before, after = (cv2.cvtColor(p, cv2.COLOR_BGR2GRAY).mean() for p in (image, tinted))
    return np.asarray(cv2.convertScaleAbs(tinted, alpha=before / max(after, 1.0)), np.uint8)


def _toned(image: NDArray[np.uint8], chroma: float, contrast: float) -> NDArray[np.uint8]:
    levels = np.arange(256, dtype=np.float64)
    light, color = ((levels - MIDDLE_GREY) * factor + MIDDLE_GREY for factor in (contrast, chroma))
    table = np.clip(np.stack([light, color, color], axis=1), 0, 255).round().astype(np.uint8)
    lab = cv2.LUT(cv2.cvtColor(image, cv2.COLOR_BGR2LAB), table[:, None, :])
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2BGR), np.uint8)


def _soft(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    glow = cv2.GaussianBlur(image, (0, 0), SOFT_BLUR * max(image.shape[:2]))
    mixed = np.asarray(cv2.addWeighted(image, 1 - SOFT_GLOW, glow, SOFT_GLOW, 0), np.uint8)
    return _toned(mixed, SOFT_CHROMA, SOFT_CONTRAST)


_FILTERS: dict[str, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {
    "original": _original,
    "warm": lambda image: _gained(image, WARM_GAINS),
    "cool": lambda image: _gained(image, COOL_GAINS),
    "vivid": lambda image: _toned(image, VIVID_CHROMA, VIVID_CONTRAST),
    "soft": _soft,
}
COLOR_FILTERS = tuple(_FILTERS)
