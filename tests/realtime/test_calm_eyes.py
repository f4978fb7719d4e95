"""Eyes that frames and brows follow: calm at rest, without lag in motion."""

import dataclasses

import numpy as np
import pytest

from animirror.realtime.calm_eyes import CalmEyes
from animirror.realtime.eyes import Eye
from animirror.realtime.regions import Crop

EYES = (Eye(0.38, 0.5, 0.06), Eye(0.62, 0.5, 0.06))


def test_eyes_are_calm_at_rest_and_follow_a_moving_head() -> None:
    random, calm = np.random.default_rng(3), CalmEyes()
    crop, frame = Crop(128, 128, 256), 1 / 30

    def followed(shift: float, jitter: float = 0.0) -> np.ndarray:
        moved = [
            dataclasses.replace(eye, x=eye.x + shift + jitter * random.normal(), y=eye.y) for eye in EYES
        ]
        return np.array([eye.x for eye in calm(moved, crop, frame)])

    still = np.array([followed(0.0, 0.004) for _ in range(90)])[30:]
    assert still.std(axis=0).max() < 0.002
    # A distance between the eyes in a second.
    moving = [followed(0.24 * step * frame) - (EYES[0].x + 0.24 * step * frame) for step in range(30)]
    assert abs(moving[-1][0]) < 0.012
    # Crops jump by whole pixels under a head that does not.
    shifted = calm(EYES, crop, 0.0)
    assert shifted == EYES
    calm(EYES, crop, frame)
    under = [dataclasses.replace(eye, x=eye.x - 5 / 256) for eye in EYES]
    moved = calm(under, Crop(133, 128, 256), frame)
    assert [eye.x for eye in moved] == pytest.approx([eye.x for eye in under], abs=1e-6)
