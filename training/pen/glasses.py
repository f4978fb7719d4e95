"""Glasses that are worn: dark lenses as one shape, clear ones as a whole frame of the photo's colour."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from animirror.training.pen.eyes import Eye
from animirror.training.pen.frame_fit import find_frame, sampled
from animirror.training.pen.frames import Frame
from animirror.training.pen.paint import INK, Canvas, Lab, Map, blurred, median_color, outline, step
from animirror.training.pen.parts import SMOOTH, Parts
from animirror.training.pen.skin import Tones

# Fewer labelled pixels than these are no glasses, and no dark lenses, square units: of thin frames little
# else than the rims is labelled.
MIN_GLASSES, MIN_DARK = 60.0, 150.0
# Glasses darker than this share of the skin's lightness hide the eyes (mirrored ones do anyway); they are
# drawn no lighter than this, with a rim so wide (units).
DARK_LENSES, DARKEST_LENS, LENS_RIM = 0.42, 22.0, 1.2
# A frame is drawn so wide at least and at most, units: thinner ones are lost on small heads.
FRAME_WIDTH = (1.8, 4.5)
# A camera's blur and the smoothing widen it by so much, units.
SOFT = 1.0
# ... darker than in the photo, and no lighter than this, or skin would swallow it.
FRAME_DARKER, FRAME_LIGHTEST = 0.7, 38.0
# Where its width and colour are looked for: so far to both sides of the outline (units), in so many places.
PROFILE, PLACES = 6.0, 25
# A place of the outline shows the frame where it is so much darker than what lies beside it, levels of L*.
CONTRAST, BESIDE = 8.0, 80.0


def draw_glasses(
    canvas: Canvas, lab: NDArray[np.float32], parts: Parts, tones: Tones, eyes: Sequence[Eye]
) -> None:
    """The frame before two eyes, or dark lenses; nothing where neither is sure: no fragments."""
    unit, glasses = parts.unit, parts["glasses"]
    area = np.count_nonzero(glasses > 0.5) / unit**2
    if area < MIN_GLASSES:
        return
    lenses = median_color(lab, glasses > 0.5)
    hidden = not eyes or lenses.lightness < DARK_LENSES * tones.median.lightness
    if hidden and area > MIN_DARK:
        _dark_lenses(canvas, lenses, glasses, unit)
        return
    frame = find_frame(lab, parts, eyes)
    if frame is None:
        return
    width, color = _seen(lab, frame, unit)
    ink = Lab(min(FRAME_DARKER * color.lightness, FRAME_LIGHTEST), color.green_red, color.blue_yellow)
    canvas.lay(ink, frame.lines(canvas, width))


def _seen(lab: NDArray[np.float32], frame: Frame, unit: float) -> tuple[float, Lab]:
    """Width (px) and colour of a frame in the photo, medians over where it is seen."""
    outlines = [np.array(lens) for lens in frame.lenses]
    tangents = [np.roll(line, -1, axis=0) - np.roll(line, 1, axis=0) for line in outlines]
    along, points = np.concatenate(tangents), np.concatenate(outlines)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1) / np.linalg.norm(along, axis=1, keepdims=True)
    offsets = np.linspace(-PROFILE, PROFILE, PLACES) * unit
    places = points[:, None] + offsets[:, None] * across[:, None]
    profile = sampled(lab, places.reshape(-1, 2)).reshape(len(points), PLACES, 3)
    lightness = profile[..., 0]
    beside, darkest = np.percentile(lightness, BESIDE, axis=1), lightness.min(axis=1)
    wide = _run(lightness < (beside + darkest)[:, None] / 2, lightness.argmin(axis=1))
    wide = wide * (offsets[1] - offsets[0]) - SOFT * unit
    shown = beside - darkest > CONTRAST
    if not shown.any():
        shown[:] = True
    low, high = (limit * unit for limit in FRAME_WIDTH)
    colors = profile[np.arange(len(points)), lightness.argmin(axis=1)]
    return float(np.clip(np.median(wide[shown]), low, high)), median_color(colors, shown)


def _run(dark: NDArray[np.bool_], start: NDArray[np.intp]) -> NDArray[np.intp]:
    """How many dark places lie together around ``start``, by row: int [N] of bool [N, PLACES]."""
    place = np.arange(dark.shape[1])
    before = np.where(~dark & (place < start[:, None]), place, -1).max(axis=1)
    after = np.where(~dark & (place > start[:, None]), place, dark.shape[1]).min(axis=1)
    return np.asarray(after - before - 1)


def _dark_lenses(canvas: Canvas, color: Lab, glasses: Map, unit: float) -> None:
    shape = blurred(glasses, SMOOTH * unit)
    canvas.lay(
        Lab(min(color.lightness, DARKEST_LENS), color.green_red, color.blue_yellow), step(shape, 0.4, 0.6)
    )
    canvas.lay(INK, outline(shape, LENS_RIM * unit))
