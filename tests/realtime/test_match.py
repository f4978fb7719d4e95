"""Drawings take the middle tones of skin and hair first, the scene's light and hue late."""

from types import SimpleNamespace
from typing import cast

import cv2
import numpy as np
import pytest

from animirror.realtime.light import Light
from animirror.realtime.locate import Track
from animirror.realtime.match import LATE, SceneMatch, color_groups
from animirror.realtime.regions import CELEBAMASK_LABELS, Crop
from animirror.realtime.scene import Head

SIZE, CELLS = 96, 24
DIM = Light(black=30.0, white=190.0, gamma=0.7)
BROWN, PALE = (50, 80, 130), (170, 200, 240)


def head_of(color: tuple[int, int, int], light: Light = DIM) -> Head:
    """A head that is nothing but skin of one colour in its left half, and background in its right."""
    probabilities = np.zeros((len(CELEBAMASK_LABELS), CELLS, CELLS), np.float32)
    probabilities[CELEBAMASK_LABELS.index("skin"), :, : CELLS // 2] = 1.0
    probabilities[0, :, CELLS // 2 :] = 1.0
    image = np.full((SIZE, SIZE, 3), color, np.uint8)
    track = cast(Track, SimpleNamespace(light=None, color_shift=None))
    own = np.ones((CELLS, CELLS), np.float32)
    return Head(track, Crop(48, 48, 96), image, probabilities, own, 1.0, light)


def lightness(picture: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(picture, cv2.COLOR_BGR2LAB)[..., 0].astype(float)


def test_nothing_is_matched_where_nothing_is_chosen() -> None:
    styled = np.full((SIZE, SIZE, 3), PALE, np.uint8)
    assert SceneMatch(CELEBAMASK_LABELS)(head_of(BROWN), styled, 0.0) is styled


@pytest.mark.parametrize("amount", [0.3, 0.6, 1.0])
def test_skin_follows_the_choice_in_proportion(amount: float) -> None:
    styled = np.full((SIZE, SIZE, 3), PALE, np.uint8)
    matched = SceneMatch(CELEBAMASK_LABELS)(head_of(BROWN, Light(white=255.0)), styled, amount)
    wanted, before = (float(lightness(np.full((1, 1, 3), c, np.uint8))[0, 0]) for c in (BROWN, PALE))
    # White of the studio is 250, so that even no light at all changes a level or two.
    assert lightness(matched)[40, 10] == pytest.approx(before + amount * (wanted - before), abs=4)


def test_the_scenes_light_comes_late() -> None:
    """Black lines and whites of eyes, of no group's colours: the light's curve alone moves them."""
    styled = np.zeros((SIZE, SIZE, 3), np.uint8)
    styled[::2] = 245
    grey = head_of((128, 128, 128))
    full = DIM.out_of_studio(styled).astype(float)
    for amount in (0.6, 1.0):
        matched = SceneMatch(CELEBAMASK_LABELS)(grey, styled, amount).astype(float)[:, 80:]
        wanted = styled[:, 80:] + amount**LATE * (full[:, 80:] - styled[:, 80:])
        assert np.abs(matched - wanted).max() <= 3
    contrast = [
        float(np.ptp(SceneMatch(CELEBAMASK_LABELS)(grey, styled, a)[40:42, 90, 0])) for a in (0.6, 1.0)
    ]
    assert contrast[0] > 0.85 * 245
    assert contrast[1] < 0.7 * 245


def test_groups_are_the_first_that_the_model_knows() -> None:
    assert color_groups(("Background", "Face", "Hair")) == [(1,), (2,)]
    assert color_groups(("background", "hair", "skin", "nose")) == [(2,), (1,)]
    assert color_groups(("background",)) == []
