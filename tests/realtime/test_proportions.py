"""Eyes are enlarged, and made up where they are faint."""

from dataclasses import replace

import numpy as np
import pytest

from animirror.realtime.eyes import Eye
from animirror.realtime.proportions import PAPER, enlarge_eyes, make_up_eyes


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


def test_a_faded_eye_is_enlarged_less():
    image = np.zeros((64, 64, 3), np.uint8)
    image[31:33, 31:33] = 255
    areas = [
        int((enlarge_eyes(image, [Eye(0.5, 0.5, 0.3, presence)], 2.0) > 127).sum()) for presence in (0.0, 1.0)
    ]
    assert areas[0] == 12
    assert areas[1] > 20


# An eye of 40 x 16 px in a picture of 128, of skin but for what is drawn.
FAINT_EYE = Eye(0.5, 0.5, 0.3, width=40 / 128, openness=0.4, faint=1.0)
SKIN = np.full((128, 128, 3), 150, np.uint8)


def shaded_eye() -> np.ndarray:
    image = SKIN.copy()
    image[60:68, 56:72] = 90
    return image


def test_a_faint_eye_gets_white_iris_and_upper_lid():
    made = make_up_eyes(shaded_eye(), [FAINT_EYE], 1.0).astype(int)
    # The eye's dark tenth is 90; iris and lid are half of it.
    assert made[63, 63].tolist() == [45, 45, 45]
    white = [round(150 + 0.65 * (level - 150)) for level in PAPER]
    assert made[63, 63 + 13].tolist() == white
    assert made[63, 63 - 13].tolist() == white
    # 1.25 * 8 px above the middle ends the eye: there is the lid, and below is none.
    assert made[54, 63].max() < 100
    assert made[73:76, 63].min() >= 150
    assert np.array_equal(made[:, :24], SKIN[:, :24])


def test_an_eye_looks_where_it_looked():
    image = shaded_eye()
    columns = [
        np.flatnonzero(make_up_eyes(image, [replace(FAINT_EYE, gaze=gaze)], 1.0)[66, 50:78, 0] < 60).mean()
        for gaze in (-0.1, 0.0, 0.1)
    ]
    assert np.diff(columns) == pytest.approx([4.0, 4.0], abs=0.6)


def test_a_shut_eye_gets_its_lid_alone():
    shut = make_up_eyes(SKIN, [replace(FAINT_EYE, openness=0.1)], 1.0)
    assert (shut.max(axis=2) <= 150).all()
    assert (shut.max(axis=2) < 100).sum() > 40


def test_what_is_made_up_grows_with_the_enlargement_and_with_faintness():
    image = shaded_eye()
    plain, large = (make_up_eyes(image, [FAINT_EYE], amount) for amount in (1.0, 2.0))
    tall_plain, tall_large = ((made[:, 63] != image[:, 63]).any(axis=1).sum() for made in (plain, large))
    assert tall_large > 1.4 * tall_plain
    half = make_up_eyes(image, [replace(FAINT_EYE, faint=0.5)], 1.0).astype(int)
    assert half[63, 76] == pytest.approx((image[63, 76].astype(int) + plain[63, 76]) / 2, abs=1)


@pytest.mark.parametrize("eye", [replace(FAINT_EYE, faint=0.0), replace(FAINT_EYE, width=0.0)])
def test_clear_eyes_and_eyes_of_unknown_shape_stay_as_they_are(eye: Eye):
    image = shaded_eye()
    assert make_up_eyes(image, [eye], 2.0) is image


def test_a_faint_eye_at_the_border_is_no_error():
    made = make_up_eyes(SKIN, [replace(FAINT_EYE, x=0.02), replace(FAINT_EYE, y=1.5)], 2.0)
    assert made.shape == SKIN.shape
