import cv2
import numpy as np
import pytest

from animirror.realtime.follow import Follower, difference, motion, on_whole_pixels
from animirror.realtime.regions import Box, Crop

STEP = 1 / 30


def face(x: float, y: float, size: float) -> Box:
    return Box(x - size / 2, y - size / 2, x + size / 2, y + size / 2)


def test_crops_lie_on_whole_pixels() -> None:
    crop = on_whole_pixels(Crop(100.3, 50.2, 80.6))
    assert crop.side == 81
    assert (crop.box.left, crop.box.top) == (60, 10)
    follower = Follower()
    for i in range(10):
        box = follower(Crop(100 + 3.3 * i, 50, 80.4), face(100 + 3.3 * i, 50, 42), True, STEP).box
        assert all(edge == round(edge) for edge in (box.left, box.top, box.right, box.bottom))


def test_wavering_hair_does_not_swing_the_crop() -> None:
    follower, sides = Follower(), []
    for i in range(40):
        side = 100 if i % 2 else 130
        sides.append(follower(Crop(200, 200 + side / 10, side), face(200, 200, 50), True, STEP).side)
    assert np.ptp(sides[20:]) <= 3


def test_lasting_hair_widens_the_crop() -> None:
    follower = Follower()
    follower(Crop(200, 200, 100), face(200, 200, 50), True, STEP)
    for _ in range(60):
        crop = follower(Crop(200, 200, 130), face(200, 200, 50), True, STEP)
    assert crop.side == pytest.approx(130, abs=3)


def test_the_face_is_followed_within_a_frame_or_two() -> None:
    follower = Follower()
    for i in range(20):
        x = 100 + 12 * i
        crop = follower(Crop(x, 200, 100), face(x, 200, 50), True, STEP)
    # The crop is for the next frame: 12 pixels on.
    assert crop.center_x == pytest.approx(x + 12, abs=8)


def test_turning_away_does_not_jerk() -> None:
    follower = Follower()
    for _ in range(5):
        before = follower(Crop(200, 190, 100), face(200, 200, 50), True, STEP)
    after = follower(Crop(200, 190, 100), Box(160, 140, 240, 240), False, STEP)
    assert difference(after, before) < 0.03


def test_motion_of_what_is_in_the_middle() -> None:
    random = np.random.default_rng(0)
    noise = [random.integers(0, 256, (256, 256, 3), dtype=np.uint8) for _ in range(2)]
    assert motion(noise[0], noise[1]) == (0.0, 0.0)
    big = cv2.GaussianBlur(random.integers(0, 256, (400, 400, 3), dtype=np.uint8), (0, 0), 4)
    before, after = big[60:316, 60:316], big[50:306, 80:336]  # the window moved: 20 to the left, 10 down
    assert motion(before, before) == pytest.approx((0.0, 0.0), abs=1e-3)
    assert motion(before, after) == pytest.approx((-20 / 256, 10 / 256), abs=0.005)
