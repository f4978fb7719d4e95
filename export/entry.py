"""One checkpoint to one model of the zoo: ONNX file, parity check, manifest entry.

animirror export runs/anime-lite/last.safetensors --name anime-lite --crops ../shared/data/photos
"""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.export.parity import Parity, check_parity
from animirror.export.to_onnx import write_onnx
from animirror.realtime.errors import UserError
from animirror.realtime.regions import whole_frame
from animirror.realtime.zoo import MANIFEST, VERSION, ModelEntry, Zoo, sha256
from animirror.training.checkpoint import load_checkpoint
from animirror.training.splits import pictures

# Enough real crops that every kind of skin, hair and light is among them, few enough for seconds.
PARITY_CROPS = 12
LICENCE = "MIT"


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
    checkpoint: Path, name: str, weights: Path, crops: Path, data_terms: str, size: int | None = None
) -> tuple[ModelEntry, Parity]:
    """Export a checkpoint as the model ``name`` of the zoo in the folder ``weights``.

    ``size``: side of the model's input, px (None: the training size). The file becomes part of the zoo only
    after the parity check; an earlier model of the same name is replaced. Raises UserError.
    """
    network, description = load_checkpoint(checkpoint)
    if size is not None:
        description["size"] = size
    weights.mkdir(parents=True, exist_ok=True)
    candidate = weights / f"{name}.candidate.onnx"
    try:
        write_onnx(network, description, candidate)
        parity = check_parity(network, description["task"], candidate, read_crops(crops, description["size"]))
        target = weights / f"{name}.onnx"
        candidate.replace(target)
    finally:
        candidate.unlink(missing_ok=True)
    entry = _entry(name, target, description, data_terms)
    _open_zoo(weights).add(entry)
    return entry, parity


def _entry(name: str, path: Path, description: dict[str, Any], data_terms: str) -> ModelEntry:
    labels = description.get("labels")
    return ModelEntry(
        name=name,
        task=description["task"],
        file=path.name,
        sha256=sha256(path),
        bytes=path.stat().st_size,
        precision="fp32",
        size=int(description["size"]),
        labels=tuple(labels) if labels else None,
        style=description.get("style"),
        provenance=description.get("provenance", {}),
        licence=LICENCE,
        data_terms=data_terms,
    )


def _open_zoo(folder: Path) -> Zoo:
    manifest = folder / MANIFEST
    if not manifest.exists():
        manifest.write_text(json.dumps({"version": VERSION, "models": []}) + "\n", encoding="utf-8")
    return Zoo(folder)


def run(arguments: Namespace) -> int:
    """`animirror export CHECKPOINT --name NAME --crops FOLDER [--weights FOLDER] [--size S] [--json]`."""
    entry, parity = export_checkpoint(
        Path(arguments.checkpoint),
        arguments.name,
        Path(arguments.weights),
        Path(arguments.crops),
        arguments.data_terms,
        arguments.size,
    )
    if arguments.json:
        sys.stdout.write(json.dumps({"entry": asdict(entry), "parity": asdict(parity)}, indent=2) + "\n")
    else:
        sys.stdout.write(
            f"{entry.file}: {entry.bytes / 1e6:.1f} MB, largest difference from PyTorch {parity.largest:.2g} "
            f"on {parity.crops} crops\n"
        )
    return 0
