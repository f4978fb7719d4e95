"""Unpaired pictures for CycleGAN: photos cut as the filter cuts them, drawings as they are, both jittered."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from animirror.realtime.errors import UserError
from animirror.realtime.regions import CELEBAMASK_LABELS, Crop, whole_frame
from animirror.training.options import PictureSet
from animirror.training.parsing_data import HeadMeter, decode_mask, read_mask
from animirror.training.splits import Splits, pictures

log = logging.getLogger(__name__)

# Mean difference between colour channels (0..255) under which a photo counts as black and white.
GREY_LIMIT = 6.0
# A crop may reach past a training photo's border by this share of the photo's shorter side, no more:
# replicated streaks are rare live and would become part of the style.
MAX_OVERHANG = 0.08


@dataclass(frozen=True)
class Picture:
    """A picture (uint8 [H, W, 3] BGR) and the square of it to train on."""

    path: Path
    image: NDArray[np.uint8]
    crop: Crop


def read_pictures(
    root: Path, sets: Sequence[PictureSet], splits: Splits | None, validation: bool
) -> list[Picture]:
    """One part of all sets; unreadable and grey pictures are named in the log and left out.

    Raises UserError where a folder is missing or nothing usable is left.
    """
    found: list[Picture] = []
    for item in sets:
        paths = pictures(root / item.images, item.prefix)
        paths = splits.part(item.name, paths, validation) if splits else paths
        with ThreadPoolExecutor(max_workers=2) as pool:
            read = pool.map(lambda path, item=item: _read(root, item, path), paths)
            found.extend(picture for picture in read if picture is not None)
    if not found:
        raise UserError(f"No usable pictures in {', '.join(str(root / item.images) for item in sets)}.")
    return found


def _read(root: Path, item: PictureSet, path: Path) -> Picture | None:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        log.warning("%s cannot be read and is left out", path)
        return None
    if item.drop_grey and is_grey(np.asarray(image, np.uint8)):
        return None
    crop = whole_frame(*image.shape[:2])
    if item.masks:
        head = _head_crop(root / item.masks / f"{path.stem}.png", item.coding)
        if head is None:
            return None
        crop = fit_into(head, image.shape[0], image.shape[1])
    return Picture(path, np.asarray(image, np.uint8), crop)


def _head_crop(mask_path: Path, coding: str) -> Crop | None:
    if not mask_path.is_file():
        return None
    codes = decode_mask(read_mask(mask_path), coding, CELEBAMASK_LABELS)
    return HeadMeter(CELEBAMASK_LABELS).crop(codes)


def is_grey(image: NDArray[np.uint8]) -> bool:
    """Whether a picture (uint8 [H, W, 3]) is black and white or nearly so."""
    channels = image[::4, ::4].astype(np.int16)
    return float((channels.max(axis=2) - channels.min(axis=2)).mean()) < GREY_LIMIT


def fit_into(crop: Crop, height: int, width: int) -> Crop:
    """The crop shrunk and moved until it hardly reaches past a height x width picture (see MAX_OVERHANG)."""
    overhang = MAX_OVERHANG * min(height, width)
    side = min(crop.side, min(height, width) + 2 * overhang)
    half = side / 2 - overhang
    return Crop(
        float(np.clip(crop.center_x, min(half, width / 2), max(width - half, width / 2))),
        float(np.clip(crop.center_y, min(half, height / 2), max(height - half, height / 2))),
        side,
    )


def to_tensor(image: NDArray[np.uint8]) -> torch.Tensor:
    """uint8 [..., H, W, 3] BGR -> float32 [..., 3, H, W] RGB in -1..1."""
    rgb = torch.from_numpy(np.ascontiguousarray(image[..., ::-1])).float()
    return (rgb / 127.5 - 1.0).movedim(-1, -3).contiguous()


def to_picture(tensor: torch.Tensor) -> NDArray[np.uint8]:
    """float [..., 3, H, W] RGB in -1..1 -> uint8 [..., H, W, 3] BGR, rounded and clipped."""
    scaled = ((tensor.detach().float().cpu() + 1.0) * 127.5).round().clamp(0, 255)
    return np.ascontiguousarray(scaled.movedim(-3, -1).numpy().astype(np.uint8)[..., ::-1])


@dataclass(frozen=True)
class Jitter:
    """How far a training crop may differ from the picture's own: degrees, shares of the side, probability."""

    rotation: float = 10.0
    zoom_out: float = 1.05
    zoom_in: float = 0.85
    shift: float = 0.06
    mirror: float = 0.5


def jittered(picture: Picture, size: int, jitter: Jitter, random: np.random.Generator) -> NDArray[np.uint8]:
    """A size x size view of the picture (uint8 BGR): mirrored, turned, zoomed, shifted at random."""
    crop = picture.crop
    zoom = random.uniform(jitter.zoom_in, jitter.zoom_out)
    shift = random.uniform(-jitter.shift, jitter.shift, 2) * crop.side
    moved = Crop(crop.center_x + shift[0], crop.center_y + shift[1], crop.side * zoom)
    angle = random.uniform(-jitter.rotation, jitter.rotation)
    center = (moved.center_x, moved.center_y)
    turn = np.vstack([cv2.getRotationMatrix2D(center, angle, 1.0), [0, 0, 1]])
    matrix = moved.to_crop(size) @ turn
    # Sampled at a whole multiple and averaged down where the picture is much larger than the crop.
    shrink = max(1, int(moved.side // size))
    if shrink > 1:
        matrix = moved.to_crop(size * shrink) @ turn
    view = cv2.warpAffine(
        picture.image, matrix, (size * shrink,) * 2, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    if shrink > 1:
        view = cv2.resize(view, (size, size), interpolation=cv2.INTER_AREA)
    if random.random() < jitter.mirror:
        view = view[:, ::-1]
    return np.ascontiguousarray(view, dtype=np.uint8)


class UnpairedDataset(Dataset[dict[str, torch.Tensor]]):
    """Item i: a photo and a drawing, each drawn and jittered by a generator seeded with (seed, i).

    {"photo", "drawing"}: float32 [3, S, S] RGB in -1..1. Because items depend on the index alone, a
    resumed run goes on with exactly the pictures that an uninterrupted one would have seen.
    """

    def __init__(
        self,
        photos: Sequence[Picture],
        drawings: Sequence[Picture],
        size: int,
        start: int,
        end: int,
        seed: int,
    ) -> None:
        self._photos, self._drawings = photos, drawings
        self._size, self._start, self._end, self._seed = size, start, end, seed

    def __len__(self) -> int:
        return self._end - self._start

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        random = np.random.default_rng((self._seed, self._start + index))
        photo = self._photos[int(random.integers(len(self._photos)))]
        drawing = self._drawings[int(random.integers(len(self._drawings)))]
        # Drawings fill their pictures already; only zooming in avoids mirrored borders.
        return {
            "photo": to_tensor(jittered(photo, self._size, Jitter(), random)),
            "drawing": to_tensor(jittered(drawing, self._size, Jitter(zoom_out=0.98, zoom_in=0.8), random)),
        }
