"""Wrapped networks to ONNX files: dynamic batch, opset, metadata."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import nn

from animirror.export.wrap import for_export

# The first opset that torch's exporter writes without conversion; onnxruntime 1.20 knows it in full.
OPSET = 18
NAMES = {"segmentation": ("frames", "probabilities"), "stylization": ("crops", "styled")}


def metadata(description: dict[str, Any]) -> dict[str, str]:
    """metadata_props of the contract from a checkpoint's description."""
    task = description["task"]
    kept = {"task": task, "size": str(description["size"])}
    if task == "segmentation":
        return kept | {"labels": json.dumps(list(description["labels"]))}
    return kept | {"style": description["style"]}


def write_onnx(network: nn.Module, description: dict[str, Any], path: Path) -> None:
    """Write the network as ``path``, one file with its weights inside, checked by onnx.checker."""
    task, size = description["task"], int(description["size"])
    name_in, name_out = NAMES[task]
    # Batch 2: an example batch of 1 would be taken for a constant.
    example = torch.zeros((2, size, size, 3), dtype=torch.uint8)
    program = torch.onnx.export(
        for_export(task, network),
        (example,),
        input_names=[name_in],
        output_names=[name_out],
        dynamic_shapes=({0: torch.export.Dim("N", min=1)},),
        opset_version=OPSET,
        dynamo=True,
        verbose=False,
    )
    model = program.model_proto  # type: ignore[union-attr]
    onnx.helper.set_model_props(model, metadata(description))
    # Node names of the exporter carry this machine's file paths.
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    onnx.checker.check_model(model, full_check=True)
    temporary = path.with_suffix(".tmp")
    onnx.save(model, str(temporary))
    temporary.replace(path)
