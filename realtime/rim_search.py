"""Thin bright rims of glasses: lines of light along two lenses, where the segmenter half sees glasses."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from animirror.realtime.eyes import EYES_LABEL, USUAL_CELLS, Eye, Pair
from animirror.realtime.regions import (
    BROWS_LABEL,
    GLASSES_LABEL,
    known_indices,
    label_indices,
    resampled,
)
from animirror.realtime.ridges import Lines, across, cells_of, lines_of, tangents_of
from animirror.realtime.rims import POINTS, LensForm, Look, Points, Rims, Side, sides_of
from animirror.realtime.scene import Head

# Glasses are worn where their label has so much of the face at least, before the eyes: in maps of USUAL_CELLS
# segmenters hardly see thin ones (0.003 to 0.03 on a man in silver glasses; 0.002 on a face that wears none),
# in finer ones they do (0.06 to 0.07 in maps of 112 cells, 0.01 on a man in clear plastic). From the second
# number on they are seen well, by generators too.
LABELLED, LABELLED_FINE = (0.003, 0.09), (0.01, 0.085)
# How far before the eyes is: from their middle to the sides, up and down, distances between the eyes. Pushed
# up into the hair they are not worn.
BESIDE_EYES, ABOVE_EYES, BELOW_EYES = 1.1, 0.45, 0.6
# ... and where a line of light runs along each lens, so clear in the quarter where least of it is seen, and
# so clear in all (0.59 and 0.71 at least on that man). Of 235 photos 11 without glasses have such lines.
SEEN, SEEN_WHOLE = 0.55, 0.68
# Lids and folds are lines of light, too: where the label says little, a lens reaches so far below the eye.
REACHES = 0.26
# Where finer maps show glasses, this share of such lines is enough.
SURER = 0.85
# Glasses that are worn already are known again by this share of all that.
KNOWN = 0.7
# What is left of a line's score where lines of light run beside it, too: hair, wrinkles.
BESIDE, BESIDE_AT = 0.5, 0.07
# A rim may be missed by so much, px of 256: by those that are tried first, and by those that are tried around
# the best of them, whose steps follow (distances between the eyes).
NEARLY, MISSED, FINER = 3.0, 1.3, (0.03, 0.015)
# So many pairs of lenses are tried around, the best first: along the very best a lid may run, not a rim.
REFINED = 6
# ... unless the first COMPARED have less than this share of what is enough: looking takes time, and there are
# no rims. One alone does not tell: of a man in silver glasses the best pair had 0.29, as its weakest quarter
# lay in a gleam, and the next 1.06; or it had 0.83, far too high, and the next 1.07. So the clearer counts.
HOPELESS, COMPARED = 0.4, 2
# Lids are ridges, too: the lens counts only farther from the eye's middle than this, distances between the
# eyes, with the eye's width reduced to this share.
LID, LID_WIDE = 0.17, 0.55
# ... and where the picture shows skin, no eye, brow or hair; at least so much of a lens.
SHOWN, HIDDEN, LEAST = 0.3, 0.25, 0.4
# Where lenses lie and how large they are: what is tried.
TRIED = tuple(
    LensForm(*values)
    for values in itertools.product(
        (-0.02, 0.05, 0.12), (0.0, 0.06, 0.12), (0.32, 0.38, 0.44), (0.21, 0.25, 0.29, 0.33, 0.37), (2.0, 3.2)
    )
    if 0.55 < values[3] / values[2] < 1.0
)


# Before the left and the right eye of the picture.
Lenses = tuple[LensForm, LensForm]


class RimSearch:
    """Finds the thin glasses of heads; ``labels``: the segmenter's, nothing if it does not know glasses."""

    def __init__(self, labels: Sequence[str]) -> None:
        self._glasses = known_indices([GLASSES_LABEL], labels)
        self._face = label_indices(["face"], labels) if self._glasses else ()
        self._features = known_indices([EYES_LABEL, BROWS_LABEL], labels)

    def __call__(self, head: Head, worn: bool) -> Look:
        """Those that a head wears; ``worn``: whether they were seen before."""
        if not self._glasses:
            return Look()
        face, features, glasses = (
            head.probability(labels) for labels in (self._face, self._features, self._glasses)
        )
        return find_rims(head.image, face, features, glasses, head.eyes, worn)


def find_rims(
    image: NDArray[np.uint8],
    skin: NDArray[np.float32],
    features: NDArray[np.float32],
    glasses: NDArray[np.float32],
    eyes: Sequence[Eye],
    worn: bool = False,
) -> Look:
    """Thin bright glasses before two eyes, and whether their label has enough of the face to be some.

    ``image``: uint8 [S, S, 3] BGR; how likely each place is face (``skin``), eye or brow (``features``),
    ``glasses``: float32 [s, s] in 0..1 each; ``eyes`` in shares of the side; ``worn``: whether they were seen
    before, and less of them is enough.
    """
    if len(eyes) != 2:
        return Look()
    fine = glasses.shape[0] > USUAL_CELLS
    enough = KNOWN if worn else 1.0
    least, most = LABELLED_FINE if fine else LABELLED
    share = float(glasses[_before(eyes, len(glasses))].sum()) / max(float(skin.sum()), 1.0)
    labelled = share >= least
    if not enough * least <= share <= most:
        return Look(labelled=labelled)
    for lenses in _lenses(image, skin, features, eyes, enough * (SURER if fine else 1.0)):
        if fine or worn or min(lens.lower + lens.half_height for lens in lenses) >= REACHES:
            return Look(Rims(*lenses), labelled)
    return Look(labelled=labelled)


def _lenses(
    image: NDArray[np.uint8],
    skin: NDArray[np.float32],
    features: NDArray[np.float32],
    eyes: Sequence[Eye],
    enough: float,
) -> Iterator[Lenses]:
    """Lenses along which lines of light run, ``enough`` (0..1) of what glasses usually show of them."""
    size = image.shape[0]
    face, hidden = (resampled(values, size) for values in (skin, features))
    light, dark = lines_of(image, face)
    seen = _Seen(sides_of(eyes, size), light, dark, (hidden < HIDDEN) & (face > SHOWN), size)
    pairs = seen.pairs()
    first = [seen.refined(pair) for pair in pairs[:COMPARED]]
    if max(clear for clear, _ in first) < HOPELESS * enough:
        return
    fitting = [found for found in first if found[0] >= enough]
    # Beside a dark line both borders look light, less so than it is dark; generators see that themselves. Of
    # several outlines the best is asked: others may lie on a dark frame's outer border.
    if fitting and seen.is_dark(fitting[0][1]):
        return
    yield from (lenses for _, lenses in sorted(fitting, key=lambda found: -found[0]))
    others = (lenses for clear, lenses in map(seen.refined, pairs[COMPARED:]) if clear >= enough)
    yield from itertools.takewhile(lambda lenses: not seen.is_dark(lenses), others)


@dataclass(frozen=True)
class _Seen:
    """Lines of light and of dark before two eyes, and where a picture of ``size`` px a side shows skin."""

    sides: tuple[Side, Side]
    light: Lines
    dark: Lines
    shown: NDArray[np.bool_]
    size: int

    def pairs(self) -> list[tuple[int, int]]:
        """The best pairs of TRIED, at least COMPARED."""
        outlines = np.stack([lens.outline() for lens in TRIED])
        left, right = (
            _scores(outlines, side, self.light, self.shown, self.size, NEARLY)[0] for side in self.sides
        )
        return _alike(left, right)

    def refined(self, pair: tuple[int, int]) -> tuple[float, Lenses]:
        """The best lenses near to a pair of TRIED, and how clear the lines along them are, 1: as usual."""
        left, right = (
            _refined(TRIED[place], side, self.light, self.shown, self.size)
            for side, place in zip(self.sides, pair, strict=True)
        )
        clear = min(min(weakest / SEEN, whole / SEEN_WHOLE) for _, weakest, whole in (left, right))
        return clear, (left[0], right[0])

    def is_dark(self, lenses: Lenses) -> bool:
        """Whether lines of dark run along lenses rather than lines of light."""
        bright, darker = (
            sum(
                lines.near(side.places(lens.outline()), NEARLY)
                for lens, side in zip(lenses, self.sides, strict=True)
            )
            for lines in (self.light, self.dark)
        )
        return bright <= darker


def _before(eyes: Sequence[Eye], cells: int) -> NDArray[np.bool_]:
    """Which cells of a map lie before two eyes, where glasses are worn: bool [cells, cells]."""
    beside, below = Pair.of(eyes).beside_and_below(cells)
    return np.asarray((np.abs(beside) < BESIDE_EYES) & (below > -ABOVE_EYES) & (below < BELOW_EYES))


def _refined(
    lens: LensForm, side: Side, lines: Lines, shown: NDArray[np.bool_], size: int
) -> tuple[LensForm, float, float]:
    """The best lens near to one, and how clear the weakest quarter of it is, and all of it."""
    weakest = 0.0
    for step in FINER:
        moved = itertools.product((-step, 0.0, step), repeat=4)
        near = [
            replace(
                lens,
                outwards=lens.outwards + out,
                lower=lens.lower + low,
                half_width=lens.half_width + wide,
                half_height=lens.half_height + high,
            )
            for out, low, wide, high in moved
        ]
        fits, parts = _scores(np.stack([one.outline() for one in near]), side, lines, shown, size, MISSED)
        best = int(fits.argmax())
        lens, weakest = near[best], float(parts[best])
    places = side.places(lens.outline())
    return lens, weakest, float(_clearest(places, tangents_of(places), lines, MISSED).mean())


def _scores(
    outlines: Points, side: Side, lines: Lines, shown: NDArray[np.bool_], size: int, missed: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """How each outline (float32 [N, POINTS, 2]) fits, and how its weakest quarter does: float32 [N]."""
    places = side.places(outlines)
    tangents = tangents_of(places)
    column, row = cells_of(places, size)
    far = np.linalg.norm(outlines * np.array((LID_WIDE, 1.0)), axis=-1) > LID
    counted = shown[row, column] & far
    clear = _clearest(places, tangents, lines, missed)
    aside = BESIDE_AT * side.apart * across(tangents)
    beside = [_mean(lines.along(places + way * aside, tangents), counted) for way in (-1.0, 1.0)]
    fit = _mean(clear, counted) - BESIDE * (beside[0] + beside[1]) / 2
    quarter = POINTS // 4
    # Quarters lie to the right, below, to the left and above.
    turned, counts = (np.roll(values, quarter // 2, axis=-1) for values in (clear, counted))
    quarters = [np.s_[:, start : start + quarter] for start in range(0, POINTS, quarter)]
    parts = [
        np.where(counts[part].sum(axis=-1) > 2, _mean(turned[part], counts[part]), 1.0) for part in quarters
    ]
    enough = counted.mean(axis=-1) >= LEAST
    return np.where(enough, fit, -1.0).astype(np.float32), np.where(enough, np.min(parts, axis=0), 0.0)


def _clearest(places: Points, tangents: Points, lines: Lines, missed: float) -> NDArray[np.float32]:
    """The clearest line along an outline, ``missed`` px of 256 away at most: float32 [..., POINTS]."""
    aside = missed * len(lines.strength) / 256 * across(tangents)
    return np.maximum.reduce([lines.along(places + way * aside, tangents) for way in (-1.0, 0.0, 1.0)])


def _mean(values: NDArray[np.float32], counted: NDArray[Any]) -> NDArray[np.float32]:
    return np.asarray((values * counted).sum(axis=-1) / np.maximum(counted.sum(axis=-1), 1), np.float32)


def _alike(left: NDArray[np.float32], right: NDArray[np.float32]) -> list[tuple[int, int]]:
    """The best pairs of lenses of one height, at one level and of one exponent: indices of TRIED."""
    forms = [(lens.lower, lens.half_height, lens.exponent) for lens in TRIED]
    pairs = []
    for form in dict.fromkeys(forms):
        members = np.array([place for place, other in enumerate(forms) if other == form])
        pairs.append((int(members[left[members].argmax()]), int(members[right[members].argmax()])))
    return sorted(pairs, key=lambda pair: -float(left[pair[0]] + right[pair[1]]))[:REFINED]
