"""Strands too fine to draw go, the hair's light and everything beside it stay."""

import numpy as np
import pytest

from animirror.realtime.strands import AVERAGED, calmer

SIZE, CELLS = 256, 64
# Hair in the upper half, down to a border that lies between two cells of its map.
HAIR = np.zeros((CELLS, CELLS), np.float32)
HAIR[: CELLS // 2] = 1.0
# Well inside the hair, away from its border.
INSIDE = slice(20, 108)


def striped(period: int, low: int, high: int) -> np.ndarray:
    """uint8 [256, 256, 3]: upright stripes, half of each ``period`` light, half dark."""
    light = (np.arange(SIZE) // (period // 2)) % 2 == 1
    return np.where(light, high, low).astype(np.uint8)[None, :, None].repeat(SIZE, 0).repeat(3, 2)


def test_fine_strands_go_but_for_their_share() -> None:
    picture = striped(4, 60, 140)
    calm = calmer(picture, HAIR, SIZE).astype(int)
    # What is left of a range of 80.
    assert np.ptp(calm[INSIDE, 20:236]) == pytest.approx(80 * (1 - AVERAGED), abs=3)
    assert calm[INSIDE, 20:236].mean() == pytest.approx(100, abs=1)


def test_locks_and_broad_light_stay() -> None:
    calm = calmer(striped(128, 60, 140), HAIR, SIZE).astype(int)
    # The middles of the two dark and the two light bands.
    assert np.abs(calm[INSIDE, 32] - 60).max() <= 1
    assert np.abs(calm[INSIDE, 96] - 140).max() <= 1


def test_what_is_no_hair_is_the_same_and_does_not_bleed_in() -> None:
    picture = striped(4, 60, 140)
    picture[SIZE // 2 :] = 255
    calm = calmer(picture, HAIR, SIZE)
    assert np.array_equal(calm[SIZE // 2 + 4 :], picture[SIZE // 2 + 4 :])
    # Just inside the border, where a usual blur of three pixels would show a third of the white.
    assert calm[SIZE // 2 - 6, 20:236].mean() == pytest.approx(100, abs=6)


def test_no_hair_no_change() -> None:
    picture = striped(4, 60, 140)
    assert calmer(picture, np.zeros_like(HAIR), SIZE) is picture
    assert np.array_equal(calmer(picture, HAIR * np.float32(0.4), SIZE), picture)


def test_strands_are_fine_by_the_size_of_the_head() -> None:
    """What is a strand of a large head is a lock of a small one."""
    picture = striped(8, 60, 140)
    of_lock, of_strand = (
        picture.std() - calmer(picture, HAIR, side)[INSIDE, 20:236].std() for side in (64, 256)
    )
    assert of_strand > 1.5 * of_lock
