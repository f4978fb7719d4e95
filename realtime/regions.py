"""Labels to regions, boxes and crops: pure geometry, shared by the filter and by training data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.realtime.errors import UserError

# The 19 labels of CelebAMask-HQ (Lee et al., CVPR 2020) with left and right merged.
CELEBAMASK_LABELS = (
    "background",
    "skin",
    "nose",
    "glasses",
    "eyes",
    "brows",
    "ears",
    "mouth",
    "upper_lip",
    "lower_lip",
    "hair",
    "hat",
    "earring",
    "necklace",
    "neck",
    "cloth",
)  # fmt: skip

# Of single labels, in lower case, those that several rooms look for.
BROWS_LABEL, GLASSES_LABEL = "brows", "glasses"

# Region -> label names of every label set that we know (CelebAMask-HQ merged, ATR), lower case.
REGIONS: dict[str, frozenset[str]] = {
    "face": frozenset("face skin nose glasses sunglasses eyes brows ears mouth upper_lip lower_lip".split()),
    "hair": frozenset({"hair"}),
    "hat": frozenset({"hat"}),
    "neck": frozenset({"neck", "necklace", "scarf"}),
    "jewellery": frozenset({"earring", "necklace"}),
    "clothes": frozenset("cloth upper-clothes skirt pants dress belt scarf".split()),
}
DEFAULT_REGIONS = ("face", "hair")

# Anime training faces take 0.40 to 0.45 of their 256 px pictures (chin to hairline), selfies 0.6: a head
# crop stands between, and both training domains are cropped to it, so that live and training scales agree.
FACE_SHARE = 0.52
# Hair may make the crop larger, but never so large that the face falls under this share of it.
MIN_FACE_SHARE = 0.32
# A "face" smaller than this share of its head's shorter side is an ear or a cheek seen from behind, and no
# scale for a crop: the crop would shrink onto it. A face from the front has 0.4 even under very full hair.
MIN_FACE_OF_HEAD = 0.25
# Free border on each side, as a share of the head's box: feathering and the next frame's motion need room.
HEAD_MARGIN = 0.10


@dataclass(frozen=True)
class Box:
    """A rectangle in pixel coordinates; right and bottom are exclusive; may reach past the frame."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def center(self) -> tuple[float, float]:
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    @property
    def mean_side(self) -> float:
        """Half of width and height: profiles are narrow and open mouths long, their mean is steadier."""
        return (self.width + self.height) / 2

    @property
    def area(self) -> float:
        return max(0.0, self.width) * max(0.0, self.height)

    def intersection(self, other: Box) -> Box:
        """The common part; has area 0 (possibly negative sides) where the boxes do not meet."""
        return Box(
            max(self.left, other.left),
            max(self.top, other.top),
            min(self.right, other.right),
            min(self.bottom, other.bottom),
        )

    def union(self, other: Box) -> Box:
        """The smallest box that holds both."""
        return Box(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

    def iou(self, other: Box) -> float:
        """Intersection over union, 0 to 1."""
        common = self.intersection(other).area if self.overlaps(other) else 0.0
        total = self.area + other.area - common
        return common / total if total > 0 else 0.0

    def overlaps(self, other: Box) -> bool:
        common = self.intersection(other)
        return common.width > 0 and common.height > 0


@dataclass(frozen=True)
class Crop:
    """A square in frame coordinates (pixels): centre and side. May reach past the frame's border."""

    center_x: float
    center_y: float
    side: float

    @property
    def box(self) -> Box:
        half = self.side / 2
        return Box(self.center_x - half, self.center_y - half, self.center_x + half, self.center_y + half)

    def to_crop(self, size: int) -> NDArray[np.float64]:
        """2x3 affine matrix from frame pixels to the pixels of the size x size crop.

        Pixel centres are kept: frame coordinate u and crop coordinate v satisfy
        v + 0.5 = (u + 0.5 - left) * size / side, OpenCV's convention for resizing.
        """
        scale = size / self.side
        box = self.box
        return np.array(
            [
                [scale, 0.0, (0.5 - box.left) * scale - 0.5],
                [0.0, scale, (0.5 - box.top) * scale - 0.5],
            ]
        )

    def to_frame(self, size: int) -> NDArray[np.float64]:
        """2x3 affine matrix from crop pixels back to frame pixels: the inverse of :meth:`to_crop`."""
        return np.asarray(cv2.invertAffineTransform(self.to_crop(size)))

    def extract(
        self, frame: NDArray[np.uint8], size: int, border: int = cv2.BORDER_REPLICATE
    ) -> NDArray[np.uint8]:
        """The crop as a size x size picture (same channels and dtype as the frame).

        Shrinking averages areas (no aliasing, so nothing shimmers between frames); enlarging is bilinear.
        Outside the frame the border is replicated, or constant (black) with cv2.BORDER_CONSTANT.
        """
        matrix = self.to_crop(size)
        if self.side >= 2 * size:
            shrink = int(self.side // size)
            return _extract_shrunk(frame, self, size, shrink, border)
        return np.asarray(
            cv2.warpAffine(frame, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=border),
            dtype=np.uint8,
        )


def _extract_shrunk(
    frame: NDArray[np.uint8], crop: Crop, size: int, shrink: int, border: int
) -> NDArray[np.uint8]:
    """Sample at a whole multiple of the wanted size, then average blocks: a warp alone would alias."""
    large = size * shrink
    sampled = cv2.warpAffine(
        frame, crop.to_crop(large), (large, large), flags=cv2.INTER_LINEAR, borderMode=border
    )
    return np.asarray(cv2.resize(sampled, (size, size), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def whole_frame(height: int, width: int) -> Crop:
    """The square that letterboxes a frame of height x width pixels: its centre, its longer side."""
    return Crop(width / 2, height / 2, float(max(height, width)))


def head_crop(face: Box | None, head: Box) -> Crop:
    """The square around one head: the face at its usual share of the side, all the hair inside.

    ``face`` is the box of the face labels, None where none is seen (a head from behind); ``head`` the box
    of face and hair together (hat and beard included). Frame coordinates in, frame coordinates out.
    """
    needed = max(head.width, head.height) * (1 + 2 * HEAD_MARGIN)
    face_size = 0.0 if face is None or face.area <= 0 else face.mean_side
    if face is None or face_size <= MIN_FACE_OF_HEAD * min(head.width, head.height):
        return Crop(*head.center, side=needed)
    side = min(max(face_size / FACE_SHARE, needed), face_size / MIN_FACE_SHARE)
    return Crop(
        _center_near_face(head.left, head.right, face.left, face.right, side),
        _center_near_face(head.top, head.bottom, face.top, face.bottom, side),
        side,
    )


def _center_near_face(
    head_low: float, head_high: float, face_low: float, face_high: float, side: float
) -> float:
    """Centre of the head along one axis, moved as little as needed to keep the face's margin inside."""
    center = (head_low + head_high) / 2
    margin = HEAD_MARGIN * side
    low, high = face_high + margin - side / 2, face_low - margin + side / 2
    return float(np.clip(center, min(low, high), max(low, high)))


def mask_box(mask: NDArray[np.bool_]) -> Box | None:
    """Box of the true pixels of a height x width mask, in its own pixels; None where there are none."""
    rows = np.flatnonzero(mask.any(axis=1))
    columns = np.flatnonzero(mask.any(axis=0))
    if rows.size == 0:
        return None
    return Box(float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1))


def box_to_frame(box: Box, crop: Crop, size: int) -> Box:
    """A box in the pixels of a size x size crop, in frame coordinates."""
    scale, origin = crop.side / size, crop.box
    return Box(
        origin.left + box.left * scale,
        origin.top + box.top * scale,
        origin.left + box.right * scale,
        origin.top + box.bottom * scale,
    )


def label_indices(names: Iterable[str], labels: Sequence[str]) -> tuple[int, ...]:
    """Indices into ``labels`` of the regions or single labels in ``names`` (case ignored).

    Raises UserError for a name that is neither a region nor a label of this model, and for a region
    of which this model has no label.
    """
    lowered = [label.lower() for label in labels]
    chosen: set[int] = set()
    for name in names:
        wanted = REGIONS.get(name.lower(), frozenset({name.lower()}))
        found = {index for index, label in enumerate(lowered) if label in wanted}
        if not found:
            known = sorted(region for region in REGIONS if REGIONS[region] & set(lowered))
            raise UserError(
                f"'{name}' is neither a region nor a label of this segmenter; "
                f"regions: {', '.join(known)}; labels: {', '.join(labels)}."
            )
        chosen |= found
    return tuple(sorted(chosen))


def known_indices(names: Iterable[str], labels: Sequence[str]) -> tuple[int, ...]:
    """Indices into ``labels`` of those single labels in ``names`` (lower case) that this model knows."""
    wanted = set(names)
    return tuple(index for index, label in enumerate(labels) if label.lower() in wanted)


def resampled(values: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """A square map, float32 [s, s], in ``size`` cells a side, linearly."""
    return np.asarray(cv2.resize(values, (size, size), interpolation=cv2.INTER_LINEAR), np.float32)


def region_probability(probabilities: NDArray[np.float32], indices: Sequence[int]) -> NDArray[np.float32]:
    """Sum over the given labels: float32 [..., L, h, w] in 0..1 -> float32 [..., h, w] in 0..1."""
    chosen = np.ascontiguousarray(probabilities[..., list(indices), :, :])
    total: NDArray[np.float32] = np.minimum(chosen.sum(axis=-3, dtype=np.float32), np.float32(1.0))
    return total
