"""Beards grown by force: few photos show some, and who hardly ever saw one shaves everybody.

The photo alone gets one, hairs and all; the pen is told which, and draws it.
"""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.training.pen.beard import Kind, Worn, bare_chart, grown, room
from animirror.training.pen.paint import Canvas, Lab, Map, blurred, median_color, random_lab, to_lab
from animirror.training.pen.parts import Parts, tidied

# How often each kind grows.
SHARES = {Kind.FULL: 0.55, Kind.GOATEE: 0.3, Kind.MOUSTACHE: 0.15}
# How dense it is, and how soft its border, units.
DENSE, SOFT = (0.65, 0.95), (1.0, 3.0)
# Hairs: noise blurred so much across and down the picture (units), by which the density varies.
HAIR, VARIES = (0.25, 0.8), 0.25
# A beard has the hair's colour, but is no lighter than this share of the skin; without hair, one of these.
DARKEST, USUAL = 0.55, (Lab(10.0, 1.0, 1.0), Lab(30.0, 8.0, 14.0))
# Fewer pixels than these of hair or skin have no colour, square units.
MIN_COLOR = 200.0


def grow_beard(
    photo: NDArray[np.uint8],
    labels: Mapping[str, Map],
    random: np.random.Generator,
    worn: Worn | None = None,
) -> tuple[NDArray[np.uint8], Worn] | None:
    """The photo with a beard, and which; None where one is worn already or no mouth is seen.

    ``photo``: uint8 [S, S, 3] BGR; ``labels``: float32 [S, S] in 0..1 by name (CelebAMask-HQ's); ``worn``:
    the beard that is known to be there, None where nobody looked.
    """
    parts = tidied(labels)
    if parts is None:
        return None
    lab = to_lab(photo)
    chart = bare_chart(lab, parts, worn)
    if chart is None:
        return None
    color = _color(lab, parts, random)
    if color is None:
        return None
    kind = list(SHARES)[int(random.choice(len(SHARES), p=list(SHARES.values())))]
    shape = blurred(grown(kind, chart).astype(np.float32), random.uniform(*SOFT) * parts.unit)
    density = random.uniform(*DENSE) * (1.0 + VARIES * _hairs(parts, random))
    canvas = Canvas(photo.astype(np.float32) / 255.0)
    canvas.lay(color, np.clip(shape * density, 0.0, 1.0) * room(parts))
    return canvas.pixels, Worn[kind.name]


def _color(lab: NDArray[np.float32], parts: Parts, random: np.random.Generator) -> Lab | None:
    skin, hair = parts["skin"] > 0.5, parts["hair"] > 0.5
    least = MIN_COLOR * parts.unit**2
    if np.count_nonzero(skin) < least:
        return None
    found = median_color(lab, hair) if np.count_nonzero(hair) > least else random_lab(USUAL, random)
    lightest = DARKEST * median_color(lab, skin).lightness
    return Lab(min(found.lightness, lightest), found.green_red, found.blue_yellow)


def _hairs(parts: Parts, random: np.random.Generator) -> Map:
    """Noise of mean 0 and deviation 1, longer than wide: float32 [S, S]."""
    noise = random.standard_normal(parts.face.shape).astype(np.float32)
    across, down = (length * parts.unit for length in HAIR)
    hairs = cv2.GaussianBlur(noise, (0, 0), sigmaX=across, sigmaY=down)
    return np.asarray(hairs / hairs.std(), np.float32)
