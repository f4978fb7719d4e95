"""Skin's tone, before and after: of known colours, light and dark heads apart."""

import numpy as np
import pytest

from animirror.training.skin_tone import measure_tone

# sRGB greys and their L* (CIE 1976).
DARK, LIGHT, DARK_L, LIGHT_L = 64, 187, 27.1, 75.7
SIZE = 64


def head(before: int, after: int, share: float = 1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Skin of one level, red lips in its middle, black hair around the share that is skin."""
    skin = np.zeros((16, 16), np.float32)
    skin[: round(16 * share)] = 1.0
    skin[6:10, 6:10] = 0.0
    pictures = [np.full((SIZE, SIZE, 3), level, np.uint8) for level in (before, after)]
    for picture in pictures:
        picture[26:38, 26:38] = (0, 0, 255)
        picture[round(SIZE * share) :] = 0
    return pictures[0], pictures[1], skin


def test_tones_are_those_of_skin_alone() -> None:
    tone = measure_tone([head(LIGHT, LIGHT), head(DARK, LIGHT, share=0.75), head(LIGHT, DARK)])
    apart = LIGHT_L - DARK_L
    assert (tone.heads, tone.dark_heads) == (3, 1)
    assert tone.off == pytest.approx(2 * apart / 3, abs=0.3)
    assert tone.dark == pytest.approx(apart, abs=0.3)
    assert tone.dark_lighter == pytest.approx(apart, abs=0.3)


def test_heads_without_skin_say_nothing() -> None:
    tone = measure_tone([head(DARK, LIGHT, share=0.0)])
    assert (tone.heads, tone.off, tone.dark_heads, tone.dark, tone.dark_lighter) == (0, None, 0, None, None)
