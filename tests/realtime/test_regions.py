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
    known_indices,
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


def test_a_gradient_is_sampled_where_the_matrix_says() -> None:
    frame = np.repeat(np.repeat(np.arange(100, dtype=np.uint8)[None, :, None] * 2, 60, 0), 3, 2)
    # Enlarged twice from column 10: crop pixel v shows frame column 10 - 0.5 + (v + 0.5) / 2, value doubled.
    crop = Crop(20.0, 30.0, 20.0).extract(frame, 40)
    assert np.abs(crop[:, :, 0] - 2 * (9.5 + (np.arange(40) + 0.5) / 2)).max() <= 1
    # Shrunk three times from column 20: pixel v averages columns 20 + 3v to 22 + 3v, whose mean is 21 + 3v.
    crop = Crop(35.0, 30.0, 30.0).extract(frame, 10)
    assert np.abs(crop[:, :, 1] - 2 * (21 + 3 * np.arange(10.0))).max() <= 1
    # Shrunk 3.75 times, no whole number: the mean of columns 20 + 3.75v and the 3.75 after it.
    crop = Crop(35.0, 30.0, 30.0).extract(frame, 8)
    assert np.abs(crop[:, :, 2] - 2 * (20 + 3.75 * (np.arange(8) + 0.5) - 0.5)).max() <= 1


def test_a_far_away_crop_shows_the_border() -> None:
    frame = np.zeros((10, 10, 3), np.uint8)
    frame[0, 0] = (1, 2, 3)
    for side in (8.0, 40.0):
        assert (Crop(-100.0, -100.0, side).extract(frame, 8) == (1, 2, 3)).all()


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


def test_head_crop_holds_all_hair_of_every_head() -> None:
    random = np.random.default_rng(5)
    for _ in range(300):
        face = Box(100, 100, 100 + random.uniform(60, 100), 100 + random.uniform(60, 100))
        over = random.uniform(0, 40, 4)
        head = Box(face.left - over[0], face.top - over[1], face.right + over[2], face.bottom + over[3])
        crop = head_crop(face, head)
        if crop.side < (face.width + face.height) / 2 / MIN_FACE_SHARE - 1e-6:
            assert crop.box.intersection(head) == head
        assert crop.box.intersection(face) == face


def test_an_ear_seen_from_behind_is_no_face() -> None:
    head = Box(0, 0, 80, 100)
    assert head_crop(Box(0, 50, 8, 66), head) == head_crop(None, head) == Crop(40.0, 50.0, 120.0)
    # A face of half the head's width is one.
    assert head_crop(Box(20, 40, 60, 80), head).side == pytest.approx(120)


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
    assert label_indices(["HAIR", "nose"], CELEBAMASK_LABELS) == (2, 10)
    assert label_indices(["hat"], CELEBAMASK_LABELS) == (11,)
    assert label_indices(["neck"], CELEBAMASK_LABELS) == (13, 14)
    assert label_indices(["clothes"], ATR) == (4, 5, 6, 7, 8, 17)
    assert label_indices([], ATR) == ()


def test_single_labels_that_a_model_lacks_are_left_out() -> None:
    assert known_indices(["nose", "brows"], CELEBAMASK_LABELS) == (2, 5)
    assert known_indices(["face", "nose"], ATR) == (ATR.index("Face"),)
    assert known_indices(["nose"], ATR) == ()


def test_a_region_that_the_model_lacks_is_named() -> None:
    with pytest.raises(
        UserError, match=r"'jewellery' is neither .* regions: clothes, face, hair, hat, neck;"
    ):
        label_indices(["jewellery"], ATR)


def test_unknown_region_is_named() -> None:
    with pytest.raises(UserError, match="'tail' is neither a region nor a label"):
        label_indices(["tail"], CELEBAMASK_LABELS)


def test_region_probability_sums() -> None:
    probabilities = np.array([0.1, 0.2, 0.3, 0.4], np.float32).reshape(4, 1, 1)
    assert region_probability(probabilities, (1, 3))[0, 0] == pytest.approx(0.6)
    batch = np.stack([probabilities, probabilities[::-1]])
    assert region_probability(batch, (0,)).ravel() == pytest.approx([0.1, 0.4])
    assert region_probability(batch, ()).ravel().tolist() == [0, 0]


def test_region_probability_stays_a_probability() -> None:
    """Softmax rounds: sixteen of them may sum to a little more than one."""
    probabilities = np.full((3, 1, 1), 0.3333334, np.float32)
    assert region_probability(probabilities, (0, 1, 2))[0, 0] == 1
