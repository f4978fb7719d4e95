"""Eyes are found, measured and steadied."""

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest

from animirror.realtime.eyes import Eye, Pair, as_usual, find_eyes, lids, steadied, watched


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


def test_a_faint_eye_is_held_and_goes_with_the_other():
    left, right = replace(WATCHED, x=0.3, faint=1.0), replace(WATCHED, x=0.7, faint=1.0)
    # Long enough for the place to be the new one, almost.
    moved, held = steadied([replace(left, y=0.55)], [left, right], 0.3)
    assert (held.x, held.y) == pytest.approx((0.7, moved.y))
    assert moved.y == pytest.approx(0.55, abs=1e-4)
    assert held.presence == pytest.approx(0.5)
    assert steadied([], [replace(left, faint=0.0)], 0.3) == ()


def test_no_head_has_three_eyes():
    known = [replace(WATCHED, x=x, faint=1.0, radius=0.1) for x in (0.3, 0.7)]
    eyes = steadied([replace(WATCHED, x=0.5, radius=0.1), known[0]], known, 0.03)
    assert [eye.x for eye in eyes] == [0.5, 0.3]


def test_shape_follows_slowly_and_faintness_more_slowly():
    old = replace(WATCHED, faint=0.0, gaze=0.0)
    (eye,) = steadied([replace(WATCHED, faint=1.0, gaze=0.1)], [old], 0.1)
    # One time constant of the shape, a fifteenth of faintness's.
    assert (eye.faint, eye.gaze) == pytest.approx((1 - np.exp(-1 / 15), 0.1 * (1 - np.exp(-1))))


def test_a_blink_of_clear_eyes_is_not_painted_over():
    """For 0.2 s nothing is seen of white and iris, and half of the time brows are taken for eyes."""
    eyes = opened = [replace(WATCHED, x=x, width=0.12, openness=0.35, radius=0.1) for x in (0.3, 0.7)]
    shut = [replace(eye, openness=0.1, faint=1.0) for eye in opened]
    brows = [replace(eye, y=0.3, openness=0.1, faint=1.0) for eye in opened]
    for frame in (shut, brows, [], brows, shut, shut):
        eyes = steadied(frame, eyes, 1 / 30)
        assert all(eye.faint < 0.15 for eye in eyes)
    assert max(eye.openness for eye in as_usual(eyes)) < 0.3
    for _ in range(150):
        eyes = steadied(shut, eyes, 1 / 30)
    # Faint for five seconds: it is the light.
    assert min(eye.faint for eye in eyes) > 0.9


@pytest.mark.parametrize("lean", [0.0, 0.5])
def test_a_brow_that_is_found_while_a_clear_eye_is_shut_is_no_eye(lean: float) -> None:
    """The left eye stays, the right one is gone, and something is found above it, across the eyes' line."""

    def at(beside: float, above: float) -> Eye:
        x = 0.5 + beside * math.cos(lean) + above * math.sin(lean)
        y = 0.5 + beside * math.sin(lean) - above * math.cos(lean)
        return replace(WATCHED, x=x, y=y, width=0.12, radius=0.1, faint=0.0)

    known, brow = [at(-0.2, 0.0), at(0.2, 0.0)], at(0.23, 0.13)
    stayed, fading = steadied([at(-0.2, 0.0), brow], known, 1 / 30)
    assert (stayed.presence, fading.presence) == (1.0, pytest.approx(1 - 1 / 30 / 0.12))
    assert (fading.x, fading.y) == pytest.approx((known[1].x, known[1].y))
    # A faint one may have been the brow before; beside an eye there is no brow.
    unsure = [replace(eye, faint=1.0) for eye in known]
    for found, before in ((brow, unsure), (at(0.4, 0.0), known)):
        assert steadied([at(-0.2, 0.0), found], before, 1 / 30)[1].x == pytest.approx(found.x)


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
