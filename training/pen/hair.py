"""Hair: three flat tones that follow its broad light and shadow, lines between strands, an outline."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from animirror.training.pen.flow import averaged_along, directions
from animirror.training.pen.hand import Hand
from animirror.training.pen.paint import INK, Canvas, Lab, Map, blurred, from_lab, outline, step
from animirror.training.pen.parts import SMOOTH, Parts

# Less hair than this is not drawn, square units.
MIN_HAIR = 300.0
# Strands are averaged along their flow by these lengths, one after the other, units. Shorter ones (7 and 5)
# left islands of light and shadow, which generators drew as camouflage.
ALONG = (16.0, 12.0)
# Where, between the darkest and lightest strands (percentiles of L*), shadow ends and gloss begins.
EXTREMES, SHADOW_ENDS, GLOSS_BEGINS = (12, 90), 0.36, 0.80
# Hair whose strands differ by less L* than this is as if they differed by so much.
MIN_RANGE = 8.0
# Valleys between strands: the blurs whose difference shows them, their average along the flow (units), and
# the shares of the hair's range of lightness from which they are drawn. Shallow ones too: hair in broad flat
# tones alone is taken for cloth, by people and by our segmenter.
VALLEY_BLURS, VALLEY_ALONG, VALLEY_DEPTHS = (2.4, 0.9), 7.0, (0.0, 0.04)
# The tones follow light and shadow over this blur, units: their borders are then where a small generator can
# find them, which drew finer ones as camouflage; strands are told by the lines.
BROAD = 4.0
# Least and most steps of L* between the tones: flat hair still gets them, strong light does not tear it.
SHADOW_STEP, GLOSS_STEP = (8.0, 17.0), (9.0, 20.0)
# Hair from this L* on shines in its own colour, darker hair in the sky's as well (see Hand.gloss_bluer).
DARK_HAIR = 45.0


def draw_hair(canvas: Canvas, lab: NDArray[np.float32], parts: Parts, hand: Hand) -> None:
    """Paint the hair over whatever is there; nothing where there is hardly any."""
    unit, hair = parts.unit, parts["hair"]
    sure = hair > 0.6
    if np.count_nonzero(sure) < MIN_HAIR * unit**2:
        return
    flow = directions(blurred(np.ascontiguousarray(lab[..., 0]), unit), 3.0 * unit)
    strands = blurred(lab, 0.9 * unit)
    for length in ALONG:
        strands = averaged_along(strands, flow, round(length * unit))
    broad = _blurred_within(strands, hair, BROAD * unit)
    lightness = np.ascontiguousarray(broad[..., 0])
    low, reach = _range(lightness, sure)
    borders = (low + SHADOW_ENDS * reach, low + GLOSS_BEGINS * reach)
    shadow, middle, gloss = hair_tones(broad, sure, borders, hand)
    soft = hand.hair_edge * reach
    lit, shining = (step(lightness, border - soft, border + soft)[..., None] for border in borders)
    colors = [np.array(tone.values, np.float32) for tone in (shadow, middle, gloss)]
    picture = colors[0] + (colors[1] - colors[0]) * lit + (colors[2] - colors[1]) * shining
    where = step(blurred(hair, unit), 0.40, 0.62)
    canvas.lay(from_lab(np.asarray(picture, np.float32)), where)
    ink = Lab(max(3.0, 0.45 * shadow.lightness), 0.7 * shadow.green_red, 0.6 * shadow.blue_yellow)
    fine = np.ascontiguousarray(strands[..., 0])
    canvas.lay(ink, _lines(fine, flow, _range(fine, sure)[1], unit) * where, hand.strands)
    rim = INK if hand.inked else ink
    canvas.lay(rim, outline(blurred(hair, SMOOTH * unit), (hand.line + 0.1) * unit), hand.line_opacity)


def hair_tones(
    strands: NDArray[np.float32], sure: NDArray[np.bool_], borders: tuple[float, float], hand: Hand
) -> tuple[Lab, Lab, Lab]:
    """Shadow, middle and gloss: the mean colour of each, kept apart and made vivid."""
    lightness = strands[..., 0]
    dark, bright = lightness < borders[0], lightness >= borders[1]
    whole = _mean(strands, sure)
    plain = _mean(strands, sure & ~dark & ~bright) or whole or Lab(40.0, 0.0, 0.0)
    middle, shadow, gloss = (
        (tone or plain).changed(vivid=hand.vivid)
        for tone in (plain, _mean(strands, sure & dark), _mean(strands, sure & bright))
    )
    deeper = float(np.clip(middle.lightness - shadow.lightness, *SHADOW_STEP))
    higher = hand.gloss * float(np.clip(gloss.lightness - middle.lightness, *GLOSS_STEP))
    bluer = hand.gloss_bluer * float(np.clip(1.0 - middle.lightness / DARK_HAIR, 0.0, 1.0))
    return (
        Lab(max(4.0, middle.lightness - deeper), shadow.green_red, shadow.blue_yellow),
        middle,
        Lab(min(94.0, middle.lightness + higher), gloss.green_red, gloss.blue_yellow - bluer),
    )


def _blurred_within(strands: NDArray[np.float32], hair: Map, sigma: float) -> NDArray[np.float32]:
    """A blur of the hair alone (normalised by its map): what is beside it does not bleed in; ``sigma`` px."""
    total = blurred(np.ascontiguousarray(strands * hair[..., None]), sigma)
    return np.asarray(total / np.maximum(blurred(hair, sigma), 1e-3)[..., None], np.float32)


def _range(lightness: Map, sure: NDArray[np.bool_]) -> tuple[float, float]:
    """L* of the darkest strands, and from there to the lightest."""
    low, high = (float(value) for value in np.percentile(lightness[sure], EXTREMES))
    return low, max(high - low, MIN_RANGE)


def _mean(strands: NDArray[np.float32], where: NDArray[np.bool_]) -> Lab | None:
    if np.count_nonzero(where) < 20:
        return None
    return Lab(*(float(value) for value in strands[where].mean(axis=0)))


def _lines(lightness: Map, flow: NDArray[np.float32], reach: float, unit: float) -> Map:
    """Dark valleys between strands: a difference of Gaussians, averaged along the flow (Kang et al. 2007)."""
    wide, narrow = (blurred(lightness, sigma * unit) for sigma in VALLEY_BLURS)
    valleys = averaged_along(wide - narrow, flow, round(VALLEY_ALONG * unit))
    return step(valleys, *(depth * reach for depth in VALLEY_DEPTHS))
