"""A head's pair of eyes, calmer than it is measured, for what is drawn large about them: frames and brows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from animirror.realtime.eyes import Eye, Pair
from animirror.realtime.regions import Crop
from animirror.realtime.smoothing import OneEuro

# Eyes are mismeasured by a pixel, which large dark shapes would show: at rest they are followed at this rate,
# Hz, and at so much more for each distance between them that they move in a second (One Euro filter). How
# fast that is must be known within two frames, or frames trail behind a head that turns quickly.
REST, MOVING, SPEED_CUTOFF = 0.3, 4.0, 4.0


class CalmEyes:
    """The pair of one head from frame to frame."""

    def __init__(self) -> None:
        self._places: OneEuro | None = None

    def __call__(self, eyes: Sequence[Eye], crop: Crop, seconds: float) -> tuple[Eye, ...]:
        """Two eyes of a crop, the left one first, ``seconds`` after the frame before (0: a still picture).

        Others than two stay as they are, and the next pair is a new one.
        """
        if len(eyes) != 2 or seconds <= 0:
            self._places = None
            return tuple(eyes)
        pair = Pair.of(eyes)
        corner = np.array((crop.box.left, crop.box.top))
        places = corner + crop.side * np.array([(eye.x, eye.y) for eye in (pair.left, pair.right)])
        if self._places is None:
            self._places = OneEuro(REST, MOVING, SPEED_CUTOFF)
        apart = max(float(np.hypot(*(places[1] - places[0]))), 1.0)
        shares = (self._places(places.ravel(), seconds, apart).reshape(2, 2) - corner) / crop.side
        return tuple(
            replace(eye, x=float(x), y=float(y))
            for eye, (x, y) in zip((pair.left, pair.right), shares, strict=True)
        )
