"""Hands that are found become masks, and the masks take them out of faces."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from animirror.realtime.cli import main
from animirror.realtime.errors import UserError
from animirror.realtime.regions import CELEBAMASK_LABELS as LABELS
from animirror.training.hand_masks import (
    ARM,
    HAND,
    HandPoints,
    agreed_hands,
    hand_mask,
    picture_hands,
    prepare_hands,
)
from animirror.training.options import MaskSet
from animirror.training.parsing_data import read_sample, read_set
from animirror.training.splits import Splits
from animirror.training.teacher import PACKAGE

# An open hand in a square: the wrist below, four fingers up, the thumb to the left; MediaPipe's order.
HAND_POINTS = np.float32(
    [
        *((0.5, 0.9), (0.36, 0.8), (0.27, 0.7), (0.2, 0.6), (0.14, 0.52)),
        *((0.37, 0.5), (0.35, 0.35), (0.34, 0.25), (0.33, 0.16)),
        *((0.48, 0.48), (0.48, 0.31), (0.48, 0.2), (0.48, 0.1)),
        *((0.58, 0.5), (0.6, 0.35), (0.61, 0.25), (0.62, 0.17)),
        *((0.67, 0.55), (0.71, 0.44), (0.74, 0.36), (0.76, 0.3)),
    ]
)
SKIN, WALL = (120, 150, 210), (150, 90, 40)


def drawn_hand(
    size: int = 256, left: float = 40.0, top: float = 30.0, side: float = 180.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A picture (uint8 [S, S, 3] BGR) of a hand, where it is (bool [S, S]), its points (float32 [21, 2])."""
    points = HAND_POINTS * side + np.float32([left, top])
    there = np.zeros((size, size), np.uint8)
    cv2.fillPoly(there, [cv2.convexHull(np.rint(points[[0, 1, 2, 5, 9, 13, 17]]).astype(np.int32))], 1)
    for first, second in ((1, 4), (5, 8), (9, 12), (13, 16), (17, 20)):
        ends = np.rint(points[[first, second]]).astype(int)
        cv2.line(there, ends[0].tolist(), ends[1].tolist(), 1, round(0.09 * side))
    wrist = np.rint(points[0]).astype(int)
    cv2.line(there, wrist.tolist(), (int(wrist[0]), size), 1, round(0.24 * side))
    noise = np.random.default_rng(0).normal(0, 4, (size, size, 3))
    picture = np.where(there[..., None] > 0, SKIN, WALL) + noise
    return np.clip(picture, 0, 255).astype(np.uint8), there > 0, points


def mirrored(points: np.ndarray, size: int) -> np.ndarray:
    return points * np.float32([-1, 1]) + np.float32([size - 1, 0])


class Finder:
    """Says in turn what it is told, for a picture of ``size`` px, of pictures of any size."""

    def __init__(self, size: int, *told: list[np.ndarray]) -> None:
        self._size, self._told = size, iter(told)

    def __call__(self, image: np.ndarray) -> list[np.ndarray]:
        return [points * (image.shape[0] / self._size) for points in next(self._told)]


def test_a_hand_is_outlined_about_its_points() -> None:
    picture, there, points = drawn_hand()
    mask = hand_mask(picture, points)
    near = there & (np.indices(there.shape)[0] < points[0, 1])
    hand = mask == HAND
    assert np.count_nonzero(hand & near) / np.count_nonzero(hand | near) > 0.85
    rows, columns = np.nonzero(mask == ARM)
    assert rows.min() >= points[0, 1] - 1
    assert columns.mean() == pytest.approx(points[0, 0], abs=8)


def test_only_hands_that_the_mirror_image_shows_too_are_believed() -> None:
    picture, _, points = drawn_hand()
    same = mirrored(points, 256)
    assert len(agreed_hands(picture, Finder(256, [points], [same]))) == 1
    assert not agreed_hands(picture, Finder(256, [points], [same + np.float32([60, 0])]))
    assert not agreed_hands(picture, Finder(256, [points], []))
    assert not agreed_hands(picture, Finder(256, []))


def test_a_hand_that_no_arm_leads_to_is_part_of_the_head() -> None:
    picture, there, points = drawn_hand()
    told = [points], [mirrored(points, 256)]
    nowhere = np.zeros_like(there)
    assert picture_hands(picture, nowhere, Finder(256, *told)).any()
    everywhere = np.ones_like(there)
    assert not picture_hands(picture, everywhere, Finder(256, *told)).any()
    upper = np.indices(there.shape)[0] < 120
    found = picture_hands(picture, upper, Finder(256, *told)) == HAND
    assert np.count_nonzero(found & upper) > 0.8 * np.count_nonzero(there & upper)


def hand_before_face(folder: Path) -> MaskSet:
    """One photo of a face, with a mask that calls the hand before it face."""
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    picture, there, _ = drawn_hand()
    values = np.zeros(there.shape, np.uint8)
    cv2.ellipse(values, (128, 90), (70, 80), 0, 0, 360, 1, -1)
    values[:20] = 2
    cv2.imwrite(str(folder / "images/one.png"), picture)
    cv2.imwrite(str(folder / "masks/one.png"), values)
    return MaskSet("people", "images", "masks", "face_hair", hands=str(folder / "hands"))


def test_hands_are_written_leave_the_face_and_are_kept(tmp_path: Path) -> None:
    item = hand_before_face(tmp_path)
    points = drawn_hand()[2]
    told = [points], [mirrored(points, 256)]
    assert prepare_hands(tmp_path, item, LABELS, Finder(256, *told)) == (1, 1)
    image, mask, hands = (tmp_path / name / "one.png" for name in ("images", "masks", "hands"))
    before = read_sample(image, mask, "face_hair", LABELS)
    after = read_sample(image, mask, "face_hair", LABELS, hands_path=hands)
    assert before.hands is None
    assert after.hands is not None
    there = after.hands > 0
    face, rest = len(LABELS), len(LABELS) + 1
    assert np.count_nonzero(before.codes[there] == face) > 5000
    assert (after.codes[there & (before.codes == face)] == rest).all()
    assert (after.codes[~there] == before.codes[~there]).all()
    # Another run looks at nothing anew.
    assert prepare_hands(tmp_path, item, LABELS, Finder(256)) == (1, 1)


def test_validation_masks_stay_what_they_are(tmp_path: Path) -> None:
    item = hand_before_face(tmp_path)
    points = drawn_hand()[2]
    prepare_hands(tmp_path, item, LABELS, Finder(256, [points], [mirrored(points, 256)]))
    assert read_set(tmp_path, item, Splits(1, {}), LABELS, validation=False)[0].hands is not None
    splits = Splits(1, {"people": frozenset({"one"})})
    assert read_set(tmp_path, item, splits, LABELS, validation=True)[0].hands is None


def test_options_without_a_folder_for_hands_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = tmp_path / "options.json"
    options.write_text(json.dumps({"name": "x", "sets": [{"name": "people"}]}))
    assert main(["prepare", "hands", str(options)]) == 2
    assert "names a folder in 'hands'" in " ".join(capsys.readouterr().err.split())


def test_the_way_to_mediapipe_is_told_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "mediapipe.python.solutions.hands", None)
    with pytest.raises(UserError, match=f"pip install {PACKAGE}"):
        HandPoints()
