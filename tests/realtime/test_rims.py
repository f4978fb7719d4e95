"""Thin bright glasses are shown dark, and neither flicker nor come by chance."""

import cv2
import numpy as np
import pytest

from animirror.realtime.eyes import Eye
from animirror.realtime.rims import EVERY_SECONDS, INK, LensForm, Look, Rims, RimWatch, show_dark

SIZE = 256
EYES = (Eye(0.38, 0.45, 0.05), Eye(0.62, 0.45, 0.05))
APART = 0.24 * SIZE
WORN = LensForm(0.05, 0.06, 0.40, 0.28, 2.0)
SKIN = 150


def outline(lens: LensForm, eye: int) -> np.ndarray:
    """float [N, 2]: where the lens runs before this eye, px."""
    way = (-1.0, 1.0)[eye]
    return (EYES[eye].x * SIZE, EYES[eye].y * SIZE) + APART * lens.outline(200) * (way, 1.0)


def face(light: int = 215, parts: slice = slice(None), eyes: tuple[int, ...] = (0, 1)) -> np.ndarray:
    """Skin with dark eyes, and a thin line of this level along ``parts`` of each lens."""
    image = np.full((SIZE, SIZE, 3), SKIN, np.uint8)
    for eye in EYES:
        center = round(eye.x * SIZE), round(eye.y * SIZE)
        cv2.ellipse(image, center, (11, 5), 0, 0, 360, (40, 40, 40), -1, cv2.LINE_AA)
    for eye in eyes:
        points = np.rint(outline(WORN, eye)[parts] * 16).astype(np.int32)
        cv2.polylines(image, [points], parts == slice(None), (light,) * 3, 2, cv2.LINE_AA, 4)
    return image


def test_rims_are_shown_dark_and_nothing_else_changes() -> None:
    plain = face(light=SKIN)
    shown = show_dark(plain, Rims(WORN, WORN), EYES)
    for eye in (0, 1):
        column, row = np.rint(outline(WORN, eye)).astype(int).T
        assert np.median(shown[row, column]) <= INK + 15
    changed = np.abs(shown.astype(int) - plain).max(axis=2) > 0
    assert 0.01 < changed.mean() < 0.06
    for eye in EYES:
        assert not changed[round(eye.y * SIZE) - 4 : round(eye.y * SIZE) + 4, round(eye.x * SIZE)].any()
    assert not changed[round(0.75 * SIZE) :].any()
    half = show_dark(plain, Rims(WORN, WORN, presence=0.5), EYES)
    column, row = np.rint(outline(WORN, 0)).astype(int).T
    assert np.median(half[row, column]) == pytest.approx((SKIN + INK) / 2, abs=15)
    assert show_dark(plain, Rims(WORN, WORN), EYES[:1]) is plain


def watched(watch: RimWatch, seen: list[bool], seconds: float = EVERY_SECONDS) -> list[float]:
    """How present the glasses are, where looks find them as ``seen`` says."""
    looks = [Look(Rims(WORN, WORN) if found else None) for found in seen]
    shown = [watch(lambda _, look=look: look, seconds) for look in looks]
    return [0.0 if rims is None else rims.presence for rims in shown]


def test_glasses_stay_while_they_are_missed_now_and_then_and_go_when_taken_off() -> None:
    watch = RimWatch()
    assert watched(watch, [True] * 6)[-1] > 0.95
    assert min(watched(watch, [False, True, False, False, True, False])) > 0.9
    taken_off = watched(watch, [False] * 20)
    assert taken_off[-1] == 0.0
    assert taken_off[5:] == sorted(taken_off[5:], reverse=True)


def test_glasses_without_lines_stay_while_the_segmenter_sees_them() -> None:
    """A head that turns quickly blurs its lines; the label alone keeps glasses, and brings none."""
    watch, blurred = RimWatch(), Look(None, labelled=True)
    assert [watch(lambda _: blurred, EVERY_SECONDS) for _ in range(9)] == [None] * 9
    watched(watch, [True] * 9)
    kept = [watch(lambda _: blurred, EVERY_SECONDS) for _ in range(20)]
    assert min(0.0 if rims is None else rims.presence for rims in kept) > 0.9
    assert watched(watch, [False] * 20)[-1] == 0.0


def test_a_chance_find_shows_nothing() -> None:
    assert max(watched(RimWatch(), [False, False, True, False, False, False, True, False])) == 0.0


def test_the_form_follows_slowly_and_a_picture_at_once() -> None:
    watch, wide = RimWatch(), LensForm(0.05, 0.06, 0.46, 0.28, 2.0)
    watched(watch, [True] * 4)
    rims = watch(lambda _: Look(Rims(wide, wide)), EVERY_SECONDS)
    assert rims is not None
    assert WORN.half_width < rims.left.half_width < (WORN.half_width + wide.half_width) / 2
    still = RimWatch()
    assert still(lambda _: Look(Rims(wide, wide)), 0.0) == Rims(wide, wide)
    # A video's first frame has no time before it either: what it shows stays.
    assert min(watched(still, [True] * 3)) == 1.0
