import cv2
import numpy as np
import pytest

from animirror.realtime.errors import UserError
from animirror.realtime.regions import (
    CELEBAMASK_LABELS,
    FACE_SHARE,
    MIN_FACE_SHARE,
    Box,
    Crop,
    box_to_frame,
    head_crop,
    label_indices,
    mask_box,
    region_probability,
    whole_frame,
)

ATR = (
    "Background Hat Hair Sunglasses Upper-clothes Skirt Pants Dress Belt Left-shoe Right-shoe Face "
    "Left-leg Right-leg Left-arm Right-arm Bag Scarf"
).split()


def test_crop_of_the_same_size_copies_pixels() -> None:
    frame = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    crop = Crop(30.0, 20.0, 16.0)
    assert np.array_equal(crop.extract(frame, 16), frame[12:28, 22:38])


def test_crop_past_the_border_replicates_or_blackens() -> None:
    frame = np.full((20, 20, 3), 200, np.uint8)
    frame[:, 0] = 50
    crop = Crop(0.0, 10.0, 8.0)  # columns -4..4
    assert (crop.extract(frame, 8)[:, :4] == 50).all()
    assert (crop.extract(frame, 8, cv2.BORDER_CONSTANT)[:, :4] == 0).all()


def test_large_crops_average_areas() -> None:
    frame = np.zeros((64, 64, 3), np.uint8)
    frame[::2] = 200  # stripes of one pixel: bilinear sampling alone would show 0 or 200
    shrunk = Crop(32.0, 32.0, 64.0).extract(frame, 16)
    assert np.abs(shrunk.astype(int) - 100).max() <= 1


def test_crop_and_frame_coordinates_are_inverse() -> None:
    crop = Crop(33.3, 21.7, 57.1)
    there, back = np.vstack([crop.to_crop(64), [0, 0, 1]]), np.vstack([crop.to_frame(64), [0, 0, 1]])
    assert np.allclose(there @ back, np.eye(3))
    # The crop's left edge (pixel edge, hence -0.5) falls on the frame's box.left - 0.5.
    assert np.allclose(crop.to_frame(64) @ [-0.5, -0.5, 1], [crop.box.left - 0.5, crop.box.top - 0.5])


def test_whole_frame_letterboxes() -> None:
    assert whole_frame(480, 640) == Crop(320.0, 240.0, 640.0)


def test_head_crop_gives_the_face_its_share() -> None:
    face = Box(100, 100, 200, 200)
    crop = head_crop(face, face)
    assert crop.side == pytest.approx(100 / FACE_SHARE)
    assert (crop.center_x, crop.center_y) == (150, 150)


def test_head_crop_holds_long_hair() -> None:
    head = Box(70, 40, 230, 280)
    box = head_crop(Box(100, 100, 200, 200), head).box
    assert box.left < head.left
    assert box.top < head.top
    assert box.right > head.right
    assert box.bottom > head.bottom


def test_head_crop_keeps_the_face_large_before_hair_to_the_hips() -> None:
    face = Box(100, 100, 200, 200)
    crop = head_crop(face, Box(90, 60, 210, 900))
    assert crop.side == pytest.approx(100 / MIN_FACE_SHARE)
    assert crop.box.top < face.top
    assert crop.box.bottom > face.bottom


def test_head_from_behind_is_its_hair() -> None:
    assert head_crop(None, Box(0, 0, 50, 100)) == Crop(25.0, 50.0, 120.0)


def test_mask_box() -> None:
    mask = np.zeros((10, 12), bool)
    assert mask_box(mask) is None
    mask[3:5, 7:11] = True
    assert mask_box(mask) == Box(7, 3, 11, 5)


def test_box_to_frame() -> None:
    assert box_to_frame(Box(0, 16, 32, 64), Crop(100, 100, 128), 64) == Box(36, 68, 100, 164)


def test_iou_by_hand() -> None:
    assert Box(0, 0, 10, 10).iou(Box(5, 0, 15, 10)) == pytest.approx(50 / 150)
    assert Box(0, 0, 10, 10).iou(Box(20, 20, 30, 30)) == 0


def test_labels_of_both_sets() -> None:
    assert label_indices(["face"], CELEBAMASK_LABELS) == (1, 2, 3, 4, 5, 6, 7, 8, 9)
    assert label_indices(["face", "hair"], ATR) == (2, 3, 11)
    assert label_indices(["Left-shoe"], ATR) == (9,)


def test_unknown_region_is_named() -> None:
    with pytest.raises(UserError, match="'tail' is neither a region nor a label"):
        label_indices(["tail"], CELEBAMASK_LABELS)


def test_region_probability_sums() -> None:
    probabilities = np.array([0.1, 0.2, 0.3, 0.4], np.float32).reshape(4, 1, 1)
    assert region_probability(probabilities, (1, 3))[0, 0] == pytest.approx(0.6)
