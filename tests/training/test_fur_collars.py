"""Fur collars: where they lie, that heads stay what they are, and for whom there are none."""

import cv2
import numpy as np
import pytest

from animirror.realtime.regions import CELEBAMASK_LABELS as LABELS
from animirror.training.fur_collars import LEAST_PIECE, cut_fur, lay_collar
from animirror.training.parsing_data import Sample
from animirror.training.webcam_views import WebcamDataset

BACKGROUND, SKIN, HAIR, CLOTH = (LABELS.index(name) for name in ("background", "skin", "hair", "cloth"))


def portrait(size: int = 200, long_hair: bool = False) -> Sample:
    """A face on green, with hair on top of it or down to its chest."""
    codes = np.full((size, size), BACKGROUND, np.uint8)
    middle = (size // 2, size // 2)
    cv2.ellipse(codes, middle, (size * 3 // 10, size * 2 // 5), 0, 180, 360, HAIR, -1)
    if long_hair:
        codes[size // 2 : size - 10, size // 5 : size * 4 // 5] = HAIR
    cv2.ellipse(codes, middle, (size // 5, size // 4), 0, 0, 360, SKIN, -1)
    colors = np.zeros((len(LABELS), 3), np.uint8)
    colors[[BACKGROUND, SKIN, HAIR]] = (60, 160, 60), (130, 160, 200), (30, 40, 60)
    return Sample(colors[codes], codes)


def fur(side: int = 64) -> np.ndarray:
    """Stripes of two tones."""
    stripes = np.where(np.arange(side) // 4 % 2 > 0, 60, 160).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(stripes[None, :, None], (side, side, 3)))


def laid(sample: Sample, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The picture after, and where it is covered."""
    image = sample.image.copy()
    face, hair = sample.codes == SKIN, sample.codes == HAIR
    return image, lay_collar(image, face, hair, fur(), np.random.default_rng(seed))


def test_fur_is_the_largest_square_of_hair() -> None:
    codes = np.full((120, 120), BACKGROUND, np.uint8)
    codes[10:70, 20:110] = HAIR
    image = np.where((codes == HAIR)[..., None], (30, 40, 60), (60, 160, 60)).astype(np.uint8)
    (piece,) = cut_fur([Sample(image, codes)], LABELS)
    assert min(piece.shape[:2]) >= 56
    assert (piece == (30, 40, 60)).all()


def test_little_hair_makes_no_fur() -> None:
    codes = np.full((120, 120), BACKGROUND, np.uint8)
    codes[10 : 10 + LEAST_PIECE - 2, 20:110] = HAIR
    assert not cut_fur([Sample(np.zeros((120, 120, 3), np.uint8), codes)], LABELS)


def test_a_collar_lies_about_the_chin_and_leaves_the_head() -> None:
    sample = portrait()
    head = np.isin(sample.codes, (SKIN, HAIR))
    inside = cv2.erode(head.astype(np.uint8), np.ones((7, 7))) > 0
    covers = []
    for seed in range(20):
        image, covered = laid(sample, seed)
        assert not (covered & head).any()
        assert (image[inside] == sample.image[inside]).all()
        far = cv2.dilate(covered.astype(np.uint8), np.ones((15, 15))) == 0
        assert (image[far & ~head] == sample.image[far & ~head]).mean() > 0.99
        # Green has gone where it lies.
        assert np.abs(image[covered].astype(int) - sample.image[covered]).max(axis=1).mean() > 30
        assert not covered[:75].any()
        covers.append(covered[150:].mean())
    assert 0.2 < np.mean(covers) < 0.9
    assert np.std(covers) > 0.03


def test_some_collars_are_open_before_the_neck() -> None:
    below = [laid(portrait(), seed)[1][156:160, 95:105].mean() for seed in range(40)]
    assert 8 < sum(share < 0.2 for share in below) < 32


def far_away() -> Sample:
    """A head of 40 px in a picture of 200."""
    near, around = portrait(40), ((0, 160), (0, 160))
    return Sample(
        np.pad(near.image, (*around, (0, 0))), np.pad(near.codes, around, constant_values=BACKGROUND)
    )


@pytest.mark.parametrize("sample", [portrait(long_hair=True), far_away()], ids=["long hair", "small"])
def test_long_hair_and_small_faces_have_none(sample: Sample) -> None:
    image, covered = laid(sample, 1)
    assert not covered.any()
    assert (image == sample.image).all()


def test_views_show_collars_to_so_many_heads(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NOBODY", "COVERED", "DECOYS", "ON_OTHER", "PARTS", "HANDS"):
        monkeypatch.setattr(WebcamDataset, name, 0.0)
    shares = []
    for collars in (0.0, 0.5, 1.0):
        views = WebcamDataset([([portrait(400)], 1.0)], LABELS, 96, 60, 3, spoiled=0.0, collars=collars)
        codes = [views.draw(np.random.default_rng(index))[1] for index in range(60)]
        shares.append(np.mean([(one == CLOTH).any() for one in codes]))
    assert shares[0] == 0
    assert 0.3 < shares[1] / shares[2] < 0.7
    assert shares[2] > 0.5
