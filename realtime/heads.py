"""Label probabilities to heads: which pixels are one person's face and hair, and where they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.realtime.regions import MIN_FACE_OF_HEAD, Box, label_indices, region_probability

# A pixel belongs to a face or a head when it is likelier than not.
LIKELY = 0.5
# Random texture reaches single likely pixels, seldom a whole region with such a mean probability.
MIN_CONFIDENCE = 0.65
# Smallest face, in cells of the probability map: fewer say nothing about its shape.
MIN_FACE_CELLS = 4
# Hair without a face (a head from behind) must be this many times larger: hair-like texture is common.
HAIR_ONLY_FACTOR = 6
# A second face in a crop counts as another person's when it has at least this share of the first one's cells.
OTHER_FACE_SHARE = 0.15
# Parts of a face: from the front three can be told, from the side or behind a hand two, on an arm none.
DETAILS = (("nose",), ("eyes", "brows", "glasses"), ("mouth", "upper_lip", "lower_lip"))
# A hand that touches the face, or bare shoulders, make one region with it: skin farther from the box of the
# details than these multiples of its longer side is not the face. Upwards there is room for a bald head.
FACE_REACH_UP, FACE_REACH_SIDE, FACE_REACH_DOWN = 1.5, 1.0, 0.8
# The details are where they are at least half as likely as anywhere on this region, and not below the floor.
# In a wide view those of small heads are faint, and yet several times as likely as on the clothes around.
DETAIL_OF_PEAK, DETAIL_FLOOR, DETAIL_FLOOR_WIDE = 0.5, 0.2, 0.03
# Share of the probability mass cut off at each side of a box: soft edges then move it smoothly, not by cells.
TAIL = 0.015


@dataclass(frozen=True)
class HeadView:
    """One head in a probability map of s x s cells; boxes in cells."""

    face: Box | None
    head: Box
    # float32 [s, s], 1 where a pixel may be this person's, 0 where it is somebody else's.
    own: NDArray[np.float32]
    # Cells of face and hair, as a share of the map.
    share: float
    # Mean probability of face or hair over these cells.
    confidence: float
    # Mean of the two surest of DETAILS, 0..1; None where the model does not know them or no face is seen.
    detail: float | None = None

    @property
    def from_behind(self) -> bool:
        """No face is seen, or so little (an ear) that it says nothing."""
        if self.face is None:
            return True
        size = (self.face.width + self.face.height) / 2
        return size <= MIN_FACE_OF_HEAD * min(self.head.width, self.head.height)


@dataclass(frozen=True)
class _Maps:
    """Probabilities of one map, float32 [s, s] each: the face, face and hair together, and the DETAILS."""

    face: NDArray[np.float32]
    head: NDArray[np.float32]
    details: list[NDArray[np.float32]]


class HeadFinder:
    """Finds heads in probability maps of one label set."""

    def __init__(self, labels: Sequence[str]) -> None:
        self._face = label_indices(["face"], labels)
        self._head = label_indices(["face", "hair"], labels)
        lowered = [label.lower() for label in labels]
        groups = [tuple(lowered.index(name) for name in group if name in lowered) for group in DETAILS]
        self._details = [group for group in groups if group]

    def all(self, probabilities: NDArray[np.float32]) -> list[HeadView]:
        """Every head of a map (float32 [L, s, s]): one per face, and one per lonely head of hair."""
        maps = self._maps(probabilities)
        _, face_parts = _parts(maps.face > LIKELY)
        faces = [part for part in face_parts if np.count_nonzero(part) >= MIN_FACE_CELLS]
        views = [
            self._view(maps, part, [f for f in faces if f is not part], DETAIL_FLOOR_WIDE) for part in faces
        ]
        _, head_parts = _parts(maps.head > LIKELY)
        for part in head_parts:
            lonely = not any((part & known).any() for known in faces)
            if lonely and np.count_nonzero(part) >= MIN_FACE_CELLS * HAIR_ONLY_FACTOR:
                views.append(_without_face(maps.head, part))
        return [view for view in views if view.confidence >= MIN_CONFIDENCE]

    def one(
        self, probabilities: NDArray[np.float32], near: Box, inside: NDArray[np.float32]
    ) -> HeadView | None:
        """The head of a map (float32 [L, s, s]) nearest to the box ``near`` (cells), None without any.

        ``inside``: float32 [s, s], 1 where the crop lies in the frame; the replicated border beyond it may
        look like a head and is none.
        """
        maps = self._maps(probabilities * inside)
        _, parts = _parts(maps.face > LIKELY)
        parts = [part for part in parts if np.count_nonzero(part) >= MIN_FACE_CELLS]
        if parts:
            own = max(parts, key=lambda part: _closeness(part, near))
            least = OTHER_FACE_SHARE * np.count_nonzero(own)
            others = [part for part in parts if part is not own and np.count_nonzero(part) >= least]
            view = self._view(maps, own, others, DETAIL_FLOOR)
        else:
            _, parts = _parts(maps.head > LIKELY)
            parts = [part for part in parts if np.count_nonzero(part) >= MIN_FACE_CELLS * HAIR_ONLY_FACTOR]
            if not parts:
                return None
            view = _without_face(maps.head, max(parts, key=lambda part: _closeness(part, near)))
        return view if view.confidence >= MIN_CONFIDENCE else None

    def _maps(self, probabilities: NDArray[np.float32]) -> _Maps:
        return _Maps(
            region_probability(probabilities, self._face),
            region_probability(probabilities, self._head),
            [region_probability(probabilities, group) for group in self._details],
        )

    def _view(
        self, maps: _Maps, whole_face: NDArray[np.bool_], other_faces: list[NDArray[np.bool_]], floor: float
    ) -> HeadView:
        own_face = _without_limbs(whole_face, maps.details, floor)
        head = np.where(whole_face & ~own_face, np.float32(0), maps.head)
        own = _territory(own_face, other_faces)
        # Only what hangs together with the face is its hair; one cell of gap (a brow band, a cap) is allowed.
        # A square of 2 closes one cell; one of 3 grows both sides and closes two.
        joined = cv2.dilate(((head > LIKELY) & (own > 0)).astype(np.uint8), np.ones((2, 2), np.uint8))
        _, parts = _parts(joined > 0)
        connected = max(parts, key=lambda part: np.count_nonzero(part & own_face), default=own_face)
        own = own * _grow(connected)
        cells = (head > LIKELY) & connected
        return HeadView(
            face=_soft_box(maps.face * own_face),
            head=_soft_box(head * (connected & (own > 0))),
            own=own,
            share=float(np.count_nonzero(cells) / cells.size),
            confidence=float(head[own_face].mean()),
            detail=_detail(maps.details, own_face),
        )


def _detail(details: list[NDArray[np.float32]], face: NDArray[np.bool_]) -> float | None:
    """See HeadView.detail."""
    if len(details) < 2:
        return None
    surest = [float(detail[face].max()) for detail in details]
    return sum(sorted(surest)[-2:]) / 2


def _without_limbs(
    face: NDArray[np.bool_], details: list[NDArray[np.float32]], floor: float
) -> NDArray[np.bool_]:
    """The part of a connected region of face labels that lies near eyes, nose and mouth, if they are seen."""
    if len(details) < 2:
        return face
    seen = np.maximum.reduce(details) * face
    peak = float(seen.max())
    if peak < floor:
        return face
    seen[seen < max(floor, DETAIL_OF_PEAK * peak)] = 0
    box = _soft_box(seen)
    size = max(box.width, box.height)
    centers = np.arange(len(face)) + 0.5
    columns = np.abs(centers - box.center[0]) <= box.width / 2 + FACE_REACH_SIDE * size
    rows = (centers >= box.top - FACE_REACH_UP * size) & (centers <= box.bottom + FACE_REACH_DOWN * size)
    near: NDArray[np.bool_] = face & rows[:, None] & columns
    return near


def _without_face(head: NDArray[np.float32], part: NDArray[np.bool_]) -> HeadView:
    share = float(np.count_nonzero(part) / part.size)
    return HeadView(None, _soft_box(head * part), _grow(part), share, float(head[part].mean()))


def _parts(mask: NDArray[np.bool_]) -> tuple[int, list[NDArray[np.bool_]]]:
    """Number and masks of the connected regions of a mask."""
    count, numbered = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    return count - 1, [numbered == index for index in range(1, count)]


def _territory(own_face: NDArray[np.bool_], other_faces: list[NDArray[np.bool_]]) -> NDArray[np.float32]:
    """1 where the own face is the nearest one: where people touch, each keeps the nearer hair."""
    own = np.ones(own_face.shape, np.float32)
    for other in other_faces:
        own[_distance(other) < _distance(own_face)] = 0.0
    return own


def _distance(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    return np.asarray(cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 3), np.float32)


def _grow(part: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The region and a rim of it: the soft edge of a mask lies outside the likely cells."""
    return cv2.dilate(part.astype(np.float32), np.ones((5, 5), np.uint8)).astype(np.float32)


def _closeness(part: NDArray[np.bool_], near: Box) -> float:
    """Cells of the part, each counting less the farther it is from the box's centre."""
    rows, columns = np.nonzero(part)
    x, y = near.center
    reach = max(near.width, near.height, 1.0)
    squared = ((columns + 0.5 - x) ** 2 + (rows + 0.5 - y) ** 2) / reach**2
    return float(np.exp(-squared).sum())


def _soft_box(weights: NDArray[np.float32]) -> Box:
    """Box of a map of weights with parts of a cell: TAIL of the mass lies outside at each side."""
    left, right = _extent(weights.sum(axis=0))
    top, bottom = _extent(weights.sum(axis=1))
    return Box(left, top, right, bottom)


def _extent(profile: NDArray[np.float32]) -> tuple[float, float]:
    mass = np.concatenate([[0.0], np.cumsum(profile, dtype=np.float64)])
    low, high = np.interp([TAIL * mass[-1], (1 - TAIL) * mass[-1]], mass, np.arange(len(mass)))
    return float(low), float(high)
