"""Studio light: a tone curve that shows a head as the generator's training photos do, and the way back."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

# Mean grey level of well-lit faces among the training selfies. Faces are only ever brightened towards it:
# a generator that learnt from bright faces leaves patches on dim ones.
FACE_LEVEL = 168.0
# Darkest and lightest percentile of a head, stretched to the full range: haze and veils hide the lines.
DARKEST, LIGHTEST = 1.0, 99.5
# Black is set a little under the darkest level, and never over this: a blond head has no black in it.
BLACK_ROOM, MAX_BLACK = 10.0, 40.0
# Full white would clip highlights on skin.
WHITE = 250.0
# The steepest stretch and brightening: beyond them there is only noise to see.
MIN_RANGE, MIN_GAMMA = 60.0, 0.4
# A map's pixel counts from this probability on; from fewer pixels nothing is concluded.
LIKELY, MIN_PIXELS = 0.5, 24

# Local contrast is what differs from a Gaussian average of this share of the side: wider than an eye and
# narrower than a face. Strengthened by CLARITY where a head is shown at twice its own size (looked at: at 0.5
# eyes in the shade stay away, from 2.0 on wrinkles are drawn).
CLARITY, CLARITY_REACH = 1.2, 0.08
# The average is made of a picture this much smaller: it holds nothing fine.
AVERAGED = 4


@dataclass(frozen=True)
class Light:
    """Grey level that becomes black, grey level that becomes WHITE, then the exponent (1: none)."""

    black: float = 0.0
    white: float = WHITE
    gamma: float = 1.0

    def into_studio(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """uint8 [S, S, 3] as it would look under studio light; all channels by the same curve."""
        levels = np.arange(256, dtype=np.float64)
        stretched = np.clip((levels - self.black) / (self.white - self.black), 0.0, 1.0) * (WHITE / 255.0)
        return _mapped(image, 255.0 * stretched**self.gamma)

    def out_of_studio(self, image: NDArray[np.uint8], share: float = 1.0) -> NDArray[np.uint8]:
        """The inverse curve: a drawing made under studio light, under the scene's own.

        ``share``: how far towards it, 0 (as it was) to 1.
        """
        levels = np.arange(256, dtype=np.float64)
        stretched = (levels / 255.0) ** (1.0 / self.gamma) * (255.0 / WHITE)
        scene = self.black + stretched * (self.white - self.black)
        return _mapped(image, levels + share * (scene - levels))

    def steadied(self, previous: Light, weight: float) -> Light:
        """The average with an earlier light; ``weight`` (0..1) of this one."""
        return Light(
            previous.black + weight * (self.black - previous.black),
            previous.white + weight * (self.white - previous.white),
            previous.gamma + weight * (self.gamma - previous.gamma),
        )


def measure_light(image: NDArray[np.uint8], face: NDArray[np.float32], head: NDArray[np.float32]) -> Light:
    """The light on a head: ``image`` uint8 [S, S, 3] BGR; ``face`` and ``head`` float32 [s, s] in 0..1."""
    size = face.shape[0]
    small = cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).astype(np.float64)
    head_levels, face_levels = grey[head > LIKELY], grey[face > LIKELY]
    if head_levels.size < MIN_PIXELS or face_levels.size < MIN_PIXELS:
        return Light()
    darkest, lightest = np.percentile(head_levels, (DARKEST, LIGHTEST))
    black = float(np.clip(darkest - BLACK_ROOM, 0.0, MAX_BLACK))
    white = float(np.clip(lightest, black + MIN_RANGE, WHITE))
    stretched = np.clip((face_levels - black) / (white - black), 0.0, 1.0).mean() * (WHITE / 255.0)
    gamma = np.log(FACE_LEVEL / 255.0) / np.log(np.clip(stretched, 0.02, 0.98))
    return Light(black, white, float(np.clip(gamma, MIN_GAMMA, 1.0)))


def softness(side: float, size: int) -> float:
    """How soft a crop of ``side`` px is shown at ``size`` px: 0 (sharp) to 1 (at twice its size or more)."""
    return float(np.clip(size / side - 1.0, 0.0, 1.0))


def clearer(image: NDArray[np.uint8], soft: float) -> NDArray[np.uint8]:
    """uint8 [S, S, 3] BGR with its local contrast strengthened by CLARITY times ``soft`` (0..1).

    Generators leave away what they cannot tell, and with few pixels that is first of all eyes in the shade.
    """
    if soft <= 0:
        return image
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    size = image.shape[0]
    small = cv2.resize(grey, (size // AVERAGED, size // AVERAGED), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), CLARITY_REACH * size / AVERAGED)
    average = cv2.resize(small, (size, size), interpolation=cv2.INTER_LINEAR)
    change = (grey.astype(np.float32) - average) * np.float32(CLARITY * soft)
    return np.asarray(np.clip(image + change[..., None], 0, 255), np.uint8)


def _mapped(image: NDArray[np.uint8], curve: NDArray[np.float64]) -> NDArray[np.uint8]:
    table = np.clip(np.round(curve), 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(image, table), np.uint8)
