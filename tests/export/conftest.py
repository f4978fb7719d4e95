"""Small networks with settled statistics, saved as checkpoints, and pictures to compare on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from animirror.training.checkpoint import save_checkpoint
from animirror.training.networks import build
from tests.conftest import draw_person, empty_frame

SIZE = 64
LABELS = ["background", "skin", "hair"]
GENERATOR: dict[str, Any] = {
    "task": "stylization",
    "network": {"name": "lite", "width": 8, "blocks": 1, "detail_blocks": 1},
    "size": SIZE,
    "style": "ink",
    "provenance": {"seed": 3},
}
SEGMENTER: dict[str, Any] = {
    "task": "segmentation",
    "network": {"name": "segformer", "labels": LABELS, "decoder": 32},
    "size": SIZE,
    "labels": LABELS,
    "provenance": {"seed": 4},
}


def trained(description: dict[str, Any], seed: int = 0) -> nn.Module:
    """The network of a checkpoint, its statistics not 0 and 1 and its labels apart, as after a training."""
    torch.manual_seed(seed)
    network = build(description["network"])
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.2)  # type: ignore[union-attr]
            module.running_var.uniform_(0.5, 2)  # type: ignore[union-attr]
        if hasattr(module, "decode_head"):
            module.decode_head.classifier.weight.data *= 50  # type: ignore[union-attr, operator]
    return network.eval()


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with three pictures of people, of odd sizes."""
    folder = tmp_path_factory.mktemp("people")
    for index, (width, height) in enumerate([(90, 121), (64, 64), (301, 200)]):
        picture = empty_frame(width, height, seed=index)
        draw_person(picture, width / 2, height / 2, min(width, height) / 2)
        cv2.imwrite(str(folder / f"{index}.png"), picture)
    return folder


@pytest.fixture(scope="session")
def crops() -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Noise: every level in every channel."""
    return np.random.default_rng(1).integers(0, 256, (3, SIZE, SIZE, 3), dtype=np.uint8)


@pytest.fixture
def generator_checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "run" / "last.safetensors"
    save_checkpoint(path, trained(GENERATOR), GENERATOR)
    return path


@pytest.fixture
def segmenter_checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "seg" / "last.safetensors"
    save_checkpoint(path, trained(SEGMENTER), SEGMENTER)
    return path
