import numpy as np
import pytest
from numpy.typing import NDArray

from animirror.training.nod import BEND, FLAT, nodded

SIZE = 128


def face() -> NDArray[np.uint8]:
    """Three bars, of one colour each, where brows, nose and chin are."""
    picture = np.full((SIZE, SIZE, 3), 200, np.uint8)
    for channel, row in enumerate((44, 64, 84)):
        picture[row - 2 : row + 2, 30:98, channel] = 0
    return picture


def rows(picture: NDArray[np.uint8]) -> list[float]:
    """Where the bars' middles are."""
    darkness = 200.0 - np.minimum(picture[:, 40:88].mean(axis=1), 200.0)
    return [float((np.arange(SIZE) * dark).sum() / dark.sum()) for dark in darkness.T]


def test_faces_get_lower_and_lean_back_or_forwards() -> None:
    leans = []
    for seed in range(30):
        (picture,) = nodded([face()], np.random.default_rng(seed))
        brow, nose, chin = rows(picture)
        # 20 px each before: as low as FLAT makes them, and as uneven as BEND.
        assert 20 / FLAT * (1 - 2 * BEND * 0.4) < nose - brow < 20 * (1 + 2 * BEND * 0.4)
        assert 40 / FLAT - 2 < chin - brow < 41
        leans.append((chin - nose) / (nose - brow))
        # Nothing moves sideways.
        assert (picture[:, :28] > 190).all()
    assert min(leans) < 0.9
    assert max(leans) > 1.1


def test_photo_and_drawing_nod_alike_and_otherwise_the_next_time() -> None:
    random = np.random.default_rng(3)
    photo, drawing = nodded([face(), face()], random)
    assert np.array_equal(photo, drawing)
    assert not np.array_equal(nodded([face()], random)[0], photo)


@pytest.mark.parametrize("seed", range(10))
def test_rows_keep_their_order(seed: int) -> None:
    ramp = np.repeat(np.arange(SIZE, dtype=np.uint8)[:, None, None], SIZE, axis=1).repeat(3, axis=2)
    (picture,) = nodded([ramp], np.random.default_rng(seed))
    column = picture[:, 64, 0].astype(int)
    # Past these the picture is mirrored.
    top, bottom = np.flatnonzero(column == column.min())[-1], np.flatnonzero(column == column.max())[0]
    assert (np.diff(column[top : bottom + 1]) >= 0).all()
    assert bottom - top > SIZE / FLAT - 4
