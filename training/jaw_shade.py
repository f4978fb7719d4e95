"""Lower faces in the shade by force: who learnt to draw beards takes the shadow of a lamp above for one.

The photo alone gets dark, smoothly and without hairs; its drawing stays as bare as the face is.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from animirror.training.pen.beard import Chart, Worn, bare_chart
from animirror.training.pen.paint import Map, blurred, to_lab
from animirror.training.pen.parts import Parts, tidied

# How often each shadow falls; where none does, that of the lower lip.
UNDER_LIP, ON_CHIN, ON_UPPER_LIP, ON_JAW = 0.6, 0.5, 0.3, 0.3
# Share of the light that the deepest shade takes, and by how much more of blue, less of red: light that skin
# sends into its own shade is warm.
DEPTH, WARM = (0.15, 0.5), (0.0, 0.15)
# How soft borders are, units: a lamp is wide, and a face is round.
SOFT = (2.0, 9.0)
# The lower lip's shadow, half widths of the mouth and shares of the way from lips to chin.
LIP_WIDE, LIP_HIGH = (0.4, 1.0), (0.2, 0.6)
# Where the chin's shade begins on the way from lips to chin, and the jaw's beside the mouth, half widths.
CHIN_FROM, JAW_FROM = (0.1, 0.7), (0.6, 1.6)


def shade_jaw(
    photo: NDArray[np.uint8],
    labels: Mapping[str, Map],
    random: np.random.Generator,
    worn: Worn | None = None,
) -> NDArray[np.uint8] | None:
    """The photo with its lower face in the shade; None where a beard is or may be, or no mouth is seen.

    ``photo``: uint8 [S, S, 3] BGR; ``labels``: float32 [S, S] in 0..1 by name (CelebAMask-HQ's); ``worn``:
    the beard that is known to be there, None where nobody looked.
    """
    parts = tidied(labels)
    if parts is None:
        return None
    chart = bare_chart(to_lab(photo), parts, worn)
    if chart is None:
        return None
    dark = random.uniform(*DEPTH) * _shade(chart, parts, random)
    warm = random.uniform(*WARM) * np.array([1.0, 0.0, -1.0])
    light = 1.0 - dark[..., None] * (1.0 + warm)
    return np.clip(np.round(photo * light), 0, 255).astype(np.uint8)


def _shade(chart: Chart, parts: Parts, random: np.random.Generator) -> Map:
    """How deep the shade is: float32 [S, S] in 0..1, within head and neck."""
    away = np.abs(chart.along) / chart.half
    low = (chart.down - chart.lower) / max(chart.chin - chart.lower, 1.0)
    wide, high = random.uniform(*LIP_WIDE), random.uniform(*LIP_HIGH)
    lip = np.square(away / wide) + np.square((low - high / 2) / (high / 2)) < 1.0
    side = random.choice((-1.0, 1.0)) * chart.along / chart.half
    falls = [
        (UNDER_LIP, lip),
        (ON_CHIN, low > random.uniform(*CHIN_FROM)),
        (ON_UPPER_LIP, (chart.down > chart.nose) & (chart.down < chart.upper) & (away < 1.0)),
        (ON_JAW, (side > random.uniform(*JAW_FROM)) & (chart.down > chart.nose)),
    ]
    fallen = [shape for share, shape in falls if random.random() < share] or [lip]
    soft = [
        random.uniform(0.6, 1.0) * blurred(shape.astype(np.float32), random.uniform(*SOFT) * parts.unit)
        for shape in fallen
    ]
    # Hair and room keep their light.
    skin = blurred(np.maximum(parts.face, parts["neck"]), parts.unit)
    return np.asarray(np.maximum.reduce(soft) * skin, np.float32)
