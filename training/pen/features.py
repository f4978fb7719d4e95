"""Nose, mouth and brows: the small marks that make an expression."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from animirror.training.pen.paint import (
    WHITE,
    Canvas,
    Lab,
    Map,
    Point,
    blurred,
    median_color,
    outline,
    step,
)
from animirror.training.pen.parts import Parts
from animirror.training.pen.skin import Tones

# Fewer pixels than these of a label are no nose, no lips, no brow: square units.
MIN_NOSE, MIN_LIPS, MIN_BROW = 12.0, 12.0, 6.0
# An inner mouth over this share of the mouth's squared width is open.
OPEN = 0.03
# Teeth are lighter than this share of the skin, and less red than that (a*) or than skin in a red light.
TEETH_LIGHT, TEETH_RED = 0.70, 18.0
# An inner mouth under this share of its squared width is a smile, and with teeth in more than SMILE of it
# one white shape: crumbs of teeth, which shade and lips leave, no generator places alike.
THIN, SMILE = 0.25, 0.12
THROAT = Lab(22.0, 30.0, 14.0)
# Widths of the line between closed lips, in its middle and at its ends, and around an open mouth, units: an
# expression must survive a head of a third of the crop, which a line of one pixel did not.
LIPS_LINE, LIPS_END, MOUTH_RIM = 2.3, 1.1, 1.0
# The line between closed lips leaves the straight one by less than this share of its half width; what leaves
# it further is a label that leaks.
MOUTH_BEND = 0.35
# ... and is drawn this much more bent: a faint smile that one line has to tell is none.
EXPRESSION = 1.6
# The nose's curve, for the same reason: its width at the ends, what its middle has more (units), its opacity.
NOSE_END, NOSE_MORE, NOSE_OPACITY = 0.6, 1.3, 0.9


def draw_nose(canvas: Canvas, parts: Parts, tones: Tones) -> None:
    """A short curve and a little shadow under the tip."""
    rows, columns = np.nonzero(parts["nose"] > 0.5)
    if rows.size < MIN_NOSE * parts.unit**2:
        return
    low, height = float(rows.max()), float(rows.max() - rows.min())
    tip = float(columns[rows > low - 0.16 * height].mean())
    base, width = low - 0.10 * height, float(columns.max() - columns.min())
    shadow = canvas.polygon(
        [(tip - 0.14 * width, base), (tip + 0.14 * width, base), (tip, base - 0.28 * width)]
    )
    canvas.lay(tones.shadow, blurred(shadow, 0.8 * parts.unit), 0.55)
    along = np.linspace(-1.0, 1.0, 9)
    curve = [(tip + 0.16 * width * s, base + 0.04 * width * (1.0 - s * s)) for s in along]
    widths = [parts.unit * (NOSE_END + NOSE_MORE * (1.0 - abs(s))) for s in along[1:]]
    canvas.lay(tones.line, canvas.stroke(curve, widths), NOSE_OPACITY)


def draw_mouth(canvas: Canvas, lab: NDArray[np.float32], parts: Parts, tones: Tones) -> None:
    """Lips as a tint, then the line between them, or the open mouth with its teeth."""
    unit, lips = parts.unit, parts.together("upper_lip", "lower_lip")
    if np.count_nonzero(lips > 0.5) < MIN_LIPS * unit**2:
        return
    tint = median_color(lab, lips > 0.5).mixed(tones.light, 0.45).changed(redder=4.0)
    canvas.lay(tint, step(blurred(lips, 0.9 * unit), 0.35, 0.65), 0.55)
    columns = np.nonzero(parts.together("upper_lip", "lower_lip", "mouth") > 0.5)[1]
    width = float(columns.max() - columns.min())
    if np.count_nonzero(parts["mouth"] > 0.5) > OPEN * width**2:
        _open_mouth(canvas, lab, parts, tones)
    else:
        _closed_mouth(canvas, parts, tones, float(columns.min()), width)
    rows, columns = np.nonzero(parts["lower_lip"] > 0.5)
    if rows.size:
        x, y, half = float(columns.mean()), float(rows.max()) + 1.2 * unit, 0.16 * width
        under = [(x + half * s, y - 0.10 * half * s * s) for s in np.linspace(-1.0, 1.0, 7)]
        canvas.lay(tones.line, canvas.stroke(under, [0.9 * unit] * 6), 0.35)


def _open_mouth(canvas: Canvas, lab: NDArray[np.float32], parts: Parts, tones: Tones) -> None:
    unit, inner = parts.unit, parts["mouth"]
    canvas.lay(THROAT, step(blurred(inner, 0.7 * unit), 0.35, 0.65))
    canvas.lay(WHITE, step(blurred(_teeth(lab, inner, tones), 0.9 * unit), 0.4, 0.6))
    canvas.lay(tones.line, outline(blurred(inner, 0.7 * unit), MOUTH_RIM * unit), 0.9)


def _teeth(lab: NDArray[np.float32], inner: Map, tones: Tones) -> Map:
    """What of the inner mouth is white: in a smile all or nothing, in a mouth wide open what is seen."""
    pale = lab[..., 1] < max(TEETH_RED, tones.median.green_red)
    light = (lab[..., 0] > TEETH_LIGHT * tones.median.lightness) & pale
    teeth: Map = light.astype(np.float32) * inner
    width, area = float(np.ptp(np.nonzero(inner > 0.5)[1])), float(inner.sum())
    if area > THIN * width**2:
        return teeth
    return inner if float(teeth.sum()) > SMILE * area else np.zeros_like(inner)


def _closed_mouth(canvas: Canvas, parts: Parts, tones: Tones, left: float, width: float) -> None:
    curve: list[Point] = []
    for x in np.linspace(left + 1.0, left + width - 1.0, 25):
        upper = np.flatnonzero(parts["upper_lip"][:, round(x)] > 0.5)[-1:]
        lower = np.flatnonzero(parts["lower_lip"][:, round(x)] > 0.5)[:1]
        ends = [float(y) for y in (*upper, *lower)]
        if ends:
            curve.append((float(x), sum(ends) / len(ends)))
    if len(curve) < 5:
        return
    smooth = _bent(curve)
    taper = np.abs(np.linspace(-1.0, 1.0, len(smooth) - 1))
    widths = parts.unit * (LIPS_LINE - (LIPS_LINE - LIPS_END) * taper)
    canvas.lay(tones.line, canvas.stroke(smooth, widths), 0.95)


def _bent(points: Sequence[Point]) -> list[Point]:
    """The points moved onto a cubic, more bent; those far from the straight line of all do not bend it."""
    x, y = (np.array(values) for values in zip(*points, strict=True))
    middle, half = (x[0] + x[-1]) / 2.0, max(1.0, (x[-1] - x[0]) / 2.0)
    along = (x - middle) / half
    away = np.abs(y - np.polyval(np.polyfit(along, y, 1), along))
    near = away <= max(MOUTH_BEND * half, float(np.median(away)))
    curve = np.polyval(np.polyfit(along[near], y[near], 3 if near.sum() > 5 else 1), along)
    straight = np.polyval(np.polyfit(along, curve, 1), along)
    fitted = straight + EXPRESSION * (curve - straight)
    return [(float(a), float(b)) for a, b in zip(x, fitted, strict=True)]


def draw_brows(canvas: Canvas, lab: NDArray[np.float32], parts: Parts) -> None:
    """Brows as flat shapes of their own colour, darkened."""
    brows = parts["brows"]
    if np.count_nonzero(brows > 0.5) < MIN_BROW * parts.unit**2:
        return
    color = median_color(lab, brows > 0.5)
    ink = Lab(max(6.0, 0.62 * color.lightness), 0.8 * color.green_red, 0.7 * color.blue_yellow)
    canvas.lay(ink, step(blurred(brows, 1.2 * parts.unit), 0.42, 0.62))
