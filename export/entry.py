"""One checkpoint to one model of the zoo: ONNX file, parity check, manifest entry.

animirror export runs/anime-lite/last.safetensors --name anime-lite --crops ../shared/data/photos
"""

from __future__ import annotations

import json
import re
import sys
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from animirror.export.fold import folded
from animirror.export.parity import Parity, check_parity
from animirror.export.to_onnx import OPSET, PRECISIONS, write_onnx
from animirror.realtime.errors import UserError
from animirror.realtime.regions import whole_frame
from animirror.realtime.zoo import TASKS, ModelEntry, Zoo, sha256
from animirror.training.checkpoint import load_checkpoint
from animirror.training.networks.segformer import STEP
from animirror.training.splits import pictures

# Enough real crops that every kind of skin, hair and light is among them, few enough for seconds.
PARITY_CROPS = 12
LICENCE = "MIT"
PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def read_crops(folder: Path, size: int) -> NDArray[np.uint8]:
    """PARITY_CROPS pictures spread over a folder, as uint8 [N, size, size, 3] BGR. Raises UserError."""
    paths = pictures(folder)
    chosen = [paths[i] for i in np.linspace(0, len(paths) - 1, min(PARITY_CROPS, len(paths))).astype(int)]
    crops = []
    for path in chosen:
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if image is None:
            raise UserError(f"The picture {path} cannot be read; remove it or give another folder (--crops).")
        crops.append(whole_frame(*image.shape[:2]).extract(np.asarray(image, np.uint8), size))
    return np.stack(crops)


def export_checkpoint(
    checkpoint: Path,
    name: str,
    weights: Path,
    crops: Path,
    data_terms: str,
    size: int | None = None,
    precision: str = "fp32",
    more_sizes: Sequence[int] = (),
) -> tuple[ModelEntry, Parity]:
    """Export a checkpoint as the model ``name`` of the zoo in the folder ``weights``.

    ``size``: side of the model's input, px (None: the training size). ``precision`` (one of PRECISIONS) is
    how the weights are stored. ``more_sizes``: other sides that the file is to serve as well: a segmenter's
    each as a model NAME-SIDE of its own, a generator's by turns (see realtime/drawn_size.py). The file
    becomes part of the zoo only after the parity checks; earlier models of its name are replaced. Returns the
    model's entry and its parity. Raises UserError.
    """
    _check_arguments(name, size, precision)
    network, description = load_checkpoint(checkpoint)
    _check_description(description, checkpoint)
    if size is not None:
        description["size"] = size
    sizes = _check_sizes(description, more_sizes)
    pictures_to_try = [read_crops(crops, side) for side in sizes]
    weights.mkdir(parents=True, exist_ok=True)
    zoo = Zoo(weights, create=True)
    candidate = weights / f"{name}.candidate.onnx"
    try:
        # The parity check below compares with the network as it was trained.
        write_onnx(folded(network), {**description, "sizes": sizes}, candidate, precision)
        parities = [
            check_parity(network, description["task"], candidate, tried, precision)
            for tried in pictures_to_try
        ]
        target = weights / f"{name}.onnx"
        candidate.replace(target)
    finally:
        candidate.unlink(missing_ok=True)
    entry = _entry(name, target, description, data_terms, precision, parities[0])
    others = [
        replace(entry, name=f"{name}-{side}", size=side, provenance=_provenance(description, parity))
        for side, parity in zip(sizes[1:], parities[1:], strict=True)
        if entry.task == "segmentation"
    ]
    before = {known.file for known in zoo.entries}
    zoo.add(entry, *others)
    # A model that had a file of its own may be served by a shared one now.
    for file in before - {known.file for known in zoo.entries}:
        (weights / file).unlink(missing_ok=True)
    return entry, parities[0]


def _check_sizes(description: dict[str, Any], more: Sequence[int]) -> list[int]:
    """All sides of the input, the model's own first."""
    sizes = [int(description["size"]), *more]
    if description["task"] == "stylization" and min(sizes) < sizes[0]:
        raise UserError(
            f"A generator draws usual heads at its smallest size: --more-sizes must be over {sizes[0]}."
        )
    if more and (len(set(sizes)) < len(sizes) or any(side % STEP or side < STEP for side in sizes)):
        raise UserError(
            f"The sizes of one file must be different multiples of {STEP}, not {', '.join(map(str, sizes))}."
        )
    return sizes


def _check_arguments(name: str, size: int | None, precision: str) -> None:
    if not PLAIN_NAME.fullmatch(name):
        raise UserError(f"The name '{name}' must be letters, digits, '.', '_' and '-': it names a file.")
    if size is not None and size < 1:
        raise UserError(f"The size must be a positive number of pixels, not {size}.")
    if precision not in PRECISIONS:
        raise UserError(f"Unknown precision '{precision}'; known: {', '.join(PRECISIONS)}.")


def _check_description(description: dict[str, Any], checkpoint: Path) -> None:
    """What the contract's metadata is made of. Raises UserError naming the description's file."""
    beside, task = checkpoint.with_suffix(".json"), description["task"]
    if task not in TASKS:
        raise UserError(f"{beside}: task must be one of {', '.join(TASKS)} for an export, not '{task}'.")
    if not isinstance(description["size"], int):
        raise UserError(f"{beside}: size must be a whole number of pixels.")
    labels, style = description.get("labels"), description.get("style")
    if task == "segmentation" and not (isinstance(labels, list) and labels):
        raise UserError(f"{beside}: a segmenter needs a list of labels.")
    if task == "stylization" and not (isinstance(style, str) and style):
        raise UserError(f"{beside}: a generator needs the name of its style.")


def _entry(
    name: str, path: Path, description: dict[str, Any], data_terms: str, precision: str, parity: Parity
) -> ModelEntry:
    segmenter = description["task"] == "segmentation"
    return ModelEntry(
        name=name,
        task=description["task"],
        file=path.name,
        sha256=sha256(path),
        bytes=path.stat().st_size,
        precision=precision,
        size=int(description["size"]),
        labels=tuple(description["labels"]) if segmenter else None,
        style=None if segmenter else description["style"],
        provenance=_provenance(description, parity),
        licence=LICENCE,
        data_terms=data_terms,
    )


def _provenance(description: dict[str, Any], parity: Parity) -> dict[str, Any]:
    exported = {"torch": torch.__version__, "opset": OPSET, "parity": asdict(parity)}
    return {**description.get("provenance", {}), "export": exported}


def run(arguments: Namespace) -> int:
    """`animirror export CHECKPOINT --name NAME --crops FOLDER [--weights FOLDER] [--size S] ...`."""
    entry, parity = export_checkpoint(
        Path(arguments.checkpoint),
        arguments.name,
        Path(arguments.weights) if arguments.weights else Zoo().folder,
        Path(arguments.crops),
        arguments.data_terms,
        arguments.size,
        arguments.precision,
        arguments.more_sizes,
    )
    if arguments.json:
        sys.stdout.write(json.dumps({"entry": asdict(entry), "parity": asdict(parity)}, indent=2) + "\n")
    else:
        sys.stdout.write(
            f"{entry.file}: {entry.bytes / 1e6:.1f} MB, largest difference from PyTorch {parity.largest:.2g} "
            f"on {parity.crops} crops\n"
        )
    return 0
