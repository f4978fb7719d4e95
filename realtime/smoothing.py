"""Smoothing over time: steady when nothing moves, no lag when something does."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def mix(seconds: float, time_constant: float) -> float:
    """Weight of the new value, 0..1, for an exponential average with this time constant, both in seconds."""
    return 1.0 - math.exp(-max(seconds, 0.0) / time_constant)


class OneEuro:
    """One Euro filter (Casiez et al., CHI 2012, equations 2 to 4) of a vector of values.

    ``minimum_cutoff`` (Hz) rules the jitter of still values, ``beta`` (Hz per unit per second) the lag of
    moving ones, ``derivative_cutoff`` (Hz) smooths the speed estimate.
    """

    def __init__(self, minimum_cutoff: float, beta: float, derivative_cutoff: float = 1.0) -> None:
        self._minimum_cutoff, self._beta, self._derivative_cutoff = minimum_cutoff, beta, derivative_cutoff
        self._value: NDArray[np.float64] | None = None
        self._speed = np.zeros(0)

    @property
    def speed(self) -> NDArray[np.float64]:
        """Smoothed change per second, in the values' own units."""
        return self._speed

    def __call__(self, value: NDArray[np.float64], seconds: float, unit: float = 1.0) -> NDArray[np.float64]:
        """The filtered value, ``seconds`` after the last; ``unit``: length in which speeds are measured."""
        if self._value is None or seconds <= 0:
            self._value, self._speed = value.copy(), np.zeros_like(value)
            return value
        speed = (value - self._value) / seconds
        self._speed += _alpha(self._derivative_cutoff, seconds) * (speed - self._speed)
        # One cutoff for the whole vector: its parts belong to one head.
        cutoff = self._minimum_cutoff + self._beta * float(np.abs(self._speed).max()) / unit
        self._value = self._value + _alpha(cutoff, seconds) * (value - self._value)
        return self._value


def _alpha(cutoff: float, seconds: float) -> float:
    return 1.0 / (1.0 + 1.0 / (2 * math.pi * cutoff * seconds))
