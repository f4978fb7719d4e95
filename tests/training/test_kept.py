"""What stays in its place, of bars of known colours."""

import numpy as np
import pytest

from animirror.realtime.segment import Segmenter
from animirror.training.kept import measure_kept, seen
from tests.conftest import GROUND, HAIR, SKIN

SIDE = 256


def bars(face: tuple[int, int], hair: tuple[int, int]) -> np.ndarray:
    """Columns of face and of hair, from and to, on the ground."""
    picture = np.full((SIDE, SIDE, 3), GROUND, np.uint8)
    picture[:, slice(*face)] = SKIN
    picture[:, slice(*hair)] = HAIR
    return picture


def test_what_stays_in_its_place_is_kept(segmenter: Segmenter) -> None:
    photo = bars((0, 128), (128, 192))
    # Half of the face's columns become hair; the hair's own stay.
    drawing = bars((0, 64), (64, 192))
    before, after = (
        [seen(segmenter, picture) for picture in pair] for pair in ((photo,) * 2, (drawing, photo))
    )
    kept = measure_kept(before, after, segmenter.labels)
    assert kept.heads == 2
    assert kept.face == pytest.approx((64 + 128) / (128 + 128), abs=0.01)
    assert kept.hair == pytest.approx((64 + 64) / (128 + 64), abs=0.01)
