"""The thesis's networks as ONNX files with random weights: for their speed, not their pictures."""

from __future__ import annotations

from pathlib import Path

import torch

from animirror.export.to_onnx import write_onnx
from animirror.realtime.regions import CELEBAMASK_LABELS
from animirror.training.networks import build

# SegFormer B5 at 512 finds the region, a CycleGAN generator of nine residual blocks redraws it at 256.
SEGMENTER, SEGMENTER_SIZE = {"name": "segformer", "variant": "b5"}, 512
GENERATOR, GENERATOR_SIZE = {"name": "resnet"}, 256


def write_thesis_networks(
    folder: Path, variant: str = "b5", sizes: tuple[int, int] = (SEGMENTER_SIZE, GENERATOR_SIZE)
) -> tuple[Path, Path]:
    """Write segmenter.onnx and generator.onnx into ``folder``; their paths."""
    torch.manual_seed(0)
    labels = list(CELEBAMASK_LABELS)
    segmenter = build(SEGMENTER | {"variant": variant, "labels": labels})
    generator = build(GENERATOR)
    paths = folder / "segmenter.onnx", folder / "generator.onnx"
    write_onnx(segmenter, {"task": "segmentation", "size": sizes[0], "labels": labels}, paths[0])
    write_onnx(generator, {"task": "stylization", "size": sizes[1], "style": "random"}, paths[1])
    return paths
