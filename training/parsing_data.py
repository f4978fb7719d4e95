"""Pictures with masks for the segmenter: reading, codes of partial labels, what webcams do to a picture."""

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
from torch.utils.data import Dataset

from animirror.realtime.errors import UserError
from animirror.realtime.regions import REGIONS, Box, Crop, head_crop, label_indices, mask_box, whole_frame
from animirror.training.confusion import IGNORED
from animirror.training.options import MaskSet
from animirror.training.seen_parts import plain_members, refined
from animirror.training.splits import Splits, pictures

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
# Stands for confusion.IGNORED in masks of bytes.
IGNORED_BYTE = 255
# Ears stick out of a face by less than this share of its size, the root of its area.
EAR_REACH = 0.25

# Pictures are kept decoded in memory; a longer side than this gains nothing at training sizes.
MAX_SIDE = 400


@dataclass(frozen=True)
class Sample:
    """One picture (uint8 [H, W, 3] BGR) and its codes (uint8 [H, W]: label, or L + index into GROUPS)."""

    image: NDArray[np.uint8]
    codes: NDArray[np.uint8]


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


def mark_beside(codes: NDArray[np.uint8], count: int) -> NDArray[np.uint8]:
    """Codes (uint8 [H, W]) of ``count`` labels with the rest near the face as "beside" (see GROUPS)."""
    face, rest, beside = (count + GROUPS.index(name) for name in ("face", "rest", "beside"))
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
        rest, face = (count + GROUPS.index(name) for name in ("rest", "face"))
        return rest, face, label_indices(["hair"], labels)[0]
    return tuple(range(count))


def decode_mask(values: NDArray[np.uint8], coding: str, labels: Sequence[str]) -> NDArray[np.uint8]:
    """Mask values as written in the file -> codes. Raises ValueError for a value that the coding lacks."""
    table = np.array(_coding_table(coding, labels), dtype=np.uint8)
    if values.max(initial=0) >= len(table):
        raise ValueError(f"value {values.max()} is not one of the {len(table)} of coding '{coding}'")
    return np.asarray(table[values])


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
) -> Sample:
    """``parts_path``: a mask of seen parts that refines the other, where the file exists.

    Raises UserError naming the file that is unreadable or does not fit its partner.
    """
    image = read_image(image_path)
    codes = mark_beside(read_codes(mask_path, coding, labels), len(labels))
    if parts_path is not None and parts_path.is_file():
        codes = _refine(codes, parts_path, labels)
    height, width = image.shape[:2]
    scale = min(1.0, max_side / max(height, width))
    target = (round(width * scale), round(height * scale))
    return Sample(
        np.asarray(cv2.resize(image, target, interpolation=cv2.INTER_AREA), np.uint8),
        np.asarray(cv2.resize(codes, target, interpolation=cv2.INTER_NEAREST), np.uint8),
    )


def _refine(codes: NDArray[np.uint8], parts_path: Path, labels: Sequence[str]) -> NDArray[np.uint8]:
    face, plain = (len(labels) + GROUPS.index(name) for name in FACE_GROUPS)
    height, width = codes.shape
    try:
        return refined(codes, read_mask(parts_path, (height, width)), labels, face, plain)
    except ValueError as error:
        raise UserError(f"The mask of parts {parts_path} is none: {error}.") from error


def read_set(
    root: Path,
    mask_set: MaskSet,
    splits: Splits,
    labels: Sequence[str],
    validation: bool,
    max_side: int = MAX_SIDE,
) -> list[Sample]:
    """All pictures of one part of a set that have a mask, decoded, no side longer than ``max_side``."""
    masks = root / mask_set.masks
    images = splits.part(mask_set.name, pictures(root / mask_set.images, mask_set.prefix), validation)
    pairs = [(path, masks / f"{path.stem}.png") for path in images]
    pairs = [(image, mask) for image, mask in pairs if mask.is_file()]
    if not pairs:
        raise UserError(
            f"The set '{mask_set.name}' has no picture in {root / mask_set.images} with a mask in {masks}."
        )
    parts = Path(mask_set.parts) if mask_set.parts else None
    with ThreadPoolExecutor(max_workers=2) as pool:
        read = pool.map(
            lambda pair: read_sample(
                pair[0],
                pair[1],
                mask_set.coding,
                labels,
                max_side,
                parts / pair[1].name if parts else None,
            ),
            pairs,
        )
        return list(read)


def normalise(frames: NDArray[np.uint8]) -> torch.Tensor:
    """uint8 [..., H, W, 3] BGR -> float32 [..., 3, H, W] RGB, standardised as for ImageNet."""
    rgb = torch.from_numpy(np.ascontiguousarray(frames[..., ::-1])).float() / 255.0
    normalised = (rgb - torch.tensor(IMAGENET_MEAN)) / torch.tensor(IMAGENET_STD)
    return normalised.movedim(-1, -3).contiguous()


class HeadMeter:
    """Finds the crop that the filter would cut around the head of a sample."""

    def __init__(self, labels: Sequence[str]) -> None:
        count = len(labels)
        face = [*label_indices(["face"], labels), *(count + GROUPS.index(name) for name in FACE_GROUPS)]
        self._is_face = np.zeros(256, bool)
        self._is_face[face] = True
        self._is_head = self._is_face.copy()
        self._is_head[list(label_indices(["hair"], labels))] = True

    def is_head(self, codes: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Where codes are face or hair: bool of the same shape."""
        return np.asarray(self._is_head[codes])

    def boxes(self, codes: NDArray[np.uint8]) -> tuple[Box | None, Box | None]:
        """Boxes of the face and of the head (face and hair), in the sample's pixels."""
        return mask_box(self._is_face[codes]), mask_box(self._is_head[codes])

    def crop(self, codes: NDArray[np.uint8]) -> Crop | None:
        face, head = self.boxes(codes)
        return None if head is None else head_crop(face, head)


class WebcamDataset(Dataset[dict[str, torch.Tensor]]):
    """Training samples as a webcam and the filter would deliver them; item i is random but seeded by i.

    Half of them are head crops (what the segmenter sees while it tracks), half whole pictures (what it
    sees while it searches), at scales from 0.15 to 1.4, turned, shifted, before other pictures.
    """

    # Share of head crops among samples, against whole pictures.
    HEAD_CROPS = 0.42
    # Share of squares cut from anywhere in a picture: sleeves, hands and walls that are no heads.
    PARTS = 0.16
    # Share of samples without anybody: drawn shapes, text, noise.
    NOBODY = 0.05
    # Share of samples that stand on another picture (with its own labels) rather than on replicated borders.
    ON_OTHER = 0.3
    # Share of full-label people cut out and put before another picture.
    CUT_OUT = 0.35
    # Share of samples partly covered (hands, microphones, cups).
    COVERED = 0.15
    # Share of samples with things in the colours and textures of skin and hair that are no heads (the demo's
    # brown rocket tank was taken for hair), and how many at most.
    DECOYS, MAX_DECOYS = 0.3, 4
    # Side of the window that a decoy's texture is cut from, as shares of a head's crop: at most one eye.
    DECOY_WINDOW = (0.08, 0.25)

    def __init__(
        self,
        sets: Sequence[tuple[Sequence[Sample], float]],
        labels: Sequence[str],
        size: int,
        length: int,
        seed: int,
    ) -> None:
        self._samples = [sample for samples, _ in sets for sample in samples]
        weights = np.concatenate([np.full(len(samples), weight) for samples, weight in sets])
        self._cumulative = np.cumsum(weights / weights.sum())
        self._meter = HeadMeter(labels)
        self._rest = len(labels) + GROUPS.index("rest")
        self._labels = len(labels)
        self._size, self._length, self._seed = size, length, seed

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        image, codes = self.draw(np.random.default_rng((self._seed, index)))
        labels = torch.from_numpy(codes.astype(np.int64))
        labels[labels == IGNORED_BYTE] = IGNORED
        return {"pixel_values": normalise(image), "labels": labels}

    def draw(self, random: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """One augmented picture (uint8 [S, S, 3] BGR) and its codes (uint8 [S, S])."""
        if random.random() < self.NOBODY:
            image = draw_nobody(self._size, random)
            codes = np.full((self._size, self._size), self._rest, np.uint8)
            for _ in range(int(random.integers(0, self.MAX_DECOYS + 1))):
                self._add_decoy(image, codes, random)
            return spoil(image, random), codes
        image, codes = self._place(self._pick(random), random, head_probability=self.HEAD_CROPS)
        if random.random() < self.DECOYS:
            for _ in range(int(random.integers(1, self.MAX_DECOYS + 1))):
                self._add_decoy(image, codes, random)
        if random.random() < self.COVERED:
            self._cover(image, codes, random)
        return spoil(image, random), codes

    def _pick(self, random: np.random.Generator) -> Sample:
        place = np.searchsorted(self._cumulative, random.random(), side="right")
        return self._samples[min(int(place), len(self._samples) - 1)]

    def _place(
        self, sample: Sample, random: np.random.Generator, head_probability: float
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Warp a sample into the training square; what it does not cover comes from another one."""
        matrix = self._placement(sample, random, head_probability)
        scale, size = float(np.hypot(matrix[0, 0], matrix[0, 1])), (self._size, self._size)
        # Replicated borders are what live crops at the frame's edge show; for small heads they would be
        # long streaks of hair, so those stand on plain ground, as the letterboxed search shows them.
        streaks = scale * max(sample.codes.shape) > 0.6 * self._size and random.random() < 0.5
        # Mirrored surroundings give small heads a scene around them, and company, rightly labelled.
        ground = cv2.BORDER_REFLECT_101 if random.random() < 0.6 else cv2.BORDER_CONSTANT
        border = cv2.BORDER_REPLICATE if streaks else ground
        plain = tuple(random.uniform(0, 255, 3)) if random.random() < 0.5 else (0.0, 0.0, 0.0)
        image = cv2.warpAffine(
            _prefilter(sample.image, scale),
            matrix,
            size,
            flags=cv2.INTER_LINEAR,
            borderMode=border,
            borderValue=plain,
        )
        codes = cv2.warpAffine(
            sample.codes, matrix, size, flags=cv2.INTER_NEAREST, borderMode=border, borderValue=self._rest
        )
        inside = cv2.warpAffine(np.ones_like(sample.codes), matrix, size, flags=cv2.INTER_NEAREST) > 0
        if streaks:
            # What a streak shows is nobody's business: as hair, it would teach that stripes are hair.
            codes = np.where(inside, codes, np.uint8(IGNORED_BYTE))
        if head_probability > 0 and random.random() < self.ON_OTHER:
            keep = inside & (codes != 0) if self._can_cut_out(sample, random) else inside
            other_image, other_codes = self._place(self._pick(random), random, head_probability=0.0)
            image = np.where(keep[..., None], image, other_image)
            codes = np.where(keep, codes, other_codes)
        return np.asarray(image, np.uint8), np.asarray(codes, np.uint8)

    def _can_cut_out(self, sample: Sample, random: np.random.Generator) -> bool:
        return bool(sample.codes.max() < self._labels) and random.random() < self.CUT_OUT

    def _placement(
        self, sample: Sample, random: np.random.Generator, head_probability: float
    ) -> NDArray[np.float64]:
        height, width = sample.codes.shape
        crop, scale, shift = whole_frame(height, width), random.uniform(0.6, 1.2), 0.25
        kind, head = random.random(), self._meter.crop(sample.codes)
        if kind < head_probability and head is not None:
            crop, scale, shift = head, _log_uniform(random, 0.6, 1.35), 0.12
        elif kind > 1 - self.PARTS:
            scale, shift = _log_uniform(random, 1.5, 4.0), 0.0
            center = random.uniform(0, 1, 2) * (width, height)
            crop = Crop(float(center[0]), float(center[1]), crop.side)
        elif random.random() < 0.6:
            scale = _log_uniform(random, 0.15, 1.0)
        # Most heads are upright; some lie on a shoulder or a sofa.
        angle = random.normal(0, 12) if random.random() < 0.9 else random.uniform(-60, 60)
        return _similarity(
            crop, self._size, scale, angle, random.uniform(-shift, shift, 2), random.random() < 0.5
        )

    def _cover(self, image: NDArray[np.uint8], codes: NDArray[np.uint8], random: np.random.Generator) -> None:
        """Paint a turned ellipse or bar of plain colour with some noise over the picture: rest, not face."""
        mask = np.zeros(codes.shape, np.uint8)
        size = self._size
        center = tuple(int(v) for v in random.uniform(0.1, 0.9, 2) * size)
        axes = tuple(int(v) for v in random.uniform(0.03, 0.16, 2) * size)
        cv2.ellipse(mask, center, axes, float(random.uniform(0, 180)), 0, 360, 255, -1)
        other = self._pick(random).image
        texture = cv2.resize(other[: other.shape[0] // 4 + 1], (size, size), interpolation=cv2.INTER_LINEAR)
        plain = random.uniform(0, 255, 3)
        mix = random.uniform(0.2, 1.0)
        covered = (texture * (1 - mix) + plain * mix).astype(np.uint8)
        image[mask > 0] = covered[mask > 0]
        codes[mask > 0] = self._rest

    def _add_decoy(
        self, image: NDArray[np.uint8], codes: NDArray[np.uint8], random: np.random.Generator
    ) -> None:
        """Paint a shape with a piece of somebody's skin or hair (or of anything) beside the heads: rest."""
        size = self._size
        shape = np.zeros(codes.shape, np.uint8)
        center = tuple(float(v) for v in random.uniform(0, 1, 2) * size)
        sides = tuple(_log_uniform(random, 0.08, 0.7) * size for _ in range(2))
        turned = (center, sides, float(random.uniform(0, 180)))
        if random.random() < 0.5:
            cv2.ellipse(shape, turned, 255, -1)
        else:
            cv2.fillPoly(shape, [np.rint(cv2.boxPoints(turned)).astype(np.int32)], 255)
        there = (shape > 0) & ~self._meter.is_head(codes)
        if not there.any():
            return
        rows, columns = np.nonzero(there)
        box = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        there = there[box]
        texture = cv2.resize(self._piece(random), there.shape[::-1], interpolation=cv2.INTER_LINEAR)
        image[box][there] = texture[there]
        codes[box][there] = self._rest

    def _piece(self, random: np.random.Generator) -> NDArray[np.uint8]:
        """A small window of some picture, three times out of four about a head."""
        sample = self._pick(random)
        crop = self._meter.crop(sample.codes) if random.random() < 0.75 else None
        crop = crop or whole_frame(*sample.codes.shape)
        place = random.uniform(-0.4, 0.4, 2) * crop.side
        side = random.uniform(*self.DECOY_WINDOW) * crop.side
        return Crop(crop.center_x + float(place[0]), crop.center_y + float(place[1]), side).extract(
            sample.image, 64, cv2.BORDER_REFLECT_101
        )


def _log_uniform(random: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(random.uniform(np.log(low), np.log(high))))


def _prefilter(image: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    """Blur before a strong reduction, so that small heads look as area averaging will show them live."""
    if scale >= 0.6:
        return image
    # Half a source period per target pixel: the usual anti-aliasing width.
    return np.asarray(cv2.GaussianBlur(image, (0, 0), 0.4 / scale), np.uint8)


def _similarity(
    crop: Crop, size: int, scale: float, angle: float, shift: NDArray[np.float64], mirror: bool
) -> NDArray[np.float64]:
    """2x3 matrix: the crop fitted to the square, scaled, turned (degrees), shifted (shares of the side)."""
    fit = np.vstack([crop.to_crop(size), [0, 0, 1]])
    middle = (size - 1) / 2
    turn = np.vstack([cv2.getRotationMatrix2D((middle, middle), angle, scale), [0, 0, 1]])
    turn[:2, 2] += shift * size
    flip = np.array([[-1.0, 0, size - 1], [0, 1, 0], [0, 0, 1]]) if mirror else np.eye(3)
    return np.asarray((flip @ turn @ fit)[:2])


def draw_nobody(size: int, random: np.random.Generator) -> NDArray[np.uint8]:
    """A picture without people: a gradient with shapes and text, as titles and slides have them."""
    corners = random.uniform(0, 255, (2, 2, 3)).astype(np.float32)
    blended = cv2.resize(corners, (size, size), interpolation=cv2.INTER_LINEAR)
    image = np.ascontiguousarray(blended.astype(np.uint8))
    for _ in range(int(random.integers(0, 12))):
        color = tuple(float(v) for v in random.uniform(0, 255, 3))
        start, end = (tuple(int(v) for v in random.uniform(0, size, 2)) for _ in range(2))
        kind = int(random.integers(0, 4))
        if kind == 0:
            cv2.rectangle(image, start, end, color, -1 if random.random() < 0.6 else 2)
        elif kind == 1:
            axes = tuple(int(v) for v in random.uniform(2, size / 3, 2))
            cv2.ellipse(image, start, axes, float(random.uniform(0, 180)), 0, 360, color, -1)
        elif kind == 2:
            cv2.line(image, start, end, color, int(random.integers(1, 8)))
        else:
            text = "".join(chr(int(c)) for c in random.integers(48, 123, 8))
            cv2.putText(image, text, start, cv2.FONT_HERSHEY_SIMPLEX, float(random.uniform(0.3, 2)), color, 2)
    return image


def spoil(image: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
    """What lenses, light and codecs do: light, colour cast, grey, and what :func:`shaded` and `worn` do."""
    values = shaded(image, random)
    if random.random() < 0.7:
        values = _relight(values, random)
    if random.random() < 0.12:
        values = np.repeat(values.mean(axis=2, keepdims=True), 3, axis=2)
    return worn(values, random)


# Share of pictures with soft shadows, how fine they are (cells across the picture) and how deep (standard
# deviation of the logarithm of the light): under a lamp on the ceiling eyes lie in the dark.
SHADED, SHADE_CELLS, MAX_SHADE = 0.25, (3, 14), 0.35


def shaded(image: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.float32]:
    """A picture, uint8 [S, S, 3], as float32 0..255, a fourth of them with soft random light and shadows."""
    values = image.astype(np.float32)
    if random.random() >= SHADED:
        return values
    cells, depth = int(random.integers(*SHADE_CELLS)), float(random.uniform(0.1, MAX_SHADE))
    field = random.normal(0, depth, (cells, cells)).astype(np.float32)
    light = np.exp(cv2.resize(field, values.shape[1::-1], interpolation=cv2.INTER_CUBIC))
    return np.asarray(np.clip(values * light[..., None], 0, 255), np.float32)


# Share of pictures that were once this much smaller (factor, from the least): a head of 75 px before a webcam
# is drawn at 256, and what its codec left of the eyes is all that there is to see.
FEW_PIXELS, FEWEST_PIXELS, MANY_PIXELS = 0.3, 0.25, 0.9


def worn(values: NDArray[np.uint8] | NDArray[np.float32], random: np.random.Generator) -> NDArray[np.uint8]:
    """A picture (0..255) as lenses, sensors and codecs leave it: blur, low resolution, noise, JPEG."""
    values = values.astype(np.float32)
    if random.random() < 0.25:
        values = np.asarray(cv2.GaussianBlur(values, (0, 0), float(random.uniform(0.4, 1.8))), np.float32)
    if random.random() >= FEW_PIXELS:
        return _recorded(values, random)
    height, width = values.shape[:2]
    factor = _log_uniform(random, FEWEST_PIXELS, MANY_PIXELS)
    small = cv2.resize(values, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    small = _recorded(np.asarray(small, np.float32), random)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _recorded(values: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.uint8]:
    if random.random() < 0.3:
        values = values + random.normal(0, random.uniform(2, 12), values.shape).astype(np.float32)
    result = np.clip(values, 0, 255).astype(np.uint8)
    if random.random() < 0.3:
        _, packed = cv2.imencode(".jpg", result, [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(25, 90))])
        result = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
    return result


def _relight(values: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
    gamma = float(np.exp(random.normal(0, 0.25)))
    cast = np.exp(random.normal(0, 0.07, 3)).astype(np.float32)
    contrast, brightness = float(np.exp(random.normal(0, 0.15))), float(random.normal(0, 12))
    values = 255.0 * np.power(values / 255.0, gamma)
    values = (values * cast - 128.0) * contrast + 128.0 + brightness
    grey = values.mean(axis=2, keepdims=True)
    saturated = grey + (values - grey) * float(np.exp(random.normal(0, 0.25)))
    if random.random() < 0.15:  # a lamp or a window on one side
        direction = random.uniform(0, 2 * math.pi)
        ramp = np.linspace(-1, 1, values.shape[0], dtype=np.float32)
        slope = ramp[None, :] * math.cos(direction) + ramp[:, None] * math.sin(direction)
        saturated = saturated * (1 + float(random.uniform(0.2, 0.6)) * slope[..., None])
    return np.asarray(np.clip(saturated, 0, 255), np.float32)
