"""Unpaired pictures for CycleGAN: photos cut as the filter cuts them, drawings as they are, both jittered."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from animirror.realtime.errors import UserError
from animirror.realtime.regions import CELEBAMASK_LABELS, Crop, whole_frame
from animirror.realtime.runtime import usable_cores
from animirror.training.options import CycleganOptions, PictureSet
from animirror.training.parsing_data import HeadMeter, read_codes
from animirror.training.splits import Splits, pictures

log = logging.getLogger(__name__)

# Mean difference between colour channels (0..255) under which a photo counts as black and white.
GREY_LIMIT = 6.0
# A crop may reach past a training photo's border by this share of the photo's shorter side, no more:
# replicated streaks are rare live and would become part of the style.
MAX_OVERHANG = 0.08


# A view (uint8 [S, S, 3] BGR) and the 2x3 matrix from the picture's pixels to its own -> the view changed.
Look = Callable[[NDArray[np.uint8], NDArray[np.float64]], NDArray[np.uint8]]


@dataclass(frozen=True)
class Picture:
    """A picture's file, the square of it to train on, and what is done to each view of it (see look.py)."""

    path: Path
    crop: Crop
    look: Look | None = None

    @property
    def image(self) -> NDArray[np.uint8]:
        """uint8 [H, W, 3] BGR, read anew each time. Raises UserError where the file has gone since."""
        image = cv2.imread(str(self.path), cv2.IMREAD_COLOR)
        if image is None:
            raise UserError(f"The picture {self.path} could be read before and cannot be now; put it back.")
        return np.asarray(image, np.uint8)

    def view(self, size: int, border: int = cv2.BORDER_REPLICATE) -> NDArray[np.uint8]:
        """The square itself, not jittered: uint8 [size, size, 3] BGR; ``border``: past the picture."""
        view = self.crop.extract(self.image, size, border)
        return self.look(view, self.crop.to_crop(size)) if self.look else view


def read_pictures(
    root: Path, sets: Sequence[PictureSet], splits: Splits | None, validation: bool
) -> list[Picture]:
    """One part of all sets; unreadable pictures are named in the log and left out, grey ones just so.

    Raises UserError where a folder is missing or nothing usable is left.
    """
    found: list[Picture] = []
    for item in sets:
        paths = pictures(root / item.images, item.prefix)
        paths = splits.part(item.name, paths, validation) if splits else paths
        with ThreadPoolExecutor(max_workers=usable_cores()) as pool:
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
    crop: Crop | None = whole_frame(*image.shape[:2])
    if item.masks:
        crop = _head_crop(root / item.masks / f"{path.stem}.png", item.coding, image.shape[:2])
    return None if crop is None else Picture(path, fit_into(crop, image.shape[0], image.shape[1]))


def _head_crop(mask_path: Path, coding: str, shape: tuple[int, int]) -> Crop | None:
    if not mask_path.is_file():
        return None
    codes = read_codes(mask_path, coding, CELEBAMASK_LABELS, shape)
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


PHOTO_JITTER = Jitter()
# Drawings fill their pictures already; only zooming in avoids mirrored borders.
DRAWING_JITTER = Jitter(zoom_out=0.98, zoom_in=0.8)


def jitters(options: CycleganOptions) -> tuple[Jitter, Jitter]:
    """How photos and how drawings are jittered: as a random crop of a resized picture, or about the head."""
    pair = (PHOTO_JITTER, DRAWING_JITTER)
    if options.resize > 0:
        share = options.size / options.resize
        pair = (Jitter(zoom_out=share, zoom_in=share, shift=(1 - share) / 2),) * 2
    photo, drawing = (replace(item, rotation=options.rotation, mirror=options.mirror) for item in pair)
    return photo, drawing


@dataclass(frozen=True)
class Blur:
    """The thesis's curriculum: Gaussian blur that falls linearly from ``sigma`` px to nothing.

    ``kernel``: side, px, odd. ``share`` of the training after which pictures are sharp.
    """

    sigma: float = 0.0
    kernel: int = 13
    share: float = 0.75

    def sigma_at(self, progress: float) -> float:
        """Sigma at a share of the training that lies behind, 0..1."""
        return self.sigma * max(0.0, 1.0 - progress / self.share) if self.share > 0 else 0.0

    def __call__(self, view: NDArray[np.uint8], progress: float) -> NDArray[np.uint8]:
        sigma = self.sigma_at(progress)
        # To OpenCV, a sigma of 0 means "choose one".
        if sigma == 0:
            return view
        return np.asarray(cv2.GaussianBlur(view, (self.kernel, self.kernel), sigma), np.uint8)


SHARP = Blur()


def jittered(picture: Picture, size: int, jitter: Jitter, random: np.random.Generator) -> NDArray[np.uint8]:
    """A size x size view of the picture (uint8 BGR): mirrored, turned, zoomed, shifted at random."""
    crop = picture.crop
    zoom = random.uniform(jitter.zoom_in, jitter.zoom_out)
    shift = random.uniform(-jitter.shift, jitter.shift, 2) * crop.side
    moved = Crop(crop.center_x + shift[0], crop.center_y + shift[1], crop.side * zoom)
    angle = random.uniform(-jitter.rotation, jitter.rotation)
    center = (moved.center_x, moved.center_y)
    turn = np.vstack([cv2.getRotationMatrix2D(center, angle, 1.0), [0, 0, 1]])
    # Sampled at a whole multiple and averaged down where the picture is much larger than the crop.
    shrink = max(1, int(moved.side // size))
    view = cv2.warpAffine(
        picture.image,
        moved.to_crop(size * shrink) @ turn,
        (size * shrink,) * 2,
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    if shrink > 1:
        view = cv2.resize(view, (size, size), interpolation=cv2.INTER_AREA)
    if picture.look:
        view = picture.look(np.asarray(view, np.uint8), moved.to_crop(size) @ turn)
    if random.random() < jitter.mirror:
        view = view[:, ::-1]
    return np.ascontiguousarray(view, dtype=np.uint8)


class UnpairedDataset(Dataset[dict[str, torch.Tensor]]):
    """Item i: a photo and a drawing, each drawn and jittered by a generator seeded with (seed, start + i).

    {"photo", "drawing"}: float32 [3, S, S] RGB in -1..1. Because items depend on the index alone, a
    resumed run goes on with exactly the pictures that an uninterrupted one would have seen. ``jitter``: of
    photos and of drawings; ``blur`` falls as item number start + i nears ``end``.
    """

    def __init__(
        self,
        photos: Sequence[Picture],
        drawings: Sequence[Picture],
        size: int,
        start: int,
        end: int,
        seed: int,
        jitter: tuple[Jitter, Jitter] = (PHOTO_JITTER, DRAWING_JITTER),
        blur: Blur = SHARP,
    ) -> None:
        self._photos, self._drawings = photos, drawings
        self._size, self._start, self._end, self._seed = size, start, end, seed
        (self._photo_jitter, self._drawing_jitter), self._blur = jitter, blur

    def __len__(self) -> int:
        return self._end - self._start

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        place = self._start + index
        random = np.random.default_rng((self._seed, place))
        photo = self._photos[int(random.integers(len(self._photos)))]
        drawing = self._drawings[int(random.integers(len(self._drawings)))]
        views = {
            "photo": jittered(photo, self._size, self._photo_jitter, random),
            "drawing": jittered(drawing, self._size, self._drawing_jitter, random),
        }
        return {name: to_tensor(self._blur(view, place / self._end)) for name, view in views.items()}
