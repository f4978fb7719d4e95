"""What is written of a frame."""

import numpy as np

from animirror.realtime.scene import Filtered
from animirror.realtime.transforms import Compare, Mask, Plain, Resized

BEFORE = np.full((60, 80, 3), 50, np.uint8)
AFTER = np.full((60, 80, 3), 200, np.uint8)
MASK = np.zeros((60, 80), np.float32)
MASK[:30] = 1.0
MASK[30:40] = 0.5
FILTERED = Filtered(AFTER, MASK, (), {})


def test_plain_and_compare() -> None:
    assert np.array_equal(Plain()(BEFORE, FILTERED), AFTER)
    both = Compare()(BEFORE, FILTERED)
    assert Compare().size(80, 60) == (160, 60)
    assert np.array_equal(both, np.hstack([BEFORE, AFTER]))


def test_the_mask_is_grey() -> None:
    mask = Mask()(BEFORE, FILTERED)
    assert mask.shape == (60, 80, 3)
    assert [mask[row, 5].tolist() for row in (5, 35, 50)] == [[255] * 3, [128] * 3, [0] * 3]


def test_sizes_by_the_proportions_and_with_bars() -> None:
    for transform, size in (
        (Resized(40, None), (40, 30)),
        (Resized(None, 30), (40, 30)),
        (Resized(None, 30, Compare()), (80, 30)),
        (Resized(30, None), (30, 22)),
        (Resized(120, 60), (120, 60)),
    ):
        assert transform.size(80, 60) == size
        assert transform(BEFORE, FILTERED).shape == (size[1], size[0], 3)
    barred = Resized(120, 60)(BEFORE, FILTERED)
    assert (barred[:, :20] == 0).all()
    assert (barred[:, 20:100] == 200).all()
    halves = Resized(None, 30, Compare())(BEFORE, FILTERED)
    assert (halves[:, :40] == 50).all()
    assert (halves[:, 40:] == 200).all()


def test_a_resumed_conversion_knows_its_transform() -> None:
    assert repr(Resized(40, None, Compare())) == "Resized(width=40, height=None, inner=Compare())"
