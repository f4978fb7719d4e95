"""A mouth is opened where the lips meet: what is above stays, the jaw goes down, labels follow the photo."""

import cv2
import numpy as np
import pytest

from animirror.training.open_mouth import open_mouth
from animirror.training.pen.paint import Map

SIZE = 256
SKIN, LIPS = (150, 180, 220), (100, 100, 200)
MIDDLE, HALF, MEETING, CHIN = 128, 30, 160, 205


def _oval(x: float, y: float, wide: float, high: float) -> Map:
    drawn = np.zeros((SIZE, SIZE), np.uint8)
    cv2.ellipse(drawn, (round(x), round(y)), (round(wide), round(high)), 0, 0, 360, 1, -1)
    return drawn.astype(np.float32)


def _head(turn: float = 0.0) -> tuple[np.ndarray, dict[str, Map]]:
    """An oval face with a closed mouth, turned about its lips by so many degrees."""
    lips = _oval(MIDDLE, MEETING, HALF, 9)
    rows = np.arange(SIZE)[:, None]
    face = _oval(MIDDLE, 130, 60, CHIN - 130)
    labels = {
        "upper_lip": lips * (rows < MEETING),
        "lower_lip": lips * (rows >= MEETING),
        "mouth": np.zeros_like(lips),
        "skin": face * (1 - lips),
        "background": 1 - face,
    }
    photo = np.full((SIZE, SIZE, 3), 60, np.uint8)
    photo[face > 0], photo[lips > 0] = SKIN, LIPS
    matrix = cv2.getRotationMatrix2D((MIDDLE, MEETING), turn, 1.0)

    def turned(values: np.ndarray) -> np.ndarray:
        return cv2.warpAffine(values, matrix, (SIZE, SIZE), borderMode=cv2.BORDER_REPLICATE)

    return turned(photo), {name: turned(values.astype(np.float32)) for name, values in labels.items()}


@pytest.mark.parametrize("seed", range(6))
def test_the_jaw_goes_down_and_the_gap_is_a_mouth(seed: int) -> None:
    photo, labels = _head()
    opened = open_mouth(photo, labels, np.random.default_rng(seed))
    assert opened is not None
    after, maps = opened
    # What is far above the lips stays.
    assert np.abs(after[:90].astype(int) - photo[:90]).mean() < 0.5
    gap = maps["mouth"] > 0.5
    rows, columns = np.nonzero(gap)
    height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
    assert abs(rows.min() - MEETING) <= 3
    assert 0.3 * HALF < height < 1.3 * HALF
    assert 1.2 * HALF < width < 2.1 * HALF
    assert abs(columns.mean() - MIDDLE) < 2
    # The lower lip lies under the gap, as thick as it was; the chin went down too, but less.
    lower = np.nonzero(maps["lower_lip"][:, MIDDLE] > 0.5)[0]
    assert abs(lower.min() - rows.max()) <= 3
    assert 5 <= lower.size <= 14
    chin = np.nonzero(maps["background"][:, MIDDLE] < 0.5)[0].max()
    assert CHIN + 0.15 * height < chin < CHIN + 0.9 * height
    # Whatever a pixel was, it is still something, once.
    assert np.abs(sum(maps.values()) - 1.0).max() < 0.02
    # Inside there is darkness, seen by its lowest levels, and no skin.
    assert np.percentile(after[gap].max(axis=1), 20) < 110
    assert np.array_equal(after[lower.min() + 3, MIDDLE], LIPS)


def test_a_tilted_head_opens_across_its_own_lips() -> None:
    photo, labels = _head(25.0)
    opened = open_mouth(photo, labels, np.random.default_rng(1))
    assert opened is not None
    rows, columns = np.nonzero(opened[1]["mouth"] > 0.5)
    # The gap lies below the lips along the head's own axis, which leans to the right.
    down = np.array([columns.mean() - MIDDLE, rows.mean() - MEETING])
    assert np.degrees(np.arctan2(down[0], down[1])) == pytest.approx(25.0, abs=8.0)


def test_the_same_seed_gives_the_same_mouth_and_another_one_another() -> None:
    photo, labels = _head()
    first, again, other = (open_mouth(photo, labels, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert first is not None
    assert again is not None
    assert other is not None
    assert np.array_equal(first[0], again[0])
    assert not np.array_equal(first[0], other[0])


def test_no_lips_no_mouth() -> None:
    photo, labels = _head()
    labels |= {name: np.zeros((SIZE, SIZE), np.float32) for name in ("upper_lip", "lower_lip")}
    assert open_mouth(photo, labels, np.random.default_rng(0)) is None
