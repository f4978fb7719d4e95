"""Large heads of still pictures: drawn at the picture's own resolution."""

import cv2
import numpy as np
import pytest

from animirror.realtime import detail
from animirror.realtime.filter import FaceFilter, FilterOptions
from tests.conftest import draw_person, empty_frame


def scene(side: int) -> np.ndarray:
    """Smooth colours with thin dark lines: 1/256 of the side wide, slanting, too thin for a small picture."""
    ramp = np.linspace(60, 220, side)
    picture = np.stack(
        [np.tile(ramp, (side, 1)), np.tile(ramp[:, None], side), np.full((side, side), 150.0)], 2
    )
    picture = picture.astype(np.uint8)
    for start in range(-side, side, side // 8):
        cv2.line(
            picture, (start, 0), (start + side // 2, side), (30, 20, 40), max(1, side // 128), cv2.LINE_AA
        )
    return picture


def test_a_change_of_colours_is_done_to_the_large_picture() -> None:
    """Drawn as the negative: the large drawing is the negative of the large picture, sharp lines and all."""
    large = scene(1024)
    small = cv2.resize(large, (128, 128), interpolation=cv2.INTER_AREA)
    drawing = 255 - small
    error = np.abs(detail.enlarged(drawing, small, large).astype(int) - (255 - large.astype(int))).mean()
    plain = cv2.resize(drawing, (1024, 1024), interpolation=cv2.INTER_CUBIC)
    assert error < 4
    assert error < 0.4 * np.abs(plain.astype(int) - (255 - large.astype(int))).mean()


def test_what_is_flat_in_the_drawing_stays_flat() -> None:
    """Pores of the photo do not come back where the style has none."""
    noise = np.random.default_rng(2).normal(0, 6, (512, 512, 3))
    large = np.clip(140 + noise, 0, 255).astype(np.uint8)
    small = cv2.resize(large, (128, 128), interpolation=cv2.INTER_AREA)
    drawing = np.full((128, 128, 3), (90, 160, 230), np.uint8)
    drawn = detail.enlarged(drawing, small, large)
    assert np.abs(drawn.astype(int) - (90, 160, 230)).max() <= 2


def test_lines_that_only_the_drawing_has_are_kept() -> None:
    large = np.full((512, 512, 3), 150, np.uint8)
    small = np.full((128, 128, 3), 150, np.uint8)
    drawing = small.copy()
    drawing[:, 60:68] = 20
    drawn = detail.enlarged(drawing, small, large)
    assert drawn[256, 256].max() < 60
    assert np.abs(drawn[:, 100].astype(int) - 150).max() <= 2


@pytest.mark.parametrize("rows", [64, 256, 1000])
def test_bands_leave_no_seams(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    large = scene(700)
    small = cv2.resize(large, (128, 128), interpolation=cv2.INTER_AREA)
    drawing = cv2.GaussianBlur(255 - small, (0, 0), 2)
    whole = detail.enlarged(drawing, small, large)
    monkeypatch.setattr(detail, "BAND", rows)
    assert np.array_equal(detail.enlarged(drawing, small, large), whole)


def test_sides() -> None:
    assert detail.drawn_side(100.0, 256) == 256
    assert detail.drawn_side(900.4, 256) == 900
    assert detail.drawn_side(50_000.0, 256) == detail.MAX_SIDE


def test_stills_are_drawn_at_their_own_resolution_and_live_frames_are_not(face_filter: FaceFilter) -> None:
    """Thin lines on a large face: sharp in a still picture, gone in a frame of a video."""
    face_filter.options = FilterOptions(color_match=0.0, eyes=0.0)
    frame = empty_frame(1400, 1200)
    draw_person(frame, 700, 600, 560)
    for x in range(640, 760, 12):
        frame[560:640, x : x + 3] = (30, 65, 190)
    still, live = face_filter(frame), face_filter(frame, 0.0)
    sharp, blurred = (
        np.abs(np.diff(f.frame[570:630, 660:740, 2].astype(int), axis=1)).max() for f in (still, live)
    )
    assert sharp > 1.5 * blurred
    for filtered in (still, live):
        assert np.array_equal(filtered.frame[filtered.mask == 0], frame[filtered.mask == 0])
