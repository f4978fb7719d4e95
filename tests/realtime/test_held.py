"""What stands still keeps its drawing; what moves or changes has its new one at once."""

import cv2
import numpy as np
import pytest

from animirror.realtime.held import HOLD_SECONDS, HeldDrawing
from animirror.realtime.regions import Crop

SIZE, FRAME = 256, 1 / 30
CROP = Crop(128.0, 128.0, 256.0)


def picture(seed: int = 0) -> np.ndarray:
    """Something to follow: soft spots of all sizes."""
    noise = np.random.default_rng(seed).normal(0, 1, (SIZE, SIZE, 3)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 5)
    return np.asarray(np.clip(128 + 45 * soft / soft.std(), 0, 255), np.uint8)


def moved(values: np.ndarray, x: float, y: float) -> np.ndarray:
    matrix = np.array([[1.0, 0.0, x], [0.0, 1.0, y]])
    return cv2.warpAffine(values, matrix, (SIZE, SIZE), borderMode=cv2.BORDER_REFLECT)


def plain(level: int) -> np.ndarray:
    return np.full((SIZE, SIZE, 3), level, np.uint8)


def inner(values: np.ndarray) -> np.ndarray:
    return values[64:192, 64:192].astype(float)


def test_the_first_drawing_and_a_still_pictures_are_their_own() -> None:
    hold = HeldDrawing()
    for level in (50, 150):
        drawing = plain(level)
        assert hold(drawing, picture(), CROP, 0.0) is drawing


def test_flicker_on_a_still_picture_is_averaged_over_its_time() -> None:
    hold, shown = HeldDrawing(), picture()
    hold(plain(100), shown, CROP, 0.0)
    now = hold(plain(200), shown, CROP, FRAME)
    wanted = 200 - 100 * np.exp(-FRAME / HOLD_SECONDS)
    assert inner(now).mean() == pytest.approx(wanted, abs=2)
    for _ in range(30):
        now = hold(plain(200), shown, CROP, FRAME)
    assert inner(now).min() >= 198


def test_camera_noise_does_not_loosen_the_hold() -> None:
    hold, shown, random = HeldDrawing(), picture(), np.random.default_rng(1)
    noisy = [np.clip(shown + random.normal(0, 4, shown.shape), 0, 255).astype(np.uint8) for _ in range(2)]
    hold(plain(100), noisy[0], CROP, 0.0)
    assert inner(hold(plain(200), noisy[1], CROP, FRAME)).mean() < 140


def test_a_moving_picture_has_its_own_drawing() -> None:
    hold, shown = HeldDrawing(), picture()
    hold(plain(100), shown, CROP, 0.0)
    assert inner(hold(plain(200), moved(shown, 4, 2), CROP, FRAME)).min() >= 195


def test_what_changes_has_its_own_drawing_and_what_is_far_from_it_is_held() -> None:
    """As in a blink: the lid's place, and what is drawn around it."""
    hold, shown = HeldDrawing(), picture()
    shut = shown.copy()
    cv2.circle(shut, (100, 128), 14, (20, 20, 20), cv2.FILLED)
    hold(plain(100), shown, CROP, 0.0)
    now = hold(plain(200), shut, CROP, FRAME)
    assert now[118:139, 90:111].min() >= 195
    assert now[118:139, 190:211].mean() < 140


def test_a_crop_that_follows_a_head_takes_the_drawing_along() -> None:
    """The frame stands still, the crop moves and grows: lines stay where they are in the frame."""
    frame, drawn = cv2.resize(picture(), (512, 512)), np.full((512, 512, 3), 220, np.uint8)
    cv2.line(drawn, (150, 240), (360, 250), (0, 0, 0), 5, cv2.LINE_AA)
    hold = HeldDrawing()
    for step in range(4):
        crop = Crop(256 + 3 * step, 256 - 2 * step, 300 + 4 * step)
        drawing, shown = crop.extract(drawn, SIZE), crop.extract(frame, SIZE)
        now = hold(drawing, shown, crop, FRAME * (step > 0))
        assert np.abs(inner(now) - inner(drawing)).mean() < 3


def test_drawings_of_another_size_are_followed_too() -> None:
    hold, shown = HeldDrawing(), picture()
    hold(cv2.resize(shown, (320, 320)), cv2.resize(shown, (320, 320)), CROP, 0.0)
    now = hold(shown, shown, CROP, FRAME)
    assert np.abs(inner(now) - inner(shown)).mean() < 3
