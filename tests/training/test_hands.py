"""What one hand does unlike another: the light on hair, irises, shadows on skin."""

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest

from animirror.realtime.regions import CELEBAMASK_LABELS
from animirror.training.pen.eyes import iris_color
from animirror.training.pen.hair import DARK_HAIR, GLOSS_STEP, hair_tones
from animirror.training.pen.hand import HANDS, Hand
from animirror.training.pen.paint import Lab
from animirror.training.pen.parts import tidied
from animirror.training.pen.skin import find_tones

PAINTED = HANDS["illustration"]
PLAIN = replace(PAINTED, gloss=1.0, gloss_bluer=0.0)


def strands(lightness: float) -> np.ndarray:
    """float32 [30, 30, 3] L*a*b*: shadow, middle (of ``lightness``) and gloss in thirds, 15 levels apart."""
    values = np.zeros((30, 30, 3), np.float32)
    for place, level in enumerate((-15.0, 0.0, 15.0)):
        values[10 * place : 10 * place + 10] = (lightness + level, 2.0, 4.0)
    return values


def gloss(lightness: float, hand: Hand = PAINTED) -> tuple[Lab, Lab]:
    """Middle and gloss of such hair."""
    borders = (lightness - 7.0, lightness + 7.0)
    _, middle, light = hair_tones(strands(lightness), np.ones((30, 30), bool), borders, hand)
    return middle, light


def test_painted_hair_shines_more_and_bluer_the_blacker_it_is() -> None:
    middle, light = gloss(20.0)
    assert GLOSS_STEP[0] < 15.0 < GLOSS_STEP[1]
    assert light.lightness - middle.lightness == pytest.approx(PAINTED.gloss * 15.0, abs=0.01)
    bluer = gloss(20.0, PLAIN)[1].blue_yellow - light.blue_yellow
    assert bluer == pytest.approx(PAINTED.gloss_bluer * (1.0 - 20.0 / DARK_HAIR), abs=0.01)
    assert gloss(60.0)[1].blue_yellow == gloss(60.0, PLAIN)[1].blue_yellow


def test_irises_keep_the_photos_hue_in_the_hands_own_chroma() -> None:
    for name, found in (("anime", Lab(25.0, 3.0, 4.0)), ("illustration", Lab(25.0, 30.0, 40.0))):
        drawn = iris_color(found, HANDS[name])
        chroma = math.hypot(drawn.green_red, drawn.blue_yellow)
        least, most = HANDS[name].iris_chroma
        wanted = min(max(1.5 * math.hypot(found.green_red, found.blue_yellow) + 10.0, least), most)
        assert chroma == pytest.approx(wanted)
        assert drawn.blue_yellow / drawn.green_red == pytest.approx(4.0 / 3.0)
    faint, painted = (iris_color(Lab(25.0, 3.0, 4.0), HANDS[name]) for name in ("anime", "illustration"))
    assert math.hypot(faint.green_red, faint.blue_yellow) == pytest.approx(22.0)
    assert math.hypot(painted.green_red, painted.blue_yellow) == pytest.approx(30.0)


def test_shadows_on_painted_skin_are_redder_by_what_the_hand_says() -> None:
    skin = np.zeros((256, 256), np.float32)
    cv2.ellipse(skin, (128, 128), (60, 80), 0, 0, 360, 1.0, -1)
    lab = np.full((256, 256, 3), (70.0, 12.0, 18.0), np.float32)
    parts = tidied({label: skin if label == "skin" else np.zeros_like(skin) for label in CELEBAMASK_LABELS})
    assert parts is not None
    tones, plain = (find_tones(lab, parts, hand) for hand in (PAINTED, replace(PAINTED, shadow_redder=0.0)))
    assert tones is not None
    assert plain is not None
    assert tones.shadow.green_red - plain.shadow.green_red == pytest.approx(6.5)
    assert tones.light == plain.light
