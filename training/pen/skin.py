"""Skin: one light tone, one shadow, blush, and the lines around a face."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.training.pen.hand import Hand
from animirror.training.pen.paint import INK, Canvas, Lab, Map, blurred, from_lab, median_color, outline, step
from animirror.training.pen.parts import FACE, SMOOTH, Parts

# Pixels this far in L* from the median skin are nostrils, reflections, stray hair: not asked for the tones.
OUTLIER = 45.0
# The light on a face is what is left after blurring by this much, units.
LIGHT_SIGMA, NECK_SIGMA = 7.0, 5.0
# Hair throws its shadow this far down onto the face, the face as far onto the neck, units: what anime draws
# rather than the room's light.
HAIR_CASTS, FACE_CASTS = 6.0, 22.0
# The lit tone lies above the skin's median by this share of its spread and so many levels, the shadow below
# the lit tone by this share of it; a spread under LEAST_SPREAD is noise.
LIT_SPREAD, LIT_LEVELS, DEPTH_SPREAD, LEAST_SPREAD = 0.55, 2.0, 1.3, 4.0
# No skin is lighter than this; light takes a little yellow away and adds a little red, shadow has more of it.
LIGHTEST, LIT_COLOR, SHADE_RED = 94.0, (1.02, 0.97), 1.15
# Lines on skin: this share of its lightness, at least so light, redder by this but no redder than that.
LINE_LIGHT, LINE_LEAST, LINE_REDDER, LINE_REDDEST = 0.32, 8.0, 8.0, 30.0
# Fewer pure skin pixels than this say nothing of its colour, square units.
MIN_SKIN = 60.0


@dataclass(frozen=True)
class Tones:
    """The colours of one face: lit, in shadow, and its lines."""

    light: Lab
    shadow: Lab
    line: Lab
    median: Lab
    border: float


def find_tones(lab: NDArray[np.float32], parts: Parts, hand: Hand) -> Tones | None:
    """The tones of a face (``lab``: float32 [S, S, 3]); None where too little skin shows."""
    core = _core(parts)
    if np.count_nonzero(core > 0.5) < MIN_SKIN * parts.unit**2:
        return None
    median = median_color(lab, core > 0.5)
    spread = max(LEAST_SPREAD, float(np.std(_light(lab, parts, core, median)[core > 0.5])))
    light = Lab(
        min(LIGHTEST, median.lightness + LIT_SPREAD * spread + LIT_LEVELS),
        median.green_red * LIT_COLOR[0],
        median.blue_yellow * LIT_COLOR[1],
    )
    depth = float(np.clip(DEPTH_SPREAD * spread, *hand.shadow))
    shadow = Lab(
        light.lightness - depth,
        median.green_red * SHADE_RED + hand.shadow_redder,
        median.blue_yellow + 1.0,
    )
    line = Lab(
        max(LINE_LEAST, median.lightness * LINE_LIGHT),
        min(LINE_REDDEST, median.green_red + LINE_REDDER),
        median.blue_yellow * 0.8,
    )
    return Tones(light, shadow, line, median, median.lightness - hand.shadow_from * spread)


def paint_skin(canvas: Canvas, lab: NDArray[np.float32], parts: Parts, tones: Tones, hand: Hand) -> None:
    """Face, ears and neck in the tones that ``tones`` names."""
    light = _light(lab, parts, _core(parts), tones.median)
    lit = step(light, tones.border - hand.skin_edge, tones.border + hand.skin_edge)
    lit *= 1.0 - _cast(parts["hair"], HAIR_CASTS * parts.unit, parts.unit)
    picture = _between(tones, lit)
    skin = step(blurred(parts.together("ears", *FACE), 0.8 * parts.unit), 0.35, 0.65)
    canvas.lay(picture, skin)
    neck = parts["neck"]
    lit_neck = step(_filled(lab[..., 0], neck, NECK_SIGMA * parts.unit), tones.border - 6, tones.border + 8)
    lit_neck *= 1.0 - _cast(parts.face, FACE_CASTS * parts.unit, parts.unit)
    canvas.lay(_between(tones, lit_neck), step(blurred(neck, 0.8 * parts.unit), 0.35, 0.65))


def draw_outline(canvas: Canvas, parts: Parts, tones: Tones, hand: Hand) -> None:
    """Lines around face and ears, where no hair covers them."""
    color = INK if hand.inked else tones.line
    bare = step(1.0 - blurred(parts["hair"], 2.0 * parts.unit), 0.3, 0.7)
    for shape in (parts.face, parts.together("ears", *FACE)):
        rim = outline(blurred(shape, SMOOTH * parts.unit), hand.line * parts.unit)
        canvas.lay(color, rim * bare, hand.line_opacity)


def draw_blush(
    canvas: Canvas, parts: Parts, tones: Tones, hand: Hand, eyes: list[tuple[float, float]]
) -> None:
    """A soft red under each eye; ``eyes``: their centres, px."""
    left, _, width, height = parts.box
    for x, y in eyes:
        outwards = 0.042 * width * (1.0 if x > left + width / 2 else -1.0)
        cheek = canvas.ellipse((x + outwards, y + 0.17 * height), 0.11 * width, 0.055 * height)
        where = blurred(cheek, 0.02 * width) * parts["skin"]
        canvas.lay(tones.light.changed(lighter=-10.0, redder=14.0), where, hand.blush)


def _between(tones: Tones, lit: Map) -> NDArray[np.float32]:
    dark, light = np.array(tones.shadow.values), np.array(tones.light.values)
    return from_lab((dark + (light - dark) * lit[..., None]).astype(np.float32))


def _cast(shape: Map, down: float, unit: float) -> Map:
    """The shape's shadow on what lies ``down`` px below it."""
    height, width = shape.shape
    moved = cv2.warpAffine(shape, np.array([[1.0, 0.0, 0.0], [0.0, 1.0, down]]), (width, height))
    return step(blurred(np.asarray(moved, np.float32), unit), 0.35, 0.65)


def _core(parts: Parts) -> Map:
    """Skin away from every border, where no other label's colour bleeds in."""
    pure = parts.together("skin", "ears")
    side = int(4 * parts.unit) | 1
    core = np.asarray(cv2.erode(pure, np.ones((side, side), np.uint8)), np.float32)
    return core if np.count_nonzero(core > 0.5) >= MIN_SKIN * parts.unit**2 else pure


def _light(lab: NDArray[np.float32], parts: Parts, core: Map, median: Lab) -> Map:
    """L* of the skin alone, carried on under eyes, lips and brows."""
    usable = core * (np.abs(lab[..., 0] - median.lightness) < OUTLIER) + np.float32(1e-4) * parts.face
    return _filled(lab[..., 0], np.asarray(usable, np.float32), LIGHT_SIGMA * parts.unit)


def _filled(values: Map, where: Map, sigma: float) -> Map:
    """Normalized convolution (Knutsson and Westin, CVPR 1993): a blur that counts only ``where``."""
    weight = blurred(where, sigma) + np.float32(1e-4)
    return np.asarray(blurred(values * where, sigma) / weight, np.float32)
