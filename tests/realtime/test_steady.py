import numpy as np
import pytest

from animirror.realtime.regions import Crop
from animirror.realtime.steady import moved, steadied


def test_steadied_averages_doubt_and_frees_what_is_sure() -> None:
    def head(before: float, now: float) -> float:
        maps = [np.array([[[1 - p]], [[p]]], np.float32) for p in (now, before)]
        return float(steadied(maps[0], maps[1], (1,), 1 / 30)[1, 0, 0])

    assert head(0.9, 0.0) == pytest.approx(0.0)  # left: no ghost
    assert head(0.9, 1.0) == pytest.approx(1.0)
    assert 0.57 < head(0.6, 0.5) < 0.58  # wavers: a quarter of the step at 30 fps
    assert head(0.95, 0.35) == pytest.approx(0.35)  # unsure, and yet quite another: something moved


def test_a_map_moves_with_its_crop() -> None:
    """A ramp over the frame, one a pixel: whatever the crop, a cell's value is its centre's place."""

    def ramp(crop: Crop, cells: int) -> np.ndarray:
        centers = crop.box.left + (np.arange(cells) + 0.5) * crop.side / cells
        return np.tile(centers, (1, cells, 1)).astype(np.float32)

    old, new = Crop(100, 100, 64), Crop(105, 97, 40)
    for before, cells in ((16, 16), (16, 12), (12, 16)):
        found = moved(ramp(old, before), old, new, cells)
        assert found.shape == (1, cells, cells)
        assert found == pytest.approx(ramp(new, cells), abs=1e-3)
    same = ramp(old, 16)
    assert moved(same, old, old, 16) is same
