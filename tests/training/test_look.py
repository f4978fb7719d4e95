"""Training photos look as the filter's crops do."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data

from animirror.realtime.eyes import Eye
from animirror.realtime.light import Light
from animirror.realtime.proportions import enlarge_eyes
from animirror.realtime.regions import Crop
from animirror.training.data import Picture
from animirror.training.look import Look, as_filtered
from animirror.training.options import CycleganOptions


@pytest.fixture
def portrait(tmp_path: Path) -> Picture:
    """skimage's astronaut, cut around the head; her eyes are at (203, 101) and (247, 103)."""
    path = tmp_path / "astronaut.png"
    cv2.imwrite(str(path), data.astronaut()[..., ::-1])
    return Picture(path, Crop(222.0, 115.0, 220.0))


def test_a_look_follows_the_jitter():
    view = np.random.default_rng(2).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    light, crop = Light(10.0, 240.0, 0.8), Crop(50.0, 40.0, 40.0)
    look = Look(crop, light, (Eye(0.5, 0.5, 0.25),), 1.6)
    # The photo twice as large, its pixel (49.5, 39.5), the middle of the crop, at the view's (31.5, 15.5).
    matrix = np.array([[2.0, 0.0, 31.5 - 99.0], [0.0, 2.0, 15.5 - 79.0]])
    # 0.25 of a crop of 40 px are 20 px of the view, 20/64 of its side.
    expected = enlarge_eyes(light.into_studio(view), [Eye(0.5, 0.25, 20 / 64)], 1.6)
    assert np.array_equal(look(view, matrix), expected)


def test_photos_are_measured_once_and_as_the_segmenter_sees_them(portrait: Picture, tmp_path: Path):
    options = CycleganOptions(runs=str(tmp_path / "runs"), eyes=1.5, studio_light=True)
    (measured,) = as_filtered([portrait], options)
    look = measured.look
    assert isinstance(look, Look)
    assert look.light is not None
    assert look.light.white < 250.0
    eyes = sorted((112 + 220 * eye.x, 5 + 220 * eye.y) for eye in look.eyes)
    assert np.allclose(eyes, [(203, 101), (247, 103)], atol=5)
    (cache,) = (tmp_path / "runs").glob("looks-*.json")
    before = cache.stat().st_mtime_ns
    (again,) = as_filtered([portrait], options)
    assert again.look == look
    assert cache.stat().st_mtime_ns == before
    assert not np.array_equal(measured.view(128), portrait.view(128))


def test_without_the_options_photos_stay_as_they_are(portrait: Picture, tmp_path: Path):
    assert as_filtered([portrait], CycleganOptions(runs=str(tmp_path / "runs"))) == [portrait]
    assert not (tmp_path / "runs").exists()
