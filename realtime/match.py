"""A drawing in the light and colours of its scene, steadied from frame to frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from animirror.realtime import blend
from animirror.realtime.light import Light, measure_light
from animirror.realtime.regions import label_indices, region_probability
from animirror.realtime.scene import Head
from animirror.realtime.smoothing import mix

# Colours are matched apart for skin and hair, which seldom share a shift; of each, the first that the model
# knows: eyes and lips have colours of their own.
COLOR_GROUPS = (("skin", "face"), ("hair",))
# The middle tones of skin and hair follow the chosen match, the scene's light and hue this power of it: they
# take a drawing's contrast and colours long before a face looks lit by the scene.
LATE = 3
# The light of a room changes slowly; the average over this time does not pump with every turn of the head.
COLOR_SECONDS = 0.5


class SceneMatch:
    """Measures the light and the colours of heads; ``labels``: the segmenter's. State lives in the tracks."""

    def __init__(self, labels: Sequence[str]) -> None:
        self._groups = color_groups(labels)

    def light(self, head: Head, seconds: float) -> Light:
        """The light on a head, ``seconds`` after the frame before (0: a still picture)."""
        maps = self._maps(head)
        light = measure_light(head.image, maps[0], np.maximum.reduce(maps))
        previous = head.track.light
        if previous is not None and seconds > 0:
            light = light.steadied(previous, mix(seconds, COLOR_SECONDS))
        head.track.light = light
        return light

    def __call__(
        self, head: Head, styled: NDArray[np.uint8], amount: float, seconds: float = 0.0
    ) -> NDArray[np.uint8]:
        """A head's drawing (uint8 [S, S, 3] BGR) in the light and colours of its image.

        ``amount``: 0 (not at all) to 1.
        """
        if amount == 0:
            return styled
        groups, late = self._maps(head), amount**LATE
        styled = head.light.out_of_studio(styled, late)
        shifts = self._shifts(head, blend.color_shifts(styled, head.image, groups), seconds)
        return blend.recolored(styled, head.image, groups, shifts, amount, late)

    def _maps(self, head: Head) -> list[NDArray[np.float32]]:
        if head.groups is None:
            head.groups = [region_probability(head.probabilities, group) * head.own for group in self._groups]
        return head.groups

    def _shifts(self, head: Head, shifts: NDArray[np.float32], seconds: float) -> NDArray[np.float32]:
        previous = head.track.color_shift
        if previous is not None and seconds > 0:
            shifts = previous + np.float32(mix(seconds, COLOR_SECONDS)) * (shifts - previous)
        head.track.color_shift = shifts
        return shifts


def color_groups(labels: Sequence[str]) -> list[tuple[int, ...]]:
    """Indices of the labels of each of COLOR_GROUPS that a model knows: skin first, then hair."""
    known = {label.lower() for label in labels}
    names = [next((name for name in group if name in known), None) for group in COLOR_GROUPS]
    return [label_indices([name], labels) for name in names if name is not None]
