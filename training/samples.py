"""Validation pictures, the same ones every time, and what the networks make of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from animirror.training.data import Picture, read_pictures, to_picture, to_tensor
from animirror.training.look import as_filtered
from animirror.training.options import CycleganOptions, PictureSet
from animirror.training.png import write_png
from animirror.training.splits import Splits

# Pictures that go through a network at once: the memory of one training step at most.
BATCH = 4


def validation_photos(options: CycleganOptions, splits: Splits | None, count: int) -> NDArray[np.uint8]:
    """Up to ``count`` validation photos, spread evenly over the sets: uint8 [N, S, S, 3] BGR.

    A set that the splits do not part has no validation pictures: its training pictures stand in for them.
    """
    root = Path(options.data_root)
    return _spread(
        [as_filtered(_kept_apart(root, item, splits), options) for item in options.photos], count, options
    )


def validation_drawings(options: CycleganOptions, splits: Splits | None, count: int) -> NDArray[np.uint8]:
    """The same of the drawings."""
    root = Path(options.data_root)
    return _spread([_kept_apart(root, item, splits) for item in options.drawings], count, options)


def _kept_apart(root: Path, item: PictureSet, splits: Splits | None) -> list[Picture]:
    has_part = splits is not None and bool(splits.validation.get(item.name))
    return read_pictures(root, [item], splits, validation=has_part)


def _spread(sets: Sequence[list[Picture]], count: int, options: CycleganOptions) -> NDArray[np.uint8]:
    share = -(-count // len(sets))
    chosen: list[Picture] = []
    for pictures in sets:
        places = np.linspace(0, len(pictures) - 1, min(share, len(pictures))).astype(int)
        chosen += [pictures[place] for place in places]
    return np.stack([picture.view(options.size) for picture in chosen[:count]])


@torch.no_grad()
def translate(network: nn.Module, pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What a generator in evaluation mode makes of pictures: uint8 [N, S, S, 3] BGR in and out."""
    device = next(network.parameters()).device
    training = network.training
    network.eval()
    parts = [
        to_picture(network(to_tensor(pictures[start : start + BATCH]).to(device)))
        for start in range(0, len(pictures), BATCH)
    ]
    network.train(training)
    return np.concatenate(parts)


def write_rows(rows: Sequence[NDArray[np.uint8]], path: Path) -> None:
    """Write rows of pictures, each uint8 [N, S, S, 3] BGR, as one PNG; shorter rows end in white."""
    longest, size = max(len(row) for row in rows), rows[0].shape[1]
    sheet = np.full((len(rows), longest, size, size, 3), 255, np.uint8)
    for target, row in zip(sheet, rows, strict=True):
        target[: len(row)] = row
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = sheet.swapaxes(1, 2).reshape(len(rows) * size, longest * size, 3)
    write_png(path, picture)
