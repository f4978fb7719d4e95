"""A frame on its way through the filter: its heads, what is known of each, and the result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from animirror.realtime import blend
from animirror.realtime.eyes import Eye
from animirror.realtime.light import Light
from animirror.realtime.locate import Track
from animirror.realtime.regions import Crop, region_probability


@dataclass(frozen=True)
class ColorMap:
    """Where a head is of one colour: float32 [s, s] in 0..1 each.

    ``pure``: where it is nothing else; ``whole``: with what lies within it and is drawn in its tones.
    """

    pure: NDArray[np.float32]
    whole: NDArray[np.float32]


@dataclass
class Head:
    """One head of a scene on its way: what is known of it and, after stylize, its drawing."""

    track: Track
    crop: Crop
    image: NDArray[np.uint8]
    probabilities: NDArray[np.float32]
    own: NDArray[np.float32]
    visibility: float
    light: Light = field(default_factory=Light)
    # Maps of match.COLOR_GROUPS over the crop; light and colours need them both.
    groups: list[ColorMap] | None = None
    # Side of what the generator is shown, px.
    drawn_size: int = 0
    styled: NDArray[np.uint8] | None = None
    eyes: tuple[Eye, ...] = ()
    # Whether the generator is shown glasses that were found for it.
    framed: bool = False
    # The face's share of the crop's side; None where none was seen.
    face: float | None = None

    @classmethod
    def of(cls, track: Track) -> Head:
        """The head as its track shows it in this frame."""
        return cls(
            track, track.crop, track.image, track.probabilities, track.own, track.visibility, face=track.face
        )

    def probability(self, labels: Sequence[int]) -> NDArray[np.float32]:
        """How likely each place shows one of these labels (indices) of this head: float32 [s, s] in 0..1."""
        return region_probability(self.probabilities, labels) * self.own

    def mask(self, labels: Sequence[int], feather: float) -> NDArray[np.float32]:
        """Where the head shows these labels (indices): float32 [S, S] in 0..1, to the edges of its image."""
        return blend.refine_mask(self.probability(labels), self.image, feather)


@dataclass
class Scene:
    """A frame between the steps of the filter."""

    frame: NDArray[np.uint8]
    heads: list[Head]
    seconds: float
    timings: dict[str, float] = field(default_factory=dict)
    # A picture may take its time: large heads are drawn at its own resolution.
    still: bool = False
    # What a generator is to be shown of each head (uint8 [S, S, 3] BGR), and what was asked for by it: its
    # sizes, and how tall eyes are to be; None: nobody asked yet.
    posed: list[NDArray[np.uint8]] = field(default_factory=list)
    posed_for: tuple[tuple[int, ...], float] | None = None


@dataclass(frozen=True)
class Filtered:
    """The result for one frame.

    ``frame``: uint8 [H, W, 3] BGR, a new array, equal to the input where ``mask`` is 0; ``mask``: float32
    [H, W] in 0..1, what was drawn over; ``crops``: the squares around the heads; ``timings``: ms per stage;
    ``eyes``: of each head, in shares of its crop.
    """

    frame: NDArray[np.uint8]
    mask: NDArray[np.float32]
    crops: tuple[Crop, ...]
    timings: dict[str, float]
    eyes: tuple[tuple[Eye, ...], ...] = ()
