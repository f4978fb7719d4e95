"""Masks of all labels for photos whose own know only face and hair, by a teacher that knows ImageNet.

animirror prepare labels training/presets/segformer-faces-23.json weights/checkpoints/teacher.safetensors

Masks by a hair model hold hats as hair or forehead, and nothing of clothes: a segmenter that learns from them
takes fur for hair. The teacher (networks/efficientnet.py) is shown each head and its mirror image.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console

from animirror.realtime.errors import UserError
from animirror.realtime.regions import Crop, head_crop, mask_box, whole_frame
from animirror.training.checkpoint import load_checkpoint
from animirror.training.evaluate import to_frame
from animirror.training.head_labels import FACE_VALUE, HAIR_VALUE
from animirror.training.labels import resolve_labels
from animirror.training.options import SegformerOptions
from animirror.training.options_file import load_options
from animirror.training.parsing_data import normalise, read_image, read_mask
from animirror.training.precision import uses_bf16
from animirror.training.prepared_masks import FACE_HAIR, prepare_masks, wanted_sets
from animirror.training.taught_labels import DOUBTFUL, UNSAID

# uint8 [S, S, 3] BGR -> float32 [L, s, s], probabilities
Teach = Callable[[NDArray[np.uint8]], NDArray[np.float32]]

# What the teacher is less sure of is not said.
SURE = 0.8
# Hats are what the masks have wrong and what the teacher knows least of: from the first probability on it is
# believed, and from the second on the mask is not.
LIKELY_HAT, MAYBE_HAT = 0.5, 0.1
# Sides of the picture that the teacher sees, in sides of the head's crop: collars and hats are in it.
AROUND = 1.3


def run(arguments: Namespace) -> int:
    """`animirror prepare labels OPTIONS.json TEACHER.safetensors`."""
    options = load_options(SegformerOptions, Path(arguments.options))
    wanted = wanted_sets(options, arguments.options, "taught", FACE_HAIR)
    model, description = load_checkpoint(Path(arguments.teacher))
    labels = resolve_labels(options)
    if tuple(description.get("labels", ())) != labels or "hat" not in labels:
        raise UserError(
            f"The teacher {arguments.teacher} needs the labels of {arguments.options}, a hat among them."
        )
    teach, size, hat = with_mirror(model), int(description["size"]), labels.index("hat")

    def make(path: Path, mask: Path) -> NDArray[np.uint8]:
        image = read_image(path)
        return said(image, read_mask(mask, image.shape[:2]), teach, size, hat)

    for item in wanted:
        _, count = prepare_masks(Path(options.data_root), item, Path(item.taught), make)
        Console(stderr=True).print(f"{item.taught}: {count} masks", soft_wrap=True)
    return 0


def with_mirror(model: torch.nn.Module) -> Teach:
    """The mean of a model's probabilities for a picture and for its mirror image."""
    model.to(memory_format=torch.channels_last)
    bf16 = uses_bf16(torch.device("cpu"), True)

    @torch.no_grad()
    def teach(image: NDArray[np.uint8]) -> NDArray[np.float32]:
        shown = normalise(np.stack([image, image[:, ::-1]])).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            logits = model(pixel_values=shown).logits
        straight, mirrored = logits.float().softmax(dim=1)
        return np.asarray((straight + mirrored.flip(-1)).numpy() / 2, np.float32)

    return teach


def said(
    image: NDArray[np.uint8], mask: NDArray[np.uint8], teach: Teach, size: int, hat: int
) -> NDArray[np.uint8]:
    """What the teacher, shown ``size`` px, says of a photo (uint8 [H, W, 3] BGR) about its head.

    uint8 [H, W]: the index of a label (``hat``: that of hats), UNSAID or DOUBTFUL. ``mask``: uint8 [H, W],
    coding "face_hair".
    """
    crop = _view(mask)
    likely = to_frame(teach(crop.extract(image, size, cv2.BORDER_CONSTANT)), crop, *mask.shape)
    words = likely.argmax(axis=0).astype(np.uint8)
    words[likely.max(axis=0) < SURE] = UNSAID
    words[likely[hat] > MAYBE_HAT] = DOUBTFUL
    words[likely[hat] > LIKELY_HAT] = hat
    return words


def _view(mask: NDArray[np.uint8]) -> Crop:
    """The head's crop with its surroundings; the whole picture where that is smaller or no head is there."""
    whole, face = whole_frame(*mask.shape), mask_box(mask == FACE_VALUE)
    head = mask_box((mask == FACE_VALUE) | (mask == HAIR_VALUE))
    crop = None if head is None else head_crop(face, head)
    if crop is None or AROUND * crop.side >= whole.side:
        return whole
    return Crop(crop.center_x, crop.center_y, AROUND * crop.side)
