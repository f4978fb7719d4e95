"""Hands laid before faces: where they lie, in which colours, and what is left as it was."""

import dataclasses

import cv2
import numpy as np
import pytest

from animirror.realtime.regions import CELEBAMASK_LABELS as LABELS
from animirror.realtime.regions import Box, mask_box
from animirror.training.hand_masks import ARM, HAND
from animirror.training.parsing_data import HeadMeter, Sample
from animirror.training.pasted_hands import Cutout, cut_out_hands, lay_hand
from animirror.training.webcam_views import WebcamDataset

FACE, REST = len(LABELS), len(LABELS) + 1
TONE = (130, 160, 200)


def portrait(size: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """A face of one tone on green, and its codes."""
    codes = np.full((size, size), REST, np.uint8)
    cv2.ellipse(codes, (size // 2, size // 2), (size // 5, size // 4), 0, 0, 360, FACE, -1)
    image = np.where((codes == FACE)[..., None], TONE, (60, 160, 60)).astype(np.uint8)
    return image, codes


def with_hand(side: int = 60) -> Sample:
    """A sample with one dark hand, its arm below it."""
    image, codes = portrait()
    hands = np.zeros_like(codes)
    hands[130 : 130 + side, 20 : 20 + side // 2] = HAND
    hands[130 + side - 10 : 130 + side, 20 : 20 + side // 2] = ARM
    image[hands > 0] = (40, 60, 90)
    return Sample(image, codes, hands)


def laid(cutout: Cutout, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The picture after, where it is covered, and the picture before."""
    image, codes = portrait()
    skin = codes == FACE
    before = image.copy()
    sleeve = np.full((64, 64, 3), (200, 20, 20), np.uint8)
    return image, lay_hand(image, skin, cutout, sleeve, np.random.default_rng(seed)), before


def test_hands_are_cut_out_with_the_way_of_their_arm() -> None:
    (cutout,) = cut_out_hands([with_hand(), Sample(*portrait())])
    assert cutout.mask.shape == (60, 30)
    assert cutout.arm == pytest.approx((0.0, 1.0), abs=0.01)
    assert not cut_out_hands([with_hand(side=30)])


def test_a_hand_covers_the_face_in_its_tone_and_nothing_else_changes() -> None:
    (cutout,) = cut_out_hands([with_hand()])
    bare = Cutout(cutout.image, np.where(cutout.mask > 0, HAND, 0).astype(np.uint8), None)
    covers = []
    for seed in range(20):
        image, covered, before = laid(bare, seed)
        far = cv2.dilate(covered.astype(np.uint8), np.ones((5, 5))) == 0
        assert (image[far] == before[far]).all()
        inner = cv2.erode(covered.astype(np.uint8), np.ones((5, 5))) > 0
        tone = np.median(image[inner], axis=0)
        # Half the way from the hand's own tone to the face's at least; lightness varies.
        assert np.abs(tone - TONE).max() < 0.65 * np.abs(np.subtract((40, 60, 90), TONE)).max() + 25
        box, face = mask_box(covered), Box(60, 50, 141, 151)
        assert box is not None
        assert 0.4 * face.height < max(box.width, box.height) < 1.7 * face.height
        covers.append(np.count_nonzero(covered & (portrait()[1] == FACE)) / np.count_nonzero(covered))
    assert np.mean(covers) > 0.35


def test_arms_come_from_below_and_reach_the_border() -> None:
    (cutout,) = cut_out_hands([with_hand()])
    below = reached = 0
    for seed in range(40):
        _, covered, _ = laid(cutout, seed)
        border = np.zeros_like(covered)
        border[[0, -1], :] = border[:, [0, -1]] = True
        if (covered & border).any():
            reached += 1
            below += np.nonzero(covered & border)[0].mean() > 100
    assert reached > 20
    assert below > 0.75 * reached


def test_sleeves_have_their_own_texture() -> None:
    (cutout,) = cut_out_hands([with_hand()])
    blue = [
        np.count_nonzero((image[..., 0] > 180) & (image[..., 2] < 60))
        for image, _, _ in (laid(cutout, seed) for seed in range(40))
    ]
    assert 5 < sum(count > 100 for count in blue) < 30


def test_views_with_hands_have_faces_with_parts_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NOBODY", "COVERED", "DECOYS", "ON_OTHER", "PARTS"):
        monkeypatch.setattr(WebcamDataset, name, 0.0)
    shares = []
    for share in (0.0, 1.0):
        monkeypatch.setattr(WebcamDataset, "HANDS", share)
        views = WebcamDataset([([with_hand()], 1.0)], LABELS, 96, 40, seed=3, spoiled=0.0)
        faces = [np.count_nonzero(views.draw(np.random.default_rng(index))[1] == FACE) for index in range(40)]
        shares.append(np.mean(faces))
    assert 0.3 < shares[1] / shares[0] < 0.95


@pytest.mark.parametrize("rare", ["handed", "hatted"])
def test_hands_before_faces_and_hats_are_drawn_more_often(monkeypatch: pytest.MonkeyPatch, rare: str) -> None:
    for name in ("NOBODY", "COVERED", "DECOYS", "ON_OTHER", "HANDS", "PARTS"):
        monkeypatch.setattr(WebcamDataset, name, 0.0)
    codes = portrait()[1]
    dark, light = (Sample(np.full((*codes.shape, 3), value, np.uint8), codes) for value in (30, 220))
    samples = [dataclasses.replace(dark, **{rare: True}), light]  # type: ignore[arg-type]
    views = WebcamDataset([(samples, 1.0)], LABELS, 96, 200, seed=3, spoiled=0.0)
    drawn = [views.draw(np.random.default_rng(index))[0][48, 48, 0] < 100 for index in range(200)]
    assert 0.7 < np.mean(drawn) < 0.9


def test_the_largest_face_alone_is_taken() -> None:
    codes = np.full((40, 40), REST, np.uint8)
    codes[2:6, 2:6] = FACE
    codes[20:36, 10:30] = FACE
    meter = HeadMeter(LABELS)
    largest = meter.largest_face(codes)
    assert largest is not None
    assert mask_box(largest) == Box(10, 20, 30, 36)
    assert meter.largest_face(np.full((4, 4), REST, np.uint8)) is None
