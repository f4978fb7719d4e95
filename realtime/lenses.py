"""Eyes behind glasses: a lens keeps the place of an eye that cannot be seen through it for a while.

Reflections hide eyes for seconds. Without them a generator draws a lens black, as of sunglasses.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from animirror.realtime.eyes import Eye
from animirror.realtime.smoothing import mix
from animirror.realtime.steady_eyes import HARDLY_SEEN, SHAPE_SECONDS

# A lens is where glasses have so much of the square about an eye (half a side: its disc's radius) at least.
MIN_LENS = 0.3


def kept_in_lens(eye: Eye, glasses: NDArray[np.float32], seconds: float) -> Eye | None:
    """A faint eye that was lost, going with its lens; None where there is no lens, or it was clear.

    It goes to the middle of what of the lens is near it. Clear eyes that vanish behind a lens are shut.

    ``glasses``: their probability over the crop, float32 [s, s]; ``seconds``: since the last frame.
    """
    if eye.faint < HARDLY_SEEN:
        return None
    cells = len(glasses)
    places = (np.arange(cells) + 0.5) / cells
    beside, below = places - eye.x, places - eye.y
    rows, columns = (np.abs(away) <= eye.radius for away in (below, beside))
    lens = glasses[np.ix_(rows, columns)]
    if lens.size == 0 or lens.mean() < MIN_LENS:
        return None
    step = mix(seconds, SHAPE_SECONDS) / float(lens.sum())
    right, down = float(lens.sum(axis=0) @ beside[columns]), float(lens.sum(axis=1) @ below[rows])
    return replace(eye, x=eye.x + step * right, y=eye.y + step * down)
