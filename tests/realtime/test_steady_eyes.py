"""Eyes are averaged from frame to frame, held for a moment, and known again."""

import math
from dataclasses import replace

import numpy as np
import pytest

from animirror.realtime.eyes import Eye, as_usual
from animirror.realtime.steady_eyes import steadied

WATCHED = Eye(0.5, 0.5, 0.3, width=0.4, openness=0.5)


def test_a_new_eye_fades_in_a_lost_one_out_and_a_known_one_moves_at_once_almost():
    old, new = Eye(0.3, 0.5, 0.1), Eye(0.7, 0.5, 0.1)
    (moved, appeared, *_) = steadied([Eye(0.301, 0.5, 0.1), new], [old], 0.03)
    # One time constant: 1 - 1/e of the way, and a little for the speed.
    assert moved.x == pytest.approx(0.3 + 0.001 * (1 - np.exp(-1)), abs=1e-5)
    assert moved.presence == 1.0
    assert appeared == Eye(0.7, 0.5, 0.1, pytest.approx(0.25))
    (fading,) = steadied([], [old], 0.03)
    assert fading.presence == pytest.approx(0.75)
    assert steadied([], [old], 0.2) == ()


def test_an_eye_lags_the_less_the_faster_it_is() -> None:
    def left_behind(step: float) -> float:
        (eye,) = steadied([Eye(0.3 + step, 0.5, 0.1)], [Eye(0.3, 0.5, 0.1)], 1 / 30)
        return (0.3 + step - eye.x) / step

    assert left_behind(0.001) > 0.3 > left_behind(0.04) > 0.1
    assert left_behind(0.079) < 0.01


def test_a_pair_that_jumps_is_the_same_and_so_is_one_of_it_that_is_seen_alone() -> None:
    """A quick turn: both eyes further than they are known by, in one frame."""
    known = [replace(WATCHED, x=x, radius=0.09, gaze=0.1) for x in (0.37, 0.54)]
    jumped = [replace(eye, x=eye.x + 0.12, gaze=0.0) for eye in reversed(known)]
    eyes = steadied(jumped, known, 1 / 30)
    assert [eye.x for eye in eyes] == pytest.approx([0.66, 0.49])
    assert all(eye.presence == 1.0 and eye.gaze > 0.05 for eye in eyes)
    seen, other = steadied(jumped[:1], known, 1 / 30)
    assert (seen.x, other.x) == pytest.approx((0.66, 0.49))
    assert (seen.presence, other.presence) == (1.0, pytest.approx(1 - 1 / 30 / 0.12))


@pytest.mark.parametrize(
    "places",
    [((0.75, 0.5), (0.92, 0.5)), ((0.7, 0.5), (0.75, 0.5)), ((0.37, 0.42), (0.54, 0.42)), ((0.75, 0.5),)],
    ids=["far away", "nearer to each other", "brows above them", "one far away"],
)
def test_what_jumps_otherwise_is_new(places: tuple[tuple[float, float], ...]) -> None:
    known = [replace(WATCHED, x=x, radius=0.09, faint=1.0) for x in (0.37, 0.54)]
    eyes = steadied([replace(WATCHED, x=x, y=y, radius=0.09) for x, y in places], known, 1 / 30)
    assert [(eye.x, eye.y) for eye in eyes[: len(places)]] == list(places)
    assert all(eye.presence < 0.5 for eye in eyes[: len(places)])


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
    # It is shut, and stays for longer than a blink takes.
    assert (stayed.presence, fading.presence) == (1.0, pytest.approx(1 - 1 / 30 / 0.6))
    assert (fading.x, fading.y) == pytest.approx((known[1].x, known[1].y))
    # A faint one may have been the brow before; beside an eye there is no brow.
    unsure = [replace(eye, faint=1.0) for eye in known]
    for found, before in ((brow, unsure), (at(0.4, 0.0), known)):
        assert steadied([at(-0.2, 0.0), found], before, 1 / 30)[1].x == pytest.approx(found.x)


def test_a_brow_so_near_that_it_might_be_its_eye_is_known_by_the_other_eye() -> None:
    left, right = replace(WATCHED, x=0.35, y=0.5, faint=0.0), replace(WATCHED, x=0.6, y=0.5, faint=0.0)
    assert left.radius > 0.05
    brow = replace(right, y=0.46, turn=-0.3, openness=0.1)
    shaped = replace(left, turn=-0.3, openness=0.1)
    stayed, shut = steadied([shaped, brow], [left, right], 1 / 30)
    assert (shut.y, shut.turn) == (right.y, right.turn)
    # What was measured across an eye and a brow says nothing of the eye.
    assert (stayed.turn, stayed.openness) == (left.turn, left.openness)
    # A nod moves both.
    nodded = [replace(eye, y=0.46) for eye in (left, right)]
    assert all(eye.y < 0.49 for eye in steadied(nodded, [left, right], 1 / 30))
