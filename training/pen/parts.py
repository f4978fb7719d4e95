"""A head's labels made fit for drawing: the head in the middle alone, without islands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from animirror.training.pen.paint import Map, blurred

FACE = ("skin", "nose", "eyes", "brows", "mouth", "upper_lip", "lower_lip", "glasses")
NEEDED = (*FACE, "ears", "hair", "neck")
# Smallest face worth drawing, as a share of the picture.
MIN_FACE = 0.02
# Hair further than this from the face belongs to somebody else, units.
HAIR_REACH = 7.0
# Islands of hair under so many square units are noise.
MIN_ISLAND = 240.0
# Masks are smoothed by this, units, before their rims are drawn: a line shows every wobble.
SMOOTH = 1.5


@dataclass(frozen=True)
class Parts:
    """Maps float32 [S, S] in 0..1 of the labels in NEEDED, by name; zero where a label is not there."""

    maps: Mapping[str, Map]
    unit: float

    def __getitem__(self, name: str) -> Map:
        return self.maps[name]

    def together(self, *names: str) -> Map:
        """The sum of several labels, at most 1."""
        return np.asarray(np.clip(sum(self.maps[name] for name in names), 0.0, 1.0), np.float32)

    @cached_property
    def face(self) -> Map:
        return self.together(*FACE)

    @cached_property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, width, height of the face, px."""
        rows, columns = np.nonzero(self.face > 0.5)
        left, top = float(columns.min()), float(rows.min())
        return left, top, float(columns.max()) - left + 1.0, float(rows.max()) - top + 1.0


def tidied(labels: Mapping[str, Map]) -> Parts | None:
    """The head nearest to the middle; None where there is no face worth drawing.

    ``labels``: probabilities float32 [S, S] by label name (CelebAMask-HQ's, merged); all of one size.
    """
    size = next(iter(labels.values())).shape[0]
    nothing = np.zeros((size, size), np.float32)
    maps, unit = {name: labels.get(name, nothing) for name in NEEDED}, size / 256.0
    face = _middle_face(np.clip(sum((maps[name] for name in (*FACE, "ears")), nothing), 0, 1), unit)
    if face is None:
        return None
    for name in (*FACE, "ears"):
        maps[name] = maps[name] * face
    maps["hair"] = maps["hair"] * _hair_of(face, maps["hair"], unit)
    parts = Parts(maps, unit)
    return parts if (parts.face > 0.5).any() else None


def _middle_face(face: Map, unit: float) -> Map | None:
    count, islands, facts, centers = cv2.connectedComponentsWithStats(
        (blurred(face, SMOOTH * unit) > 0.5).astype(np.uint8)
    )
    size = face.shape[0]
    areas = facts[1:, cv2.CC_STAT_AREA].astype(np.float64)
    if count < 2:
        return None
    away = np.square(centers[1:] - size / 2.0).sum(axis=1) / (0.25 * size) ** 2
    chosen = int(np.argmax(areas * np.exp(-away)))
    if areas[chosen] < MIN_FACE * size**2:
        return None
    shape = (islands == 1 + chosen).astype(np.uint8)
    return blurred(_grown(shape, 3.0 * unit).astype(np.float32), unit)


def _hair_of(face: Map, hair: Map, unit: float) -> Map:
    near = _grown((face > 0.5).astype(np.uint8), HAIR_REACH * unit).astype(bool)
    count, islands, facts, _ = cv2.connectedComponentsWithStats(
        (blurred(hair, SMOOTH * unit) > 0.5).astype(np.uint8)
    )
    kept: Sequence[int] = [
        index
        for index in range(1, count)
        if facts[index, cv2.CC_STAT_AREA] > MIN_ISLAND * unit**2 and near[islands == index].any()
    ]
    return blurred(_grown(np.isin(islands, kept).astype(np.uint8), 2.0 * unit).astype(np.float32), unit)


def _grown(shape: np.ndarray, radius: float) -> np.ndarray:
    side = 2 * max(1, round(radius)) + 1
    return np.asarray(cv2.dilate(shape, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))))
