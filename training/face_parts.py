"""Masks of eyes, brows and lips for photos whose own masks know only face and hair.

animirror prepare parts training/presets/segformer-faces-9.json

Only 770 portraits have eyes drawn by hand, all of them large and well lit. Face Mesh sees them in thousands
of photos; what it sees in a photo and in its mirror image alike is written down, the rest stays unknown.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from animirror.realtime.locate import SegmenterLike
from animirror.realtime.regions import head_crop, mask_box
from animirror.realtime.segment import load_segmenter
from animirror.realtime.zoo import Zoo
from animirror.training.face_mesh import OVAL, RINGS, FaceMesh, fill
from animirror.training.head_labels import FACE_VALUE, HAIR_VALUE
from animirror.training.options import MaskSet, SegformerOptions
from animirror.training.options_file import load_options
from animirror.training.parsing_data import read_image, read_mask
from animirror.training.prepared_masks import FACE_HAIR, prepare_masks, wanted_sets
from animirror.training.seen_parts import PLAIN, SEEN, UNKNOWN

# Picture (uint8 [H, W, 3] BGR) to points (float32 [478, 2]), as FaceMesh.
Mesh = Callable[[NDArray[np.uint8]], NDArray[np.float32] | None]

# Side of the head's crop that the mesh is shown, px: its networks look at 192 px of a face.
MESH_SIDE = 384
# The mesh fits the mask when so much of its oval is face or hair there, and so much of the face in the oval.
MIN_INSIDE, MIN_COVERED = 0.75, 0.5
# Eyes behind dark glasses are guessed: the segmenter sees glasses there (probability) and hardly eyes.
GLASSES, HARDLY_EYES = 0.5, 0.2


def run(arguments: Namespace) -> int:
    """`animirror prepare parts OPTIONS.json`."""
    options = load_options(SegformerOptions, Path(arguments.options))
    wanted = wanted_sets(options, arguments.options, "parts", FACE_HAIR)
    segmenter = load_segmenter(Zoo())
    with FaceMesh() as mesh:
        for item in wanted:
            seen, count = prepare_parts(Path(options.data_root), item, mesh, segmenter)
            Console(stderr=True).print(f"{item.parts}: parts of {seen} of {count} faces", soft_wrap=True)
    return 0


def prepare_parts(root: Path, item: MaskSet, mesh: Mesh, segmenter: SegmenterLike) -> tuple[int, int]:
    """Write a mask (seen_parts.SEEN) for every photo of a set with a mask; those that are there are kept.

    Returns in how many masks parts are known, and how many there are. Raises UserError naming a file that
    cannot be read.
    """
    return prepare_masks(
        root, item, Path(item.parts), lambda image, mask: _photo_parts(image, mask, mesh, segmenter)
    )


def _photo_parts(path: Path, mask: Path, mesh: Mesh, segmenter: SegmenterLike) -> NDArray[np.uint8]:
    image = read_image(path)
    values = read_mask(mask, image.shape[:2])
    unknown = np.zeros(values.shape, np.uint8)
    face = mask_box(values == FACE_VALUE)
    if face is None:
        return unknown
    crop = head_crop(face, face.union(mask_box(values == HAIR_VALUE) or face))
    shown = crop.extract(image, MESH_SIDE)
    there, square = crop.to_crop(MESH_SIDE), (MESH_SIDE, MESH_SIDE)
    parts = agreed_parts(shown, mesh)
    if not _fits(parts, np.asarray(cv2.warpAffine(values, there, square, flags=cv2.INTER_NEAREST), np.uint8)):
        return unknown
    parts[_behind_dark_glasses(parts, shown, segmenter)] = UNKNOWN
    size = (values.shape[1], values.shape[0])
    return np.asarray(
        cv2.warpAffine(parts, crop.to_frame(MESH_SIDE), size, flags=cv2.INTER_NEAREST), np.uint8
    )


def agreed_parts(image: NDArray[np.uint8], mesh: Mesh) -> NDArray[np.uint8]:
    """Values of SEEN, uint8 [S, S], where the mesh says the same of a picture and of its mirror image."""
    straight = draw_parts(mesh(image), image.shape[:2])
    mirrored = draw_parts(mesh(np.ascontiguousarray(image[:, ::-1])), image.shape[:2])[:, ::-1]
    return np.where(straight == mirrored, straight, np.uint8(UNKNOWN))


def draw_parts(points: NDArray[np.float32] | None, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Points of a mesh (float32 [478, 2]; None: no face) -> values of SEEN, uint8 of ``shape`` (H, W)."""
    parts = np.full(shape, UNKNOWN, np.uint8)
    if points is None:
        return parts
    parts[fill(points, OVAL, shape)] = PLAIN
    for name, rings in RINGS.items():
        for ring in rings:
            parts[fill(points, ring, shape)] = SEEN.index(name)
    return parts


def _fits(parts: NDArray[np.uint8], values: NDArray[np.uint8]) -> bool:
    """Whether the mesh lies where the mask has its face: it may have found somebody else."""
    oval, face = parts != UNKNOWN, values == FACE_VALUE
    inside = np.count_nonzero(oval & (face | (values == HAIR_VALUE)))
    return bool(
        oval.any()
        and inside >= MIN_INSIDE * np.count_nonzero(oval)
        and np.count_nonzero(oval & face) >= MIN_COVERED * np.count_nonzero(face)
    )


def _behind_dark_glasses(
    parts: NDArray[np.uint8], image: NDArray[np.uint8], segmenter: SegmenterLike
) -> NDArray[np.bool_]:
    """Where eyes are guessed behind dark glasses, and all that the glasses cover: bool [S, S]."""
    eyes = parts == SEEN.index("eyes")
    size = (segmenter.size, segmenter.size)
    shown = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    answer = segmenter(shown[None])[0]
    glasses, seen = (
        cv2.resize(answer[segmenter.labels.index(name)], parts.shape[::-1]) for name in ("glasses", "eyes")
    )
    if not eyes.any() or glasses[eyes].mean() < GLASSES or seen[eyes].mean() > HARDLY_EYES:
        return np.zeros(parts.shape, np.bool_)
    return np.asarray((glasses > HARDLY_EYES) | eyes)
