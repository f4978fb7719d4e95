"""Sample sheets: photo, drawing, back again, for the same validation pictures every time."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from animirror.training.data import Picture, read_pictures, to_picture, to_tensor
from animirror.training.look import as_filtered
from animirror.training.options import CycleganOptions
from animirror.training.splits import Splits


def validation_batch(root: Path, options: CycleganOptions, splits: Splits | None) -> torch.Tensor:
    """``samples`` validation photos, spread evenly over the sets: float32 [N, 3, S, S] RGB in -1..1.

    Without splits there is no validation part: training photos stand in for it.
    """
    views = [
        view
        for item in options.photos
        for view in _spread(
            as_filtered(read_pictures(root, [item], splits, validation=splits is not None), options),
            -(-options.samples // len(options.photos)),
            options.size,
        )
    ]
    return torch.stack([to_tensor(view) for view in views[: options.samples]])


def _spread(pictures: list[Picture], count: int, size: int) -> list[NDArray[np.uint8]]:
    places = np.linspace(0, len(pictures) - 1, min(count, len(pictures))).astype(int)
    return [pictures[place].view(size) for place in places]


@torch.no_grad()
def sample_sheet(draw: nn.Module, undraw: nn.Module, photos: torch.Tensor, path: Path) -> None:
    """Write a PNG with three rows (photo, drawing, photo again), networks in evaluation mode."""
    device = next(draw.parameters()).device
    rows = [photos]
    for network in (draw, undraw):
        training = network.training
        network.eval()
        rows.append(torch.cat([network(part.to(device)).float().cpu() for part in rows[-1].split(4)]))
        network.train(training)
    picture = np.vstack([np.hstack(list(to_picture(row))) for row in rows])
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), picture)
