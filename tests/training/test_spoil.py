"""What lenses and codecs do to a training picture."""

import numpy as np

from animirror.training.spoil import worn

# Of this seed a picture is out of focus, and nothing else happens to it.
BLURRED_ALONE = 150


def edge(side: int) -> np.ndarray:
    picture = np.zeros((side, side, 3), np.uint8)
    picture[:, side // 2 :] = 255
    return picture


def softness(picture: np.ndarray) -> float:
    """Share of the side over which the edge rises from 10 % to 90 %."""
    row = picture[picture.shape[0] // 2, :, 0].astype(float)
    low, high = np.interp([25.5, 229.5], row, np.arange(len(row)))
    return float(high - low) / len(row)


def test_a_lens_blurs_the_same_share_of_small_and_large_pictures() -> None:
    small, large = (softness(worn(edge(side), np.random.default_rng(BLURRED_ALONE))) for side in (256, 512))
    assert small > 2 / 256
    assert abs(large / small - 1) < 0.1
