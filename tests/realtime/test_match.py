"""Drawings take the colours of skin and hair first, the scene's light and hue late."""

from types import SimpleNamespace
from typing import cast

import cv2
import numpy as np
import pytest

from animirror.realtime.light import Light
from animirror.realtime.locate import Track
from animirror.realtime.match import EARLY, LATE, SceneMatch, color_groups
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
def test_skin_follows_the_choice_early(amount: float) -> None:
    styled = np.full((SIZE, SIZE, 3), PALE, np.uint8)
    matched = SceneMatch(CELEBAMASK_LABELS)(head_of(BROWN, Light(white=255.0)), styled, amount)
    early = 1 - (1 - amount) ** EARLY
    wanted, before = (float(lightness(np.full((1, 1, 3), c, np.uint8))[0, 0]) for c in (BROWN, PALE))
    # White of the studio is 250, so that even no light at all changes a level or two.
    assert lightness(matched)[40, 10] == pytest.approx(before + early * (wanted - before), abs=4)


def test_a_nose_has_the_colour_of_its_skin_and_teeth_stay_white() -> None:
    head = head_of(BROWN)
    rows = {"nose": slice(0, 8), "mouth": slice(8, 16)}
    for label, where in rows.items():
        head.probabilities[:, where, : CELLS // 2] = 0.0
        head.probabilities[CELEBAMASK_LABELS.index(label), where, : CELLS // 2] = 1.0
    styled = np.full((SIZE, SIZE, 3), PALE, np.uint8)
    matched = lightness(SceneMatch(CELEBAMASK_LABELS)(head, styled, 0.6))
    nose, teeth, skin = (matched[row, 16] for row in (16, 48, 80))
    assert nose == pytest.approx(skin, abs=2)
    assert teeth > skin + 60


def test_a_face_half_in_the_shade_has_the_colour_of_its_lit_side() -> None:
    head, styled = head_of(BROWN), np.full((SIZE, SIZE, 3), PALE, np.uint8)
    head.image[: SIZE // 2] //= 3
    matched = SceneMatch(CELEBAMASK_LABELS)(head, styled, 1.0)
    lit = float(lightness(np.full((1, 1, 3), BROWN, np.uint8))[0, 0])
    assert lightness(matched)[70, 10] == pytest.approx(lit, abs=4)


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
    face, hair = color_groups(("Background", "Face", "Hair"))
    assert (face.pure, face.whole, hair.pure, hair.whole) == ((1,), (1,), (2,), (2,))
    skin, hair = color_groups(("background", "hair", "skin", "nose", "eyes"))
    assert (skin.pure, skin.whole, hair.pure, hair.whole) == ((2,), (2, 3), (1,), (1,))
    assert color_groups(("background",)) == []
