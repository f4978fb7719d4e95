import numpy as np
import pytest

from animirror.realtime.light import CLARITY, FACE_LEVEL, MAX_BLACK, Light, clearer, measure_light, softness

ALL = np.ones((16, 16), np.float32)


def test_there_and_back_is_the_picture() -> None:
    light = Light(black=30, white=180, gamma=0.6)
    levels = np.arange(35, 176, dtype=np.uint8)
    picture = np.repeat(levels, 3).reshape(1, -1, 3)
    assert np.abs(light.out_of_studio(light.into_studio(picture)).astype(int) - picture).max() <= 1


def test_half_the_way_back_lies_between() -> None:
    light = Light(black=30, white=180, gamma=0.6)
    picture = np.arange(256, dtype=np.uint8).repeat(3).reshape(1, 256, 3)
    there, half = (light.out_of_studio(picture, share).astype(int) for share in (1.0, 0.5))
    assert np.abs(there - picture).max() > 60
    assert np.abs(half - (there + picture) / 2).max() <= 1
    assert np.array_equal(light.out_of_studio(picture, 0.0), picture)


def test_no_light_changes_nothing_but_the_last_levels() -> None:
    picture = np.arange(256, dtype=np.uint8).repeat(3).reshape(1, 256, 3)
    assert np.array_equal(Light().into_studio(picture)[:, :251], picture[:, :251])


def test_dim_faces_are_brought_to_the_level_of_selfies() -> None:
    random = np.random.default_rng(0)
    picture = random.integers(50, 110, (16, 16, 1), dtype=np.uint8).repeat(4, 0).repeat(4, 1).repeat(3, 2)
    lit = measure_light(picture, ALL, ALL).into_studio(picture)
    assert lit.mean() == pytest.approx(FACE_LEVEL, abs=8)
    assert np.ptp(lit) > 2.5 * np.ptp(picture)
    assert lit.max() > 235


def test_bright_faces_are_not_darkened() -> None:
    picture = np.random.default_rng(0).integers(10, 250, (64, 64, 1), dtype=np.uint8).repeat(3, axis=2)
    face = np.zeros((16, 16), np.float32)
    face[8:] = 1.0
    picture[32:] = np.clip(picture[32:], 200, 240)
    assert measure_light(picture, face, ALL).gamma == 1.0


def test_haze_is_bounded_and_nothing_is_concluded_from_nothing() -> None:
    haze = np.full((64, 64, 3), 200, np.uint8)
    assert measure_light(haze, ALL, ALL).black == MAX_BLACK
    assert measure_light(haze, ALL * 0, ALL * 0) == Light()


def test_steadied_is_between() -> None:
    assert Light(40, 200, 0.5).steadied(Light(0, 250, 1.0), 0.5) == Light(20, 225, 0.75)


def test_heads_of_few_pixels_are_soft() -> None:
    assert [softness(side, 256) for side in (512, 256, 192, 128, 64)] == pytest.approx([0, 0, 1 / 3, 1, 1])


def test_eyes_in_the_shade_come_out_of_soft_heads() -> None:
    """A dark spot as large as an eye gains contrast by CLARITY; a slope as wide as the picture stays."""
    slope = np.linspace(90, 150, 256, dtype=np.float32)[None, :].repeat(256, 0)
    picture = np.repeat(np.rint(slope).astype(np.uint8)[..., None], 3, axis=2)
    picture[120:136, 120:136] -= 20
    clear = clearer(picture, 0.5).astype(int)
    depth = clear[128, 80, 0] - clear[128, 128, 0]
    flat = int(picture[128, 80, 0]) - int(picture[128, 128, 0])
    assert flat == 9
    # The spot is 16 px wide and the average reaches far beyond it: nearly all of its 20 levels count.
    assert depth - flat == pytest.approx(0.5 * CLARITY * 20, abs=2.5)
    assert np.abs(clear[:, 60:100] - picture[:, 60:100].astype(int)).max() <= 3
    assert clearer(picture, 0.0) is picture
