"""Eyes are found and measured."""

import math

import cv2
import numpy as np
import pytest

from animirror.realtime.eyes import Eye, Pair, as_usual, find_eyes, lids, watched


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


def test_blurred_eyes_take_as_many_cells_of_a_finer_map() -> None:
    fine = np.zeros((96, 96), np.float32)
    # One cell each, as 64 cells a side show them too: less than the share of the map that is wanted there.
    fine[40, 33] = fine[40, 63] = 0.9
    assert sorted(eye.x for eye in find_eyes(fine)) == pytest.approx([33.5 / 96, 63.5 / 96])
    fine[40, 33] = fine[40, 63] = 0.7
    assert find_eyes(fine) == ()


def lens(cells: int, x: float, y: float, width: float, openness: float, turn: float = 0.0) -> np.ndarray:
    """float32 [cells, cells]: an eye between two parabolas, in shares of the side, as area shares."""
    fine = 8
    places = (np.arange(cells * fine) + 0.5) / (cells * fine)
    eye = Eye(x, y, 0.1, width=width, openness=openness, turn=turn)
    _, inside = lids(eye, places[None, :] - x, places[:, None] - y)
    inside = (inside > 0).astype(np.float32)
    return cv2.resize(inside, (cells, cells), interpolation=cv2.INTER_AREA)


@pytest.mark.parametrize("turn", [-0.4, 0.0, 0.3])
def test_an_eye_is_measured_finer_than_the_maps_cells(turn: float):
    # 6.4 x 2.2 cells.
    (eye,) = find_eyes(lens(64, 0.31, 0.42, 0.1, 0.35, turn))
    assert (eye.x, eye.y) == pytest.approx((0.31, 0.42), abs=0.002)
    assert eye.width == pytest.approx(0.1, rel=0.1)
    assert eye.openness == pytest.approx(0.35, rel=0.2)
    assert eye.turn == pytest.approx(turn, abs=0.08)


def test_two_eyes_lie_on_one_line_and_are_halfway_a_pair():
    maps = lens(64, 0.3, 0.4, 0.12, 0.4) + lens(64, 0.7, 0.5, 0.08, 0.5)
    large, small = find_eyes(maps)
    assert large.turn == small.turn == pytest.approx(math.atan2(0.1, 0.4), abs=0.02)
    assert large.openness == small.openness == pytest.approx(0.45, abs=0.07)
    # Their mean is 0.1; each goes half the way to it.
    assert (large.width, small.width) == pytest.approx((0.11, 0.09), abs=0.008)


def test_half_sure_places_are_eyes_where_they_lie_as_eyes_do():
    pair = eye_map((20, 30, 22, 31), (38, 31, 40, 32)) * np.float32(0.6)
    assert len(find_eyes(pair)) == 2
    above = eye_map((30, 20, 32, 21), (31, 38, 33, 39)) * np.float32(0.6)
    assert find_eyes(above) == ()
    near = eye_map((20, 30, 22, 31), (24, 30, 26, 31)) * np.float32(0.6)
    assert find_eyes(near) == ()
    # One that is sure is found alone.
    (eye,) = find_eyes(near + eye_map((24, 40, 30, 43)))
    assert eye.y == pytest.approx(41.5 / 64)


def test_a_half_sure_eye_is_as_open_as_a_sure_one():
    sure = lens(64, 0.31, 0.42, 0.12, 0.4)
    (whole,), (half,) = find_eyes(sure), find_eyes(sure * np.float32(0.6))
    assert half.openness == pytest.approx(whole.openness, rel=0.15)


def test_faint_eyes_are_as_large_as_usual_ones_and_clear_ones_as_they_are():
    eyes = [Eye(x, 0.4, 0.02, width=0.03, openness=0.15) for x in (0.4, 0.6)]
    measured = watched(eyes, np.full((128, 128, 3), 90, np.uint8), 0.4)
    assert {(eye.width, eye.openness) for eye in measured} == {(0.03, 0.15)}
    blurred, flat = as_usual(measured)[0], Eye(0.4, 0.4, 0.02)
    # 0.4 of their distance; half of it at most is the disc's.
    assert (blurred.width, blurred.openness) == pytest.approx((0.08, 0.3))
    assert blurred.radius == pytest.approx(2.3 * 0.08 * math.sqrt(0.2))
    assert (blurred.x, blurred.y) == (flat.x, flat.y)
    (clear,) = as_usual(watched([WATCHED], face_with_eye(220, 40), 0.0))
    assert (clear.width, clear.openness, clear.radius) == (WATCHED.width, WATCHED.openness, WATCHED.radius)


def test_eyes_of_a_head_on_a_shoulder_turn_with_it():
    first, second = find_eyes(lens(64, 0.42, 0.38, 0.12, 0.4, 0.6) + lens(64, 0.58, 0.62, 0.12, 0.4, 0.6))
    assert first.turn == second.turn == pytest.approx(math.atan2(0.24, 0.16), abs=0.02)


def test_a_wink_stays_a_wink():
    opened, shut = find_eyes(lens(64, 0.3, 0.5, 0.12, 0.5) + lens(64, 0.7, 0.5, 0.12, 0.22))
    assert opened.openness > 1.7 * shut.openness


WATCHED = Eye(0.5, 0.5, 0.3, width=0.4, openness=0.5)


def face_with_eye(white: int, iris: int, gaze: float = 0.0) -> np.ndarray:
    image = np.full((128, 128, 3), 160, np.uint8)
    places = np.arange(128) + 0.5
    _, inside = lids(WATCHED, places[None, :] / 128 - 0.5, places[:, None] / 128 - 0.5)
    image[inside > 0] = white
    cv2.circle(image, (round(63.5 + gaze * 0.4 * 128), 63), 9, (iris,) * 3, -1)
    return image


def test_a_gaze_is_where_it_is_dark_and_no_further_than_eyes_turn():
    for gaze in (-0.1, 0.0, 0.08):
        (eye,) = watched([WATCHED], face_with_eye(220, 40, gaze), 0.0)
        assert eye.gaze == pytest.approx(gaze, abs=0.03)
    (eye,) = watched([WATCHED], face_with_eye(220, 40, 0.3), 0.0)
    assert eye.gaze == 0.15


def test_eyes_are_faint_without_contrast_or_without_pixels():
    levels = [watched([WATCHED], face_with_eye(white, 60), 0.0)[0].faint for white in (200, 140, 100)]
    assert levels == [0.0, pytest.approx(0.5, abs=0.1), 1.0]
    # Softness 0.2 is half of 0.4.
    assert watched([WATCHED], face_with_eye(200, 60), 0.2)[0].faint == pytest.approx(0.5)
    assert watched([], face_with_eye(200, 60), 0.2) == ()


def test_a_leaning_pair_tells_where_cells_lie() -> None:
    """A pair that leans by 45 degrees about the map's middle, its eyes half the map apart."""
    away = 0.25 * math.sqrt(0.5)
    right, left = Eye(0.5 + away, 0.5 + away, 0.05), Eye(0.5 - away, 0.5 - away, 0.05)
    pair = Pair.of((right, left))
    assert pair.left is left
    assert pair.apart == pytest.approx(0.5)
    assert pair.lean == pytest.approx(math.pi / 4)
    beside, below = pair.beside_and_below(100)
    assert beside[85, 85] == pytest.approx(2 * 0.355 * math.sqrt(2), abs=1e-6)
    assert below[85, 85] == pytest.approx(0.0, abs=1e-6)
    assert below[85, 14] == pytest.approx(2 * 0.355 * math.sqrt(2), abs=1e-6)
