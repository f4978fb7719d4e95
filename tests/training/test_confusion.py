"""Scores of small confusions, worked out by hand."""

import numpy as np
import pytest

from animirror.training.confusion import IGNORED, Confusion

LABELS = ("background", "face", "hair", "hat")


def test_scores_by_hand() -> None:
    confusion = Confusion(LABELS)
    # 10 pixels: 5 background (4 right, 1 taken for face), 3 face (2 right, 1 hair), 2 hair (both right).
    codes = np.array([[0, 0, 0, 0, 0], [1, 1, 1, 2, 2]], np.uint8)
    predicted = np.array([[0, 0, 0, 0, 1], [1, 1, 2, 2, 2]], np.uint8)
    confusion.add(codes, predicted)
    assert confusion.counts.tolist() == [[4, 1, 0, 0], [0, 2, 1, 0], [0, 0, 2, 0], [0, 0, 0, 0]]
    scores = confusion.scores({"head": (1, 2)})
    background, face, hair, hat = scores.labels
    assert (background.iou, background.accuracy, background.pixels) == (4 / 5, 4 / 5, 5)
    assert (face.iou, face.accuracy, face.pixels) == (2 / 4, pytest.approx(2 / 3), 3)
    assert (hair.iou, hair.accuracy, hair.pixels) == (pytest.approx(2 / 3), 1.0, 2)
    assert (hat.iou, hat.accuracy, hat.pixels) == (None, None, 0)
    assert scores.mean_iou == pytest.approx((4 / 5 + 2 / 4 + 2 / 3) / 3)
    assert scores.accuracy == 8 / 10
    # Face and hair as one: 5 true, 6 predicted, 5 common.
    assert (scores.regions[0].iou, scores.regions[0].accuracy) == (pytest.approx(5 / 6), 1.0)


def test_a_label_that_is_only_predicted_scores_zero_and_is_not_in_the_mean() -> None:
    confusion = Confusion(LABELS)
    confusion.add(np.array([0, 0]), np.array([0, 3]))
    scores = confusion.scores()
    assert (scores.labels[3].iou, scores.labels[3].accuracy) == (0.0, None)
    assert scores.mean_iou == 1 / 2


def test_groups_judge_what_they_know_and_no_more() -> None:
    skin, eyes, hair, ears = 1, 2, 3, 4
    labels = ("background", "skin", "eyes", "hair", "ears")
    confusion = Confusion(labels, [(skin, eyes), (0, ears)])
    # Five pixels known as the group "face": three predicted within it, one as hair, one as background.
    confusion.add(np.full(5, 5), np.array([skin, skin, eyes, hair, 0]))
    # Four of the group "rest": ears and background are right, skin and hair wrong.
    confusion.add(np.full(4, 6), np.array([ears, 0, skin, hair]))
    confusion.add(np.array([hair, hair]), np.array([hair, skin]))
    scores = confusion.scores({"face": (skin, eyes), "whole face": (skin, eyes, ears)})
    by_name = {score.name: score for score in scores.labels}
    # Hair: 2 true, 1 common, 3 predicted where the truth is known not to be hair or to be it.
    assert by_name["hair"].iou == pytest.approx(1 / 4)
    assert by_name["hair"].accuracy == 1 / 2
    # Skin inside the group "face" says nothing about skin; outside it (rest, hair) it is wrong twice.
    assert (by_name["skin"].iou, by_name["skin"].accuracy) == (0.0, None)
    # Background predicted on the face group is wrong; within "rest" it says nothing.
    assert by_name["background"].iou == 0.0
    assert by_name["eyes"].iou is None
    # The face as one: 5 true, 3 common, 5 predicted.
    face, whole = scores.regions
    assert (face.iou, face.accuracy, face.pixels) == (pytest.approx(3 / 7), 3 / 5, 5)
    # With ears, predicted ears in "rest" say nothing, predicted skin in "rest" is wrong: the same counts.
    assert whole.iou == pytest.approx(3 / 7)
    assert scores.accuracy == (3 + 2 + 1) / 11


def test_pictures_add_up_and_ignored_pixels_do_not_count() -> None:
    confusion = Confusion(LABELS)
    confusion.add(np.array([1, IGNORED]), np.array([1, 2], np.uint8))
    confusion.add(np.array([1]), np.array([2]))
    assert confusion.counts.sum() == 2
    assert confusion.scores().accuracy == 0.5
    assert Confusion(LABELS).scores().mean_iou is None
    with pytest.raises(ValueError, match="codes must be under 4, labels under 4"):
        confusion.add(np.array([4]), np.array([0]))
