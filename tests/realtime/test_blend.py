import cv2
import numpy as np
import pytest

from animirror.realtime import blend
from animirror.realtime.regions import Crop


def test_guided_filter_finds_the_edge_of_the_picture() -> None:
    guide = np.zeros((128, 128), np.float32)
    guide[:, 70:] = 1.0
    coarse = np.zeros((128, 128), np.float32)
    coarse[:, 66:] = 1.0  # four pixels off
    refined = blend.guided_filter(guide, coarse, 8, 1e-4)
    assert refined[64, 67] < 0.55
    assert refined[64, 72] > 0.8


def test_guided_filter_of_a_flat_picture_is_a_mean() -> None:
    mask = np.zeros((64, 64), np.float32)
    mask[:, 32:] = 1.0
    refined = blend.guided_filter(np.full((64, 64), 0.5, np.float32), mask, 4, 0.0025)
    assert refined[32, 4] == pytest.approx(0, abs=1e-4)
    assert refined[32, 31:33].mean() == pytest.approx(0.5, abs=0.1)
    assert refined[32, 60] == pytest.approx(1, abs=1e-4)


def test_refined_mask_is_zero_far_away_and_at_the_border() -> None:
    probability = np.zeros((32, 32), np.float32)
    probability[10:, 10:22] = 1.0
    mask = blend.refine_mask(probability, np.full((128, 128, 3), 90, np.uint8))
    assert mask[64, 64] == pytest.approx(1.0, abs=1e-3)
    assert mask[5, 5] == 0
    assert mask[-1].max() == 0  # the region reaches the border; the mask does not


def test_color_shift_moves_the_mean_to_the_picture() -> None:
    image, styled = (
        np.full((64, 64, 3), (60, 90, 150), np.uint8),
        np.full((64, 64, 3), (120, 160, 230), np.uint8),
    )
    groups = [np.ones((16, 16), np.float32)]
    shifts = blend.color_shifts(styled, image, groups, [0.5])
    moved = blend.recolored(styled, image, groups, shifts, 1.0)
    assert np.abs(moved.astype(int) - image).max() <= 4
    half = blend.recolored(styled, image, groups, 0.5 * shifts, 0.5)
    gray = [cv2.cvtColor(p, cv2.COLOR_BGR2LAB)[0, 0, 0] for p in (image, half, styled)]
    assert gray[1] == pytest.approx((int(gray[0]) + int(gray[2])) / 2, abs=2)


def test_the_colour_is_taken_where_the_picture_has_the_wanted_lightness() -> None:
    """Half a face in grey shade, half in red light: its middle is neither, its lit side is red."""
    image, styled = np.full((64, 64, 3), 80, np.uint8), np.full((64, 64, 3), 120, np.uint8)
    image[:, 32:] = (90, 110, 200)
    groups = [np.ones((16, 16), np.float32)]
    grey, red, drawn = (
        cv2.cvtColor(np.full((1, 1, 3), color, np.uint8), cv2.COLOR_BGR2LAB)[0, 0].astype(int)
        for color in (80, (90, 110, 200), 120)
    )
    for level, wanted in ((0.25, grey), (0.75, red)):
        shifts = blend.color_shifts(styled, image, groups, [level])
        assert np.abs(shifts[0] - (wanted - drawn)).max() <= 1


def test_too_few_pixels_shift_nothing() -> None:
    group = np.zeros((16, 16), np.float32)
    group[0, :4] = 1
    black, white = np.zeros((64, 64, 3), np.uint8), np.full((64, 64, 3), 255, np.uint8)
    shifts = blend.color_shifts(black, white, [group], [0.5])
    assert (shifts == 0).all()


@pytest.mark.parametrize("side", [40.0, 64.0, 150.5])
def test_composite_touches_only_the_mask(side: float) -> None:
    frame = np.random.default_rng(0).integers(0, 256, (200, 220, 3), dtype=np.uint8)
    result, coverage = frame.copy(), np.zeros((200, 220), np.float32)
    mask = np.zeros((64, 64), np.float32)
    mask[20:44, 20:44] = 1.0
    styled = np.full((64, 64, 3), (10, 200, 30), np.uint8)
    blend.composite(result, coverage, styled, mask, Crop(110, 100, side))
    assert np.array_equal(result[coverage == 0], frame[coverage == 0])
    assert (result[coverage == 1] == (10, 200, 30)).all()
    assert coverage.sum() == pytest.approx((side * 24 / 64) ** 2, rel=0.05)


def test_a_crop_on_whole_pixels_goes_back_unchanged() -> None:
    frame = np.random.default_rng(0).integers(0, 256, (120, 100, 3), dtype=np.uint8)
    result, coverage = frame.copy(), np.zeros((120, 100), np.float32)
    crop = Crop(20, 60, 64)  # partly outside
    blend.composite(result, coverage, crop.extract(frame, 64), np.ones((64, 64), np.float32), crop)
    assert np.array_equal(result, frame)
    assert coverage.sum() == 52 * 64


def test_composite_half_is_the_mean() -> None:
    frame, coverage = np.full((64, 64, 3), 100, np.uint8), np.zeros((64, 64), np.float32)
    blend.composite(
        frame,
        coverage,
        np.full((64, 64, 3), 200, np.uint8),
        np.full((64, 64), 0.5, np.float32),
        Crop(32, 32, 64),
    )
    assert np.abs(frame[5:60, 5:60].astype(int) - 150).max() <= 1


def test_composite_outside_the_frame_does_nothing() -> None:
    frame, coverage = np.full((64, 64, 3), 100, np.uint8), np.zeros((64, 64), np.float32)
    blend.composite(
        frame, coverage, np.zeros((32, 32, 3), np.uint8), np.ones((32, 32), np.float32), Crop(-50, -50, 40)
    )
    assert (frame == 100).all()


def hue_only(styled: np.ndarray, image: np.ndarray, amount: float) -> np.ndarray:
    """Recolored without any shift of groups."""
    return blend.recolored(
        styled, image, [np.ones((24, 24), np.float32)], np.zeros((1, 3), np.float32), amount
    )


def test_chroma_comes_from_the_picture_and_lightness_from_the_drawing() -> None:
    image = np.full((96, 96, 3), (60, 90, 140), np.uint8)  # brown
    styled = np.full((96, 96, 3), (70, 110, 60), np.uint8)  # green
    styled[40:44] = 20  # a drawn line
    before, after = (
        cv2.cvtColor(picture, cv2.COLOR_BGR2LAB).astype(int)
        for picture in (styled, hue_only(styled, image, 1.0))
    )
    wanted = cv2.cvtColor(image, cv2.COLOR_BGR2LAB).astype(int)
    assert np.abs(after[..., 0] - before[..., 0]).max() <= 3
    assert np.abs(after[:30, :, 1:] - wanted[:30, :, 1:]).max() <= 2
    # OpenCV's way to Lab and back may cost a level.
    assert np.abs(hue_only(image, image, 1.0).astype(int) - image).max() <= 1
    half = cv2.cvtColor(hue_only(styled, image, 0.5), cv2.COLOR_BGR2LAB).astype(int)
    assert np.abs(half[:30, :, 1:] - (before + wanted)[:30, :, 1:] / 2).max() <= 2


def test_one_field_does_what_two_steps_did() -> None:
    """Beside the two steps written out: groups first, then the hue of the result, each to Lab and back."""
    random = np.random.default_rng(5)

    def picture() -> np.ndarray:
        coarse = random.integers(60, 200, (12, 12, 3), dtype=np.uint8)
        return np.asarray(cv2.resize(coarse, (192, 192), interpolation=cv2.INTER_CUBIC))

    def plus(bgr: np.ndarray, field: np.ndarray) -> np.ndarray:
        lab = cv2.add(cv2.cvtColor(bgr, cv2.COLOR_BGR2LAB), cv2.resize(field, (192, 192)), dtype=cv2.CV_8U)
        return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2BGR))

    def cells(bgr: np.ndarray) -> np.ndarray:
        small = cv2.resize(bgr, (24, 24), interpolation=cv2.INTER_AREA)
        return cv2.cvtColor(small, cv2.COLOR_BGR2LAB).astype(np.float32)

    styled, image = picture(), picture()
    maps = [np.asarray(cv2.GaussianBlur(random.random((48, 48)), (0, 0), 5), np.float32) for _ in range(2)]
    shifts = np.array([[9, -4, 6], [-8, 3, 5]], np.float32)
    first = plus(styled, sum(m[..., None] * s * np.float32(0.6) for m, s in zip(maps, shifts, strict=True)))
    hue = np.float32(0.6) * (cells(image) - cells(first))
    hue[..., 0] = 0
    expected = plus(first, hue)
    difference = np.abs(blend.recolored(styled, image, maps, 0.6 * shifts, 0.6).astype(int) - expected)
    assert np.abs(expected.astype(int) - styled).mean() > 10
    assert difference.mean() < 0.5
    assert np.percentile(difference, 99) <= 3
