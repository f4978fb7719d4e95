"""Beards: where a mouth is surrounded by skin darker than the cheeks, one clean shape of three is drawn.

A lamp at one side or above darkens jaws, too, but not the upper lip and both sides of a jaw: so each part is
compared with the cheek over it, and what grows is a moustache, a goatee or a full beard, or nothing. What a
person saw (`Worn`) goes before.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from animirror.training.pen.eyes import Eye, find_eyes
from animirror.training.pen.paint import Canvas, Lab, Map, blurred, median_color, step
from animirror.training.pen.parts import Parts
from animirror.training.pen.skin import Tones


class Kind(enum.Enum):
    """What grows, and by what share upper lip, chin and lighter jaw are at least darker than the cheek."""

    FULL = (0.15, 0.20, 0.12)
    GOATEE = (0.18, 0.12)
    MOUSTACHE = (0.35,)


class Worn(enum.Enum):
    """What a person saw on a photo."""

    FULL = "full"
    GOATEE = "goatee"
    MOUSTACHE = "moustache"
    NONE = "none"
    UNSURE = "unsure"

    @property
    def kind(self) -> Kind | None:
        return Kind.__members__.get(self.name)


# Fewer pixels than these say nothing, square units; skin nearer to lips than this is theirs, units.
MIN_LIPS, MIN_PART, RED = 12.0, 8.0, 1.5
# Where lip and chin are darker by this share of a full beard's limits, and none is found, there may be one.
DOUBT = 0.55
# Where the parts are asked for: shares of the mouth's half width, of the way from lips to chin, from nose to
# lips and from mouth to eyes.
CHIN_WIDE, CHIN_HIGH, JAW_BESIDE, JAW_HIGH = 0.75, (0.25, 0.9), 1.15, (0.1, 0.85)
CHEEK_BESIDE, CHEEK_HIGH, CHEEK_WIDE, LIP_FROM = 0.35, (0.12, 0.5), 0.85, 0.1
# Nose and eyes that are not seen are so far above the mouth, shares of the way from mouth to chin.
NOSE_OVER, EYES_OVER = 0.7, 2.0
# The chin is where all but so much of a face lies over it, percent; a face is as wide as it is so near to the
# mouth, shares of the way to the chin.
LOWEST_SKIN, BESIDE = 99.5, 0.2
# How much of the lips a moustache reaches over.
OVER_LIP = 0.3
# Half width of goatee and moustache, half widths of the mouth, and how much less it is at the chin; their
# upper border between nose and lips.
AROUND, TAPER, BORDER_FROM = 1.25, 0.4, 0.2
# The upper border of a full beard: how far below the mouth at its lowest, how far above it at the ears, in
# shares of the way to the chin; where it is lowest, half widths of the mouth.
LOWEST, SIDEBURN, LOWEST_AT = 0.15, 0.75, 1.7
# Borders are as soft as this, and lips are left free by so much, units.
EDGE, FREE = 0.7, 0.8
# A beard is drawn at least so much darker than the skin, levels of L*, and a little darker than it is.
DARKER, INKED = 18.0, 0.85


@dataclass(frozen=True)
class Chart:
    """The picture as seen from the mouth: px along (to the right of the picture) and down the face.

    ``half``: the mouth's half width; ``upper``, ``lower``: where the lips end; ``nose``, ``eyes``, ``chin``:
    how far down these are; ``side``: the face's half width beside the mouth.
    """

    along: Map
    down: Map
    half: float
    upper: float
    lower: float
    nose: float
    eyes: float
    chin: float
    side: float


def find_beard(lab: NDArray[np.float32], parts: Parts, chart: Chart) -> Kind | None:
    """The beard that is there; None on a shaven face."""
    darker = _darker(lab[..., 0], chart, _skin(parts), MIN_PART * parts.unit**2)
    for kind in Kind:
        if all(share >= limit for share, limit in zip(darker, kind.value, strict=False)):
            return kind
    return None


def look_for_beard(lab: NDArray[np.float32], parts: Parts, eyes: Sequence[Eye]) -> Worn:
    """The beard that is there; UNSURE where there may be one: such a face, drawn bare, teaches to shave."""
    chart = charted(parts, eyes)
    if chart is None:
        return Worn.NONE
    kind = find_beard(lab, parts, chart)
    if kind is not None:
        return Worn[kind.name]
    lip, chin, _ = _darker(lab[..., 0], chart, _skin(parts), MIN_PART * parts.unit**2)
    doubtful = lip >= DOUBT * Kind.FULL.value[0] and chin >= DOUBT * Kind.FULL.value[1]
    return Worn.UNSURE if doubtful else Worn.NONE


def bare_chart(lab: NDArray[np.float32], parts: Parts, worn: Worn | None) -> Chart | None:
    """The face seen from its mouth; None where a beard is or may be, or no lips are seen.

    ``worn``: the beard that is known to be there, None where nobody looked.
    """
    eyes = find_eyes(lab, parts)
    bare = (worn or look_for_beard(lab, parts, eyes)) is Worn.NONE
    return charted(parts, eyes) if bare else None


def draw_beard(
    canvas: Canvas, lab: NDArray[np.float32], parts: Parts, tones: Tones, eyes: Sequence[Eye], worn: Worn
) -> None:
    """The beard that is worn over the skin of the face, if any."""
    chart = charted(parts, eyes)
    if chart is None or worn.kind is None:
        return
    shape = grown(worn.kind, chart)
    here = shape & _skin(parts)
    color = median_color(lab, here) if here.any() else tones.shadow
    color = Lab(min(color.lightness, tones.median.lightness - DARKER), color.green_red, color.blue_yellow)
    where = step(blurred(shape.astype(np.float32), EDGE * parts.unit), 0.35, 0.65)
    canvas.lay(color.changed(lighter=(INKED - 1.0) * color.lightness), where * room(parts))


def room(parts: Parts) -> Map:
    """Where a beard may be: the face without its lips."""
    free = 1.0 - step(blurred(_lips(parts), FREE * parts.unit), 0.2, 0.5)
    return np.asarray(free * step(blurred(parts.face, FREE * parts.unit), 0.35, 0.65), np.float32)


def _lips(parts: Parts) -> Map:
    return parts.together("mouth", "upper_lip", "lower_lip")


def _skin(parts: Parts) -> NDArray[np.bool_]:
    """Skin alone, away from lips."""
    pure = blurred(parts["skin"], parts.unit) > 0.8
    return np.asarray(pure & (blurred(_lips(parts), RED * parts.unit) < 0.15))


def charted(parts: Parts, eyes: Sequence[Eye]) -> Chart | None:
    """The face seen from its mouth; None where no lips are seen."""
    lips, face = _lips(parts) > 0.5, parts.face > 0.5
    if np.count_nonzero(lips) < MIN_LIPS * parts.unit**2:
        return None
    right = np.array([1.0, 0.0])
    if len(eyes) == 2:
        first, second = sorted((np.array(eye.center) for eye in eyes), key=lambda center: float(center[0]))
        right = (second - first) / np.hypot(*(second - first))
    rows, columns = np.nonzero(lips)
    mouth, downwards = np.array([columns.mean(), rows.mean()]), np.array([-right[1], right[0]])
    places = np.stack(np.meshgrid(*[np.arange(lips.shape[0])] * 2), axis=-1) - mouth
    along, down = (np.asarray(places @ axis, np.float32) for axis in (right, downwards))
    chin = float(np.percentile(down[face], LOWEST_SKIN))
    nose = parts["nose"] > 0.5
    beside = np.abs(along[face & (np.abs(down) < BESIDE * chin)])
    seen = [float((np.array(eye.center) - mouth) @ downwards) for eye in eyes]
    return Chart(
        along,
        down,
        half=float(np.ptp(along[lips])) / 2,
        upper=float(down[lips].min()),
        lower=float(down[lips].max()),
        nose=float(down[nose].max())
        if np.count_nonzero(nose) > MIN_LIPS * parts.unit**2
        else -NOSE_OVER * chin,
        eyes=float(np.mean(seen)) if seen else -EYES_OVER * chin,
        chin=chin,
        side=float(beside.max()) if beside.size else float(np.ptp(along[lips])),
    )


def _darker(
    lightness: NDArray[np.float32], chart: Chart, skin: NDArray[np.bool_], least: float
) -> list[float]:
    """Upper lip, chin, lighter side of the jaw: by what share darker than the cheek; 0: not seen."""
    along, down, half = chart.along, chart.down, chart.half
    way = down / chart.chin
    lip = (
        (down > chart.nose + LIP_FROM * (chart.upper - chart.nose))
        & (down < chart.upper)
        & (np.abs(along) < half)
    )
    low = (down - chart.lower) / max(chart.chin - chart.lower, 1.0)
    chin = (low > CHIN_HIGH[0]) & (low < CHIN_HIGH[1]) & (np.abs(along) < CHIN_WIDE * half)
    high = down / chart.eyes
    cheeks, jaws = [], []
    for side in (-along, along):
        cheek = (side > CHEEK_BESIDE * half) & (side < CHEEK_WIDE * chart.side)
        cheeks.append(
            _median(lightness, skin & cheek & (high > CHEEK_HIGH[0]) & (high < CHEEK_HIGH[1]), least)
        )
        jaw = (side > JAW_BESIDE * half) & (way > JAW_HIGH[0]) & (way < JAW_HIGH[1])
        jaws.append(_median(lightness, skin & jaw, least))
    both = [cheek for cheek in cheeks if cheek]
    if not both:
        return [0.0, 0.0, 0.0]
    shares = [_share(sum(both) / len(both), _median(lightness, skin & part, least)) for part in (lip, chin)]
    return [*shares, min(_share(cheek, jaw) for cheek, jaw in zip(cheeks, jaws, strict=True))]


def _share(light: float, dark: float) -> float:
    return (light - dark) / light if light and dark else 0.0


def _median(values: NDArray[np.float32], where: NDArray[np.bool_], least: float) -> float:
    return float(np.median(values[where])) if np.count_nonzero(where) >= least else 0.0


def grown(kind: Kind, chart: Chart) -> NDArray[np.bool_]:
    """The shape of a beard, over lips and neck, too: bool [S, S]."""
    away = np.abs(chart.along) / chart.half
    border = chart.nose + BORDER_FROM * (chart.upper - chart.nose)
    low = np.clip((chart.down - chart.lower) / max(chart.chin - chart.lower, 1.0), 0.0, 1.0)
    middle = (away < AROUND - TAPER * low) & (chart.down > border)
    if kind is Kind.MOUSTACHE:
        return np.asarray(middle & (chart.down < chart.upper + OVER_LIP * (chart.lower - chart.upper)))
    if kind is Kind.GOATEE:
        return np.asarray(middle)
    ear = max(chart.side / chart.half, LOWEST_AT + 0.5)
    bend = np.interp(away, (AROUND, LOWEST_AT, ear), (border / chart.chin, LOWEST, -SIDEBURN))
    return np.asarray(middle | (chart.down > bend * chart.chin))
