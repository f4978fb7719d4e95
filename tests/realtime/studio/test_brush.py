import math

import numpy as np
import pytest

from animirror.realtime.errors import UserError
from animirror.realtime.studio.brush import Brush, covered_patch, default_size, size_limits, stretches

GREY = np.full((200, 300, 3), 120, np.uint8)


def coverage(
    picture: np.ndarray, brush: Brush, start: tuple[float, float], end: tuple[float, float]
) -> np.ndarray:
    """uint8 [H, W] over the whole picture."""
    whole = np.zeros(picture.shape[:2], np.uint8)
    patch = covered_patch(picture, brush, start, end)
    assert patch is not None
    height, width = patch.coverage.shape
    whole[patch.top : patch.top + height, patch.left : patch.left + width] = patch.coverage
    return whole


def test_a_hard_dot_and_a_hard_line_have_their_areas() -> None:
    dot = coverage(GREY, Brush(60), (150, 100), (150, 100))
    assert dot.sum() / 255 == pytest.approx(math.pi * 30**2, rel=0.01)
    assert dot[100, 150] == 255
    assert dot[100, 185] == 0
    line = coverage(GREY, Brush(20), (100, 100), (200, 100))
    assert line.sum() / 255 == pytest.approx(math.pi * 10**2 + 100 * 20, rel=0.01)


def test_a_soft_brush_falls_from_the_middle_to_the_rim() -> None:
    soft = coverage(GREY, Brush(80, hardness=0.0), (150, 100), (150, 100))[100, 150:195].astype(int)
    assert soft[0] >= 250
    assert (np.diff(soft) <= 0).all()
    assert 90 < soft[20] < 165
    assert soft[42] == 0


def test_snapping_stays_on_one_side_of_an_edge() -> None:
    noise = np.random.default_rng(1).normal(0, 5, GREY.shape)
    picture = np.where(np.arange(300)[None, :, None] < 150, (60, 90, 200), (190, 120, 40)) + noise
    picture = np.clip(picture, 0, 255).astype(np.uint8)
    snapped = coverage(picture, Brush(80, snap=True), (130, 100), (130, 100))
    free = coverage(picture, Brush(80), (130, 100), (130, 100))
    assert snapped[:, 152:].max() <= 40
    assert free[:, 152:].max() == 255
    kept, wanted = snapped[:, :147] > 127, free[:, :147] > 127
    assert np.count_nonzero(kept & wanted) / np.count_nonzero(wanted) > 0.95


def test_snapping_does_not_jump_to_a_like_colour_behind_another() -> None:
    picture = GREY.copy()
    picture[:, 140:150] = (20, 20, 20)
    snapped = coverage(picture, Brush(90, snap=True), (120, 100), (120, 100))
    assert snapped[100, 120] == 255
    assert snapped[:, 154:].max() <= 60


@pytest.mark.parametrize("hardness", [0.0, 1.0])
def test_a_long_way_in_pieces_covers_the_same(hardness: float) -> None:
    brush, start, end = Brush(16, hardness), (20.0, 30.0), (280.0, 170.0)
    pieces = stretches(start, end, brush.size)
    assert len(pieces) == 10
    assert (pieces[0][0], pieces[-1][1]) == (start, end)
    together = np.maximum.reduce([coverage(GREY, brush, *piece) for piece in pieces])
    whole = coverage(GREY, brush, start, end)
    assert np.abs(together.astype(int) - whole).max() <= 1


def test_outside_and_at_the_border() -> None:
    assert covered_patch(GREY, Brush(20), (-50, 20), (-30, 20)) is None
    patch = covered_patch(GREY, Brush(40), (0, 0), (0, 0))
    assert patch is not None
    assert (patch.left, patch.top) == (0, 0)
    assert patch.coverage.sum() / 255 == pytest.approx(math.pi * 20**2 / 4, rel=0.05)


def test_sizes_go_with_the_picture() -> None:
    assert default_size(8000, 6000) == pytest.approx(10 * default_size(800, 600))
    smallest, largest = size_limits(8000, 6000)
    assert smallest < default_size(8000, 6000) < largest
    assert size_limits(64, 64)[0] >= 2


@pytest.mark.parametrize(("size", "hardness"), [(0.5, 1.0), (float("nan"), 1.0), (20, 1.5)])
def test_brushes_that_are_none(size: float, hardness: float) -> None:
    with pytest.raises(UserError, match=r"brush"):
        Brush(size, hardness)
