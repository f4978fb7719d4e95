import numpy as np
import pytest

from animirror.realtime.studio.edits import TILE, Edits


def covered(height: int, width: int, value: int = 255) -> np.ndarray:
    return np.full((height, width), value, np.uint8)


def laid_over(edits: Edits, value: int) -> np.ndarray:
    mask = np.full((edits.height, edits.width), value, np.uint8)
    edits.apply(mask, 0, 0)
    return mask


def stroke(edits: Edits, patch: np.ndarray, left: int, top: int, erase: bool = False) -> None:
    edits.begin(erase)
    edits.dab(patch, left, top)
    edits.end()


def test_adding_and_erasing_across_tiles() -> None:
    edits = Edits(600, 520)
    stroke(edits, covered(100, 300), 200, 230)
    stroke(edits, covered(50, 50), 300, 240, erase=True)
    wanted = np.zeros((520, 600), np.uint8)
    wanted[230:330, 200:500] = 255
    wanted[240:290, 300:350] = 0
    assert np.array_equal(laid_over(edits, 0), wanted)
    wanted = np.full((520, 600), 255, np.uint8)
    wanted[240:290, 300:350] = 0
    assert np.array_equal(laid_over(edits, 255), wanted)


def test_half_strokes_over_any_mask() -> None:
    """m + s (1 - m), then m (1 - s), as on the mask itself."""
    edits = Edits(64, 64)
    stroke(edits, covered(64, 64, 128), 0, 0)
    stroke(edits, covered(64, 64, 64), 0, 0, erase=True)
    for mask in (0, 40, 200, 255):
        added = mask / 255 + 128 / 255 * (1 - mask / 255)
        assert abs(int(laid_over(edits, mask)[30, 30]) - 255 * added * (1 - 64 / 255)) <= 2


def test_a_stroke_covers_once_where_it_passes_twice() -> None:
    edits = Edits(64, 64)
    edits.begin(erase=False)
    for _ in range(5):
        edits.dab(covered(64, 64, 100), 0, 0)
    edits.end()
    assert laid_over(edits, 0)[5, 5] == 100


def test_undo_and_redo_all_the_way() -> None:
    random = np.random.default_rng(4)
    edits, states = Edits(700, 500), []
    for index in range(40):
        states.append(laid_over(edits, 90))
        patch = random.integers(0, 256, (60, 80), dtype=np.uint8)
        place = random.integers(-40, 700), random.integers(-40, 500)
        stroke(edits, patch, int(place[0]), int(place[1]), erase=index % 3 == 0)
    last = laid_over(edits, 90)
    for state in reversed(states):
        if not np.array_equal(laid_over(edits, 90), state):
            assert edits.undo() is not None
        assert np.array_equal(laid_over(edits, 90), state)
    assert edits.undo() is None
    assert edits.empty
    while edits.redo() is not None:
        pass
    assert np.array_equal(laid_over(edits, 90), last)


def test_a_new_stroke_ends_what_could_be_redone() -> None:
    edits = Edits(64, 64)
    stroke(edits, covered(10, 10), 0, 0)
    edits.undo()
    stroke(edits, covered(10, 10), 30, 30)
    assert not edits.can_redo
    assert laid_over(edits, 0)[5, 5] == 0


def test_a_reset_is_a_step_like_others() -> None:
    edits = Edits(64, 64)
    stroke(edits, covered(10, 10), 0, 0)
    area = edits.replace({})
    assert edits.empty
    assert area is not None
    assert (area.right, area.bottom) == (64, 64)
    edits.undo()
    assert laid_over(edits, 0)[5, 5] == 255


def test_a_thousand_strokes_on_fifty_megapixels_take_little_memory() -> None:
    """Tiles, packed: not a mask of 50 MB for each step."""
    edits = Edits(8660, 5773)
    for index in range(200):
        stroke(edits, covered(200, 200), 40 * index, 20 * index)
    assert edits.packed_bytes < 200 * 4 * 2000
    assert len(edits.tiles()) < 200


def test_nothing_outside_the_picture() -> None:
    edits = Edits(100, 80)
    stroke(edits, covered(50, 50), -100, -100)
    stroke(edits, covered(TILE, TILE), 100, 80)
    assert not laid_over(edits, 0).any()


def test_a_dab_without_a_stroke() -> None:
    with pytest.raises(ValueError, match="call begin first"):
        Edits(64, 64).dab(covered(5, 5), 0, 0)
