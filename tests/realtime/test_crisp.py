"""Enlarged drawings keep sharp lines in their place, and flat areas flat."""

import cv2
import numpy as np
import pytest

from animirror.realtime import crisp


def lined(angle: float = 0.0) -> np.ndarray:
    """Paper with a dark line, leaning by ``angle`` pixels from top to bottom: uint8 [64, 64, 3]."""
    drawing = np.full((64, 64, 3), 180, np.uint8)
    cv2.line(drawing, (round(32 - angle / 2), 0), (round(32 + angle / 2), 63), (40, 40, 40), 3)
    return cv2.GaussianBlur(drawing, (0, 0), 0.8)


def plainly(drawing: np.ndarray, side: int) -> np.ndarray:
    return cv2.resize(drawing, (side, side), interpolation=cv2.INTER_CUBIC)


def steps(row: np.ndarray) -> float:
    return float(np.square(np.diff(row)).sum())


def middle(row: np.ndarray) -> float:
    return float(np.average(np.arange(len(row)), weights=180 - np.minimum(row, 180)))


@pytest.mark.parametrize("leaning", [0, 9])
def test_an_enlarged_drawing_has_sharp_lines_in_their_place_without_halos(leaning: int) -> None:
    drawing = lined(leaning)
    made, plain = crisp.enlarged(drawing, 128), plainly(drawing, 128)
    row, before = (picture[64, :, 0].astype(int) for picture in (made, plain))
    # A cubic's own overshoot, and no halo beside it.
    assert before.min() - 4 <= row.min()
    assert row.max() <= before.max() + 4
    # The same way from paper to line and back, in fewer and larger steps.
    assert steps(row) > 1.6 * steps(before)
    assert np.array_equal(row[:50], before[:50])
    assert middle(row) == pytest.approx(middle(before), abs=0.1)


def test_much_enlarged_lines_are_as_narrow_as_little_enlarged_ones() -> None:
    """From paper to ink in as many pixels at eight times the size as a line's edge has at three times."""

    def between(side: int) -> int:
        row = crisp.enlarged(lined(), side)[side // 2, :, 0]
        return int(((row > 60) & (row < 160)).sum())

    assert between(512) <= between(192)


def test_in_frames_large_heads_are_plainly_enlarged_from_where_lines_are_crisp() -> None:
    drawing, part = lined(9), np.s_[100:200, 80:240]
    large = plainly(crisp.enlarged(drawing, 160), 320)
    assert np.array_equal(crisp.enlarged(drawing, 320, part, most=160), large[part])
    # Not where the drawing itself is larger, nor where it is to be no larger than that.
    assert np.array_equal(crisp.enlarged(large, 480, most=160), crisp.enlarged(large, 480))
    assert np.array_equal(crisp.enlarged(drawing, 160, most=160), crisp.enlarged(drawing, 160))


def test_a_part_is_what_the_whole_has_there() -> None:
    drawing = lined(9)
    part = np.s_[20:90, 40:100]
    assert np.array_equal(crisp.enlarged(drawing, 128, part), crisp.enlarged(drawing, 128)[part])
    assert np.array_equal(crisp.enlarged(drawing, 64, part), drawing[part])


def test_the_grain_of_flat_areas_is_not_sharpened() -> None:
    grain = np.random.default_rng(2).integers(150, 154, (80, 80, 3), dtype=np.uint8)
    change = crisp.enlarged(grain, 160).astype(int) - plainly(grain, 160)
    assert np.abs(change).max() <= 1


def test_a_head_that_comes_nearer_is_sharpened_little_by_little() -> None:
    drawing = lined(9)
    change = [
        np.abs(crisp.enlarged(drawing, side).astype(int) - plainly(drawing, side)).mean()
        for side in (64, 68, 80)
    ]
    assert change[0] == 0
    assert 0 < change[1] < 0.6 * change[2]


def test_a_reduced_drawing_is_averaged() -> None:
    drawing = lined()
    small = cv2.resize(drawing, (40, 40), interpolation=cv2.INTER_AREA)
    assert np.array_equal(crisp.enlarged(drawing, 40), small)
