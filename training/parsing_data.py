"""Pictures with masks for the segmenter: reading, and codes of partial labels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from animirror.realtime.errors import UserError
from animirror.realtime.regions import REGIONS, Box, Crop, head_crop, label_indices, mask_box
from animirror.training.options import MaskSet
from animirror.training.seen_parts import plain_members, refined
from animirror.training.splits import Splits, pictures
from animirror.training.taught_labels import corrected

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

# CelebAMask-HQ's 19 values -> the 16 labels with left and right merged (regions.CELEBAMASK_LABELS).
CELEBAMASK19_TO_16 = (0, 1, 2, 3, 4, 4, 5, 5, 6, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
# Sets with masks of three values know groups of labels only; their codes follow the labels' own indices.
# "beside" is the rest near a face, where ears may be hidden. Were ears allowed everywhere in the rest, they
# would cost nothing there: a network trained so called whole streets ears. "plain": see seen_parts.
GROUPS = ("face", "rest", "beside", "plain")
# Those of them that are parts of a face and nothing else.
FACE_GROUPS = ("face", "plain")
# Stands for confusion.IGNORED in masks of bytes, in files, too.
IGNORED_BYTE = 255
# A hand is before the face where it covers this share of the head; a finger's tip at its border is none.
COVERED_SHARE = 0.01
# A hat's pixels are at least this share of the face's and the hair's.
HAT_SHARE = 0.03
# Ears stick out of a face by less than this share of its size, the root of its area.
EAR_REACH = 0.25

# Pictures are kept decoded in memory; a longer side than this gains nothing at training sizes.
MAX_SIDE = 400


@dataclass(frozen=True)
class Sample:
    """One picture (uint8 [H, W, 3] BGR) and its codes (uint8 [H, W]: label, or L + index into GROUPS).

    ``hands``: where hands were seen in it (uint8 [H, W], values of hand_masks), None where none were;
    ``handed``: whether one is before the face or hair; ``hatted``: whether the head wears a hat.
    """

    image: NDArray[np.uint8]
    codes: NDArray[np.uint8]
    hands: NDArray[np.uint8] | None = None
    handed: bool = False
    hatted: bool = False


def group_members(labels: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Label indices of each group: what masks of three values call the rest holds ears beside a face.

    Ears are in no other group: were they in the face's too, they would be right on both sides of its border,
    and a network sure of nothing there called necks and cheeks ears (segformer-faces-5 did).
    """
    lowered = [label.lower() for label in labels]
    whole = tuple(index for index, label in enumerate(lowered) if label in REGIONS["face"])
    hair = label_indices(["hair"], labels)
    ears = tuple(index for index, label in enumerate(lowered) if label == "ears")
    face = tuple(index for index in whole if index not in ears)
    rest = tuple(index for index in range(len(labels)) if index not in whole and index not in hair)
    return {"face": face, "rest": rest, "beside": rest + ears, "plain": plain_members(face, labels)}


def group_code(name: str, count: int) -> int:
    """The code of one of GROUPS where there are ``count`` labels."""
    return count + GROUPS.index(name)


def mark_beside(codes: NDArray[np.uint8], count: int) -> NDArray[np.uint8]:
    """Codes (uint8 [H, W]) of ``count`` labels with the rest near the face as "beside" (see GROUPS)."""
    face, rest, beside = (group_code(name, count) for name in ("face", "rest", "beside"))
    is_face = codes == face
    if not is_face.any():
        return codes
    distance = cv2.distanceTransform((~is_face).astype(np.uint8), cv2.DIST_L2, 3)
    near = distance <= EAR_REACH * math.sqrt(np.count_nonzero(is_face))
    return np.where(near & (codes == rest), np.uint8(beside), codes)


def _coding_table(coding: str, labels: Sequence[str]) -> tuple[int, ...]:
    """The code of every mask value. Raises UserError for labels without hair where the coding has some."""
    count = len(labels)
    if coding == "celebamask19":
        return CELEBAMASK19_TO_16
    if coding == "face_hair":
        rest, face = (group_code(name, count) for name in ("rest", "face"))
        return rest, face, label_indices(["hair"], labels)[0]
    return tuple(range(count))


def decode_mask(values: NDArray[np.uint8], coding: str, labels: Sequence[str]) -> NDArray[np.uint8]:
    """Mask values as written in the file -> codes; IGNORED_BYTE stays what it is.

    Raises ValueError for another value that the coding lacks.
    """
    table = np.array(_coding_table(coding, labels), dtype=np.uint8)
    greatest = values.max(initial=0, where=values != IGNORED_BYTE)
    if greatest >= len(table):
        raise ValueError(f"value {greatest} is not one of the {len(table)} of coding '{coding}'")
    padded = np.pad(table, (0, 256 - len(table)), constant_values=IGNORED_BYTE)
    return np.asarray(padded[values])


def read_mask(path: Path, shape: tuple[int, int] | None = None) -> NDArray[np.uint8]:
    """The values of a mask, uint8 [H, W], as the file holds them, brought to the photo's ``shape`` (H, W).

    Raises UserError naming the file.
    """
    try:
        with Image.open(path) as opened:
            size = opened.size if shape is None else (shape[1], shape[0])
            return np.asarray(opened.resize(size, Image.Resampling.NEAREST), dtype=np.uint8)
    except (OSError, UnidentifiedImageError) as error:
        raise UserError(f"The training mask {path} cannot be read: {error}.") from error


def read_codes(
    path: Path, coding: str, labels: Sequence[str], shape: tuple[int, int] | None = None
) -> NDArray[np.uint8]:
    """A mask's codes, uint8 [H, W]: indices of ``labels`` and beyond; ``shape``: see read_mask.

    Raises UserError naming the file.
    """
    try:
        return decode_mask(read_mask(path, shape), coding, labels)
    except ValueError as error:
        raise UserError(f"The training mask {path} does not fit its set: {error}.") from error


def read_image(path: Path) -> NDArray[np.uint8]:
    """A training picture, uint8 [H, W, 3] BGR. Raises UserError naming the file."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise UserError(f"The training picture {path} cannot be read; remove or replace it.")
    return np.asarray(image, np.uint8)


def read_sample(
    image_path: Path,
    mask_path: Path,
    coding: str,
    labels: Sequence[str],
    max_side: int = MAX_SIDE,
    parts_path: Path | None = None,
    hands_path: Path | None = None,
    taught_path: Path | None = None,
) -> Sample:
    """``parts_path``: a mask of seen parts that refines the other, where the file exists; ``taught_path``: a
    teacher's mask that corrects it likewise; ``hands_path``: a mask of hands, which are no face and no hair,
    whatever the other masks say.

    Raises UserError naming the file that is unreadable or does not fit its partner.
    """
    image = read_image(image_path)
    codes = mark_beside(read_codes(mask_path, coding, labels), len(labels))
    if parts_path is not None and parts_path.is_file():
        codes = _refine(codes, parts_path, labels)
    if taught_path is not None and taught_path.is_file():
        codes = _correct(codes, taught_path, labels)
    height, width = image.shape[:2]
    scale = min(1.0, max_side / max(height, width))
    target = (round(width * scale), round(height * scale))
    hatted = _wears_hat(codes, labels)
    hands, handed = None, False
    if hands_path is not None and hands_path.is_file():
        found = read_mask(hands_path, (height, width))
        if found.any():
            head = HeadMeter(labels).is_head(codes)
            before = (found > 0) & (head | (codes == IGNORED_BYTE))
            handed = bool(np.count_nonzero(before) > COVERED_SHARE * np.count_nonzero(head))
            codes = np.where(before, np.uint8(group_code("rest", len(labels))), codes)
            hands = np.asarray(cv2.resize(found, target, interpolation=cv2.INTER_NEAREST), np.uint8)
    return Sample(
        np.asarray(cv2.resize(image, target, interpolation=cv2.INTER_AREA), np.uint8),
        np.asarray(cv2.resize(codes, target, interpolation=cv2.INTER_NEAREST), np.uint8),
        hands,
        handed,
        hatted,
    )


def _wears_hat(codes: NDArray[np.uint8], labels: Sequence[str]) -> bool:
    names = [label.lower() for label in labels]
    hat = np.isin(codes, [index for index, name in enumerate(names) if name == "hat"])
    head = [index for index, name in enumerate(names) if name in REGIONS["face"] | REGIONS["hair"]]
    head += [group_code(name, len(labels)) for name in FACE_GROUPS]
    return bool(np.count_nonzero(hat) > HAT_SHARE * np.count_nonzero(np.isin(codes, head)))


def _refine(codes: NDArray[np.uint8], parts_path: Path, labels: Sequence[str]) -> NDArray[np.uint8]:
    face, plain = (group_code(name, len(labels)) for name in FACE_GROUPS)
    height, width = codes.shape
    try:
        return refined(codes, read_mask(parts_path, (height, width)), labels, face, plain)
    except ValueError as error:
        raise UserError(f"The mask of parts {parts_path} is none: {error}.") from error


def _correct(codes: NDArray[np.uint8], taught_path: Path, labels: Sequence[str]) -> NDArray[np.uint8]:
    faces = [group_code(name, len(labels)) for name in FACE_GROUPS]
    height, width = codes.shape
    try:
        return corrected(codes, read_mask(taught_path, (height, width)), labels, faces, IGNORED_BYTE)
    except ValueError as error:
        raise UserError(f"The teacher's mask {taught_path} is none: {error}.") from error


def read_set(
    root: Path,
    mask_set: MaskSet,
    splits: Splits,
    labels: Sequence[str],
    validation: bool,
    max_side: int = MAX_SIDE,
) -> list[Sample]:
    """All pictures of one part of a set that have a mask, decoded, no side longer than ``max_side``."""
    masked = dict(masked_pictures(root, mask_set))
    pairs = [(image, masked[image]) for image in splits.part(mask_set.name, list(masked), validation)]
    if not pairs:
        raise UserError(
            f"The set '{mask_set.name}' has no picture in {mask_set.picture_folder(root)} with a mask in "
            f"{mask_set.mask_folder(root)}."
        )
    parts = Path(mask_set.parts) if mask_set.parts else None
    # Validation masks stay what they are: scores with and without hands compare.
    hands = Path(mask_set.hands) if mask_set.hands and not validation else None
    taught = Path(mask_set.taught) if mask_set.taught and not validation else None
    with ThreadPoolExecutor(max_workers=2) as pool:
        read = pool.map(
            lambda pair: read_sample(
                pair[0],
                pair[1],
                mask_set.coding,
                labels,
                max_side,
                parts / pair[1].name if parts else None,
                hands / pair[1].name if hands else None,
                taught / pair[1].name if taught else None,
            ),
            pairs,
        )
        return list(read)


def masked_pictures(root: Path, mask_set: MaskSet) -> list[tuple[Path, Path]]:
    """A set's pictures that have a mask, with it."""
    photos, masks = mask_set.picture_folder(root), mask_set.mask_folder(root)
    pairs = [(path, masks / f"{path.stem}.png") for path in pictures(photos, mask_set.prefix)]
    return [(image, mask) for image, mask in pairs if mask.is_file()]


def normalise(frames: NDArray[np.uint8]) -> torch.Tensor:
    """uint8 [..., H, W, 3] BGR -> float32 [..., 3, H, W] RGB, standardised as for ImageNet."""
    rgb = torch.from_numpy(np.ascontiguousarray(frames[..., ::-1])).float() / 255.0
    normalised = (rgb - torch.tensor(IMAGENET_MEAN)) / torch.tensor(IMAGENET_STD)
    return normalised.movedim(-1, -3).contiguous()


class HeadMeter:
    """Finds the crop that the filter would cut around the head of a sample."""

    def __init__(self, labels: Sequence[str]) -> None:
        count = len(labels)
        face = [*label_indices(["face"], labels), *(group_code(name, count) for name in FACE_GROUPS)]
        self._is_face = np.zeros(256, bool)
        self._is_face[face] = True
        self._is_head = self._is_face.copy()
        self._is_head[list(label_indices(["hair"], labels))] = True

    def is_head(self, codes: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Where codes are face or hair: bool of the same shape."""
        return np.asarray(self._is_head[codes])

    def is_face(self, codes: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Where codes are face: bool of the same shape."""
        return np.asarray(self._is_face[codes])

    def largest_face(self, codes: NDArray[np.uint8]) -> NDArray[np.bool_] | None:
        """The pixels of the largest face, bool of the codes' shape; None where there is none."""
        _, parts, stats, _ = cv2.connectedComponentsWithStats(self.is_face(codes).astype(np.uint8))
        return None if len(stats) < 2 else parts == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))

    def boxes(self, codes: NDArray[np.uint8]) -> tuple[Box | None, Box | None]:
        """Boxes of the face and of the head (face and hair), in the sample's pixels."""
        return mask_box(self.is_face(codes)), mask_box(self.is_head(codes))

    def crop(self, codes: NDArray[np.uint8]) -> Crop | None:
        face, head = self.boxes(codes)
        return None if head is None else head_crop(face, head)
