"""What is drawn over a picture on the screen."""

import numpy as np

from animirror.realtime.studio.paint import LINE, TINT, TINT_SHARE, brush_ring, split, tinted


def test_the_selection_is_tinted_and_outlined() -> None:
    picture = np.full((60, 80, 3), 100, np.uint8)
    mask = np.zeros((60, 80), np.uint8)
    mask[20:40, 30:60] = 255
    marked = tinted(picture, mask)
    inside = 100 + TINT_SHARE * (np.array(TINT) - 100)
    assert np.abs(marked[30, 45] - inside).max() <= 1
    assert (marked[5:10] == 100).all()
    # The line runs along the edge.
    assert np.abs(marked[20, 45].astype(int) - LINE).max() < 90
    assert (picture == 100).all()


def test_before_and_after_beside_each_other() -> None:
    before, after = np.full((60, 80, 3), 10, np.uint8), np.full((60, 80, 3), 240, np.uint8)
    both = split(before, after, 40, (5, 55))
    assert (both[30, :20] == 10).all()
    assert (both[30, 60:] == 240).all()
    assert (both[10, 40] == LINE).all()
    # No line where there is no picture.
    assert (both[2, 30:50] != 255).all()
    assert (split(before, after, -7, (0, 60))[10, 10:] == 240).all()
    assert (split(before, after, 999, (0, 60))[10, :70] == 10).all()


def test_the_brush_is_a_ring_and_soft_ones_have_two() -> None:
    hard, soft = np.zeros((60, 80, 3), np.uint8), np.zeros((60, 80, 3), np.uint8)
    brush_ring(hard, (40, 30), 20, 1.0)
    brush_ring(soft, (40, 30), 20, 0.5)
    assert hard[30, 60].min() > 200
    assert hard[30, 50].max() == 0
    assert soft[30, 50].min() > 200
