"""A drawing in the light and colours of its scene, steadied from frame to frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from animirror.realtime import blend
from animirror.realtime.light import Light, measure_light
from animirror.realtime.regions import known_indices
from animirror.realtime.scene import ColorMap, Head
from animirror.realtime.smoothing import mix

# Colours are matched apart for skin and hair, which seldom share a shift; of each, the first that the model
# knows: eyes and lips have colours of their own. What lies within skin is drawn in its tones and shifted with
# it (without its nose, a dark face has a pale one); eyes and teeth are not, their white stays white.
COLOR_GROUPS = (("skin", "face"), ("hair",))
WITHIN_SKIN = ("nose", "ears", "brows", "upper_lip", "lower_lip", "glasses")
# Of a chosen match a, skin and hair have their own colours almost from the start, 1 - (1 - a)^EARLY: nobody
# is to be drawn in another tone (drawings under studio light are paler, those of dark skin most). The light
# of the scene and the hue of places come at a^LATE: they take a drawing's contrast and colours long before a
# face looks lit by the scene.
EARLY, LATE = 3, 3
# A face is drawn in one tone: a little lighter than its middle, or half a face in the shade darkens it all
# (at 0.7 dark skin has the tone of its highlights, at 0.5 lit cheeks look tanned); hair, in tones of its own,
# has its middle.
LIT, MIDDLE = 0.6, 0.5
# The light of a room changes slowly; the average over this time does not pump with every turn of the head.
COLOR_SECONDS = 0.5


@dataclass(frozen=True)
class ColorGroup:
    """Labels (indices) of one colour: where it is measured, and where it is shifted."""

    pure: tuple[int, ...]
    whole: tuple[int, ...]
    # Share of the picture's pixels that are darker than the drawing's middle tone is to be.
    level: float


class SceneMatch:
    """Measures the light and the colours of heads; ``labels``: the segmenter's. State lives in the tracks."""

    def __init__(self, labels: Sequence[str]) -> None:
        self._groups = color_groups(labels)

    def light(self, head: Head, seconds: float) -> Light:
        """The light on a head, ``seconds`` after the frame before (0: a still picture)."""
        maps = self._maps(head)
        pure = [group.pure for group in maps]
        light = measure_light(head.image, pure[0], np.maximum.reduce(pure))
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
        early, late = 1.0 - (1.0 - amount) ** EARLY, amount**LATE
        maps = self._maps(head)
        styled = head.light.out_of_studio(styled, late)
        levels = [group.level for group in self._groups]
        measured = blend.color_shifts(styled, head.image, [group.pure for group in maps], levels)
        shifts = self._shifts(head, measured, seconds)
        return blend.recolored(styled, head.image, [group.whole for group in maps], shifts * early, late)

    def _maps(self, head: Head) -> list[ColorMap]:
        if head.groups is None:
            head.groups = [
                ColorMap(head.probability(group.pure), head.probability(group.whole))
                for group in self._groups
            ]
        return head.groups

    def _shifts(self, head: Head, shifts: NDArray[np.float32], seconds: float) -> NDArray[np.float32]:
        previous = head.track.color_shift
        if previous is not None and seconds > 0:
            shifts = previous + np.float32(mix(seconds, COLOR_SECONDS)) * (shifts - previous)
        head.track.color_shift = shifts
        return shifts


def color_groups(labels: Sequence[str]) -> list[ColorGroup]:
    """The groups of COLOR_GROUPS that a model knows: skin first, then hair."""
    skin, hair = ([name for name in names if known_indices([name], labels)][:1] for names in COLOR_GROUPS)
    return [
        ColorGroup(known_indices(pure, labels), known_indices(whole, labels), level)
        for pure, whole, level in ((skin, [*skin, *WITHIN_SKIN], LIT), (hair, hair, MIDDLE))
        if pure
    ]
