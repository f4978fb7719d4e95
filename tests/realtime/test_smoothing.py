import numpy as np
import pytest

from animirror.realtime.smoothing import OneEuro, mix


def test_mix_is_an_exponential() -> None:
    assert mix(0.5, 0.5) == pytest.approx(1 - np.exp(-1))
    assert mix(0, 1) == 0


def test_still_values_are_held_and_moving_ones_followed() -> None:
    random = np.random.default_rng(0)
    noisy = 100 + random.normal(0, 1, 300)
    still = OneEuro(0.5, 0.1)
    held = np.array([still(np.array([v]), 1 / 30)[0] for v in noisy])
    assert held[50:].std() < 0.5 * noisy[50:].std()
    moving = OneEuro(0.5, 0.1)
    line = np.arange(60) * 10.0
    followed = np.array([moving(np.array([v]), 1 / 30)[0] for v in line])
    assert line[-1] - followed[-1] < 10  # less than a frame behind


def test_one_step_by_the_papers_equations() -> None:
    def alpha(cutoff: float, seconds: float) -> float:
        return 1 / (1 + 1 / (2 * np.pi * cutoff * seconds))

    euro = OneEuro(1.0, 0.5)
    euro(np.array([0.0]), 0.1)
    speed = alpha(1.0, 0.1) * (2.0 / 0.1)
    expected = alpha(1.0 + 0.5 * speed, 0.1) * 2.0
    assert euro(np.array([2.0]), 0.1)[0] == pytest.approx(expected)


def test_units_make_it_scale_free() -> None:
    near, far = OneEuro(0.6, 8), OneEuro(0.6, 8)
    for value in (0.0, 1.0, 3.0):
        small, large = near(np.array([value]), 0.03, unit=1), far(np.array([value * 50]), 0.03, unit=50)
    assert large[0] == pytest.approx(50 * small[0])
