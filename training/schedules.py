"""Learning rates: the factor on the rate at every step, or after every score."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from animirror.training.options import CycleganOptions

# torch's ReduceLROnPlateau multiplies by this too.
PLATEAU_FACTOR = 0.1


def schedule(options: CycleganOptions, total: int) -> Callable[[int], float]:
    """The factor at a step of ``total``, by the option 'schedule'; a :class:`Plateau` has its own on top."""
    if options.schedule == "cosine":
        return cosine(total)
    if options.schedule == "plateau":
        return lambda step: 1.0
    return constant_then_linear(total, options.constant_share)


def constant_then_linear(total: int, constant_share: float) -> Callable[[int], float]:
    """1 for the constant share, then linear to 0 at ``total`` (CycleGAN, section 7.1: half and half)."""
    constant = int(total * constant_share)

    def factor(step: int) -> float:
        return 1.0 if step < constant else max(0.0, (total - step) / max(1, total - constant))

    return factor


def cosine(total: int) -> Callable[[int], float]:
    """Half a cosine from 1 to 0 at ``total`` (Loshchilov and Hutter, ICLR 2017, equation 5, no restart)."""
    return lambda step: (1 + math.cos(math.pi * min(step, total) / total)) / 2


@dataclass
class Plateau:
    """A tenth of the rate whenever some epochs brought no better score, as in torch's ReduceLROnPlateau."""

    factor: float = 1.0
    best: float | None = None
    waited: int = 0

    def update(self, score: float, patience: int) -> None:
        """Take a score (lower is better); more than ``patience`` in a row that are no better are too many."""
        if self.best is None or score < self.best:
            self.best, self.waited = score, 0
            return
        self.waited += 1
        if self.waited > patience:
            self.factor, self.waited = self.factor * PLATEAU_FACTOR, 0
