"""Eyes are found, steadied and enlarged."""

import numpy as np
import pytest

from animirror.realtime.proportions import Eye, enlarge_eyes, find_eyes, steadied


def eye_map(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    """float32 [64, 64]: 1 inside boxes of (left, top, right, bottom)."""
    probability = np.zeros((64, 64), np.float32)
    for left, top, right, bottom in boxes:
        probability[top:bottom, left:right] = 1.0
    return probability


def test_two_eyes_are_found_at_their_centres_with_discs_that_do_not_meet():
    first, second = find_eyes(eye_map((16, 28, 24, 32), (40, 28, 46, 32)))
    assert (first.x, first.y) == pytest.approx((20 / 64, 30 / 64))
    assert (second.x, second.y) == pytest.approx((43 / 64, 30 / 64))
    # 32 cells of area: 2.3 * sqrt(32) / 64 = 0.2033; 0.55 of the distance of 23 cells = 0.1977 is less.
    assert first.radius == pytest.approx(0.55 * 23 / 64)
    # 24 cells: 2.3 * sqrt(24) / 64.
    assert second.radius == pytest.approx(2.3 * np.sqrt(24) / 64)


def test_specks_and_third_eyes_are_left_out():
    assert find_eyes(eye_map((10, 10, 11, 12))) == ()
    eyes = find_eyes(eye_map((16, 28, 24, 32), (40, 28, 48, 32), (30, 50, 33, 52)))
    assert sorted(eye.y for eye in eyes) == pytest.approx([30 / 64, 30 / 64])


def test_the_middle_is_magnified_and_the_rim_is_not():
    size, eye = 128, Eye(0.5, 0.5, 0.25)
    middle = 63.5
    rows, columns = np.mgrid[0:size, 0:size]
    # A picture of distances from the middle: what is magnified 1.6 times shows 1/1.6 of its distance.
    tall = (np.abs(rows - middle) * 2).astype(np.uint8)
    wide = (np.abs(columns - middle) * 2).astype(np.uint8)
    image = np.ascontiguousarray(np.dstack([tall, wide, tall]))
    drawn = enlarge_eyes(image, [eye], 1.6).astype(float) / 2
    for distance in (3.5, 6.5):
        bell = (1 - (distance / 32) ** 2) ** 2
        at = int(middle + distance)
        assert drawn[at, 63, 0] == pytest.approx(distance * (1 - (1 - 1 / 1.6) * bell), abs=0.6)
        assert drawn[63, at, 1] == pytest.approx(distance * (1 - (1 - 1 / 1.3) * bell), abs=0.6)
    outside = np.hypot(rows - middle, columns - middle) > 32
    assert np.array_equal(enlarge_eyes(image, [eye], 1.6)[outside], image[outside])


def test_an_eye_beside_another_does_not_undo_it():
    random = np.random.default_rng(0)
    image = random.integers(0, 256, (64, 64, 3), dtype=np.uint8)
    # Their discs do not meet, their squares do.
    eyes = [Eye(0.3, 0.4, 0.15), Eye(0.55, 0.6, 0.15)]
    first, second = (enlarge_eyes(image, [eye], 1.5) for eye in eyes)
    both = np.where(first != image, first, second)
    assert np.array_equal(enlarge_eyes(image, eyes, 1.5), both)


def test_no_eyes_or_no_enlargement_give_the_picture_itself():
    image = np.full((64, 64, 3), 7, np.uint8)
    assert enlarge_eyes(image, [], 1.6) is image
    assert enlarge_eyes(image, [Eye(0.5, 0.5, 0.2)], 1.0) is image


def test_eyes_at_the_border_of_the_crop_are_no_error():
    image = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    assert enlarge_eyes(image, [Eye(0.0, 1.0, 0.2), Eye(1.4, 0.5, 0.2)], 1.6).shape == image.shape


def test_a_new_eye_fades_in_a_lost_one_out_and_a_known_one_moves_at_once_almost():
    old, new = Eye(0.3, 0.5, 0.1), Eye(0.7, 0.5, 0.1)
    (moved, appeared, *_) = steadied([Eye(0.32, 0.5, 0.1), new], [old], 0.03)
    # One time constant: 1 - 1/e of the way.
    assert moved.x == pytest.approx(0.3 + 0.02 * (1 - np.exp(-1)))
    assert moved.presence == 1.0
    assert appeared == Eye(0.7, 0.5, 0.1, pytest.approx(0.25))
    (fading,) = steadied([], [old], 0.03)
    assert fading.presence == pytest.approx(0.75)
    assert steadied([], [old], 0.2) == ()


def test_a_faded_eye_is_enlarged_less():
    image = np.zeros((64, 64, 3), np.uint8)
    image[31:33, 31:33] = 255
    areas = [
        int((enlarge_eyes(image, [Eye(0.5, 0.5, 0.3, presence)], 2.0) > 127).sum()) for presence in (0.0, 1.0)
    ]
    assert areas[0] == 12
    assert areas[1] > 20
