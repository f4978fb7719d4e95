"""Eyes that cannot be seen through glasses for a while keep their places behind them."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from animirror.realtime.eyes import Eye
from animirror.realtime.lenses import kept_in_lens
from animirror.realtime.steady_eyes import steadied

FRAME = 1 / 30
LOST = Eye(0.35, 0.45, 0.1, width=0.12, openness=0.35, faint=1.0)


def glasses(x: int, y: int) -> np.ndarray:
    """Two lenses of 16 x 10 cells on a map of 64: their probability, the left one's middle at (x, y)."""
    probability = np.zeros((64, 64), np.float32)
    for left in (x - 8, x + 12):
        probability[y - 5 : y + 5, left : left + 16] = 0.9
    return probability


def test_a_faint_eye_stays_in_its_lens_and_goes_with_it() -> None:
    eyes: tuple[Eye, ...] = (LOST,)
    # The lens moves by ten cells right in three seconds.
    for frame in range(90):
        in_lens = partial(kept_in_lens, glasses=glasses(24 + frame // 9, 30), seconds=FRAME)
        eyes = steadied([], eyes, FRAME, in_lens)
    (eye,) = eyes
    assert eye.presence == LOST.presence
    assert eye.x == pytest.approx(33 / 64, abs=0.04)
    assert eye.y == pytest.approx(30 / 64, abs=0.01)


def test_it_goes_slowly() -> None:
    kept = kept_in_lens(LOST, glasses(24, 30), FRAME)
    assert kept is not None
    assert 0 < kept.x - LOST.x < 0.01


@pytest.mark.parametrize(
    ("eye", "worn"),
    [
        (LOST, np.zeros((64, 64), np.float32)),
        (LOST, glasses(50, 50)),
        (replace(LOST, faint=0.2), glasses(24, 30)),
        (replace(LOST, x=1.4), glasses(24, 30)),
    ],
)
def test_without_a_lens_or_when_it_was_clear_it_fades_as_any(eye: Eye, worn: np.ndarray) -> None:
    assert kept_in_lens(eye, worn, FRAME) is None
    assert steadied([], [eye], 1.0, lambda one: kept_in_lens(one, worn, 1.0)) == ()
