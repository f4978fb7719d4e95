"""The window's picture, pixel by pixel."""

from dataclasses import replace

import numpy as np

from animirror.realtime.controls import HELP, Controls
from animirror.realtime.view import CARD_COLOR, TINT, View, card, compose, draw_text, tinted


def view(height: int = 240, width: int = 320) -> View:
    mask = np.zeros((height, width), np.float32)
    mask[:, width // 2 :] = 1.0
    before = np.full((height, width, 3), 50, np.uint8)
    after = np.full((height, width, 3), 200, np.uint8)
    return View(before, after, mask, Controls(), 0.0)


def test_plain_is_the_result_itself() -> None:
    shown = view()
    picture = compose(shown, Controls(), ["figures"], None)
    assert np.array_equal(picture, shown.after)
    assert picture is not shown.after


def test_split_shows_before_at_the_left() -> None:
    picture = compose(view(), Controls(split=0.25), [], None)
    assert (picture[:, :78] == 50).all()
    assert (picture[:, 80] == 255).all()
    assert (picture[:, 83:] == 200).all()


def test_mask_is_tinted_where_something_is_drawn() -> None:
    picture = compose(view(), Controls(mask=True), [], None)
    assert (picture[:, :160] == 50).all()
    assert np.abs(picture[0, 200].astype(float) - (0.4 * 50 + 0.6 * np.array(TINT))).max() <= 1
    assert (tinted(replace(view(), mask=None)) == 50).all()


def test_text_stays_in_its_corner_and_inside() -> None:
    shown = view(480, 640)
    figures = compose(shown, Controls(hud=True), ["30 fps", "age 40 ms"], None)
    helped = compose(shown, Controls(help=True), [], None)
    said = compose(shown, Controls(), [], "kept")
    for picture, changed, same in (
        (figures, np.s_[:40, :60], np.s_[100:, 320:]),
        (helped, np.s_[:200, 500:], np.s_[:, :200]),
        (said, np.s_[-20:, :20], np.s_[:400]),
    ):
        assert (picture[changed] != 200).any()
        assert (picture[same] == 200).all()
    assert (helped[:, 300:] == 255).any()
    assert (shown.after == 200).all()


def test_columns_stand_under_each_other() -> None:
    """Where the second cells begin, the same for short and long first cells."""
    begins = []
    for first in ("q", "space"):
        picture = np.zeros((400, 600, 3), np.uint8)
        draw_text(picture, [(first, "IIII"), ("longest", "")], top=True)
        lit = np.flatnonzero(picture[:18].max(axis=(0, 2)) > 128)
        jumps = np.flatnonzero(np.diff(lit) > 12)
        begins.append(lit[jumps[-1] + 1])
    assert begins[0] == begins[1]


def test_text_fits_into_any_picture() -> None:
    for height, width in ((64, 64), (48, 640), (2160, 3840)):
        picture = np.full((height, width, 3), 200, np.uint8)
        draw_text(picture, [words for _, words in HELP], top=True)
        assert (picture != 200).any()
        draw_text(picture, [], top=True)


def test_recording_is_seen() -> None:
    picture = compose(view(), Controls(recording=True), [], None)
    assert tuple(picture[12, -12]) == (40, 40, 230)


def test_the_card_hides_everything() -> None:
    picture = card(320, 180)
    assert picture.shape == (180, 320, 3)
    assert tuple(picture[0, 0]) == CARD_COLOR
    assert (picture == 255).any()
