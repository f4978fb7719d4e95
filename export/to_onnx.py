"""Wrapped networks to ONNX files: dynamic batch, opset, metadata."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import nn

from animirror.export.precision import store_as_half
from animirror.export.wrap import for_export
from animirror.realtime.errors import UserError

# The first opset with Gelu as one operation: SegFormer takes 28.1 ms on a CPU core, 29.9 ms with opset 18.
# onnxruntime 1.20, the oldest that we allow, knows it in full.
OPSET = 20
PRECISIONS = ("fp32", "fp16")
NAMES = {"segmentation": ("frames", "probabilities"), "stylization": ("crops", "styled")}


def metadata(description: dict[str, Any]) -> dict[str, str]:
    """metadata_props of the contract from a checkpoint's description."""
    task = description["task"]
    kept = {"task": task, "size": str(description["size"])}
    if task == "segmentation":
        return kept | {"labels": json.dumps(list(description["labels"]))}
    kept |= {"style": description["style"]}
    return kept | {"eyes": str(description["eyes"])} if "eyes" in description else kept


def write_onnx(network: nn.Module, description: dict[str, Any], path: Path, precision: str = "fp32") -> None:
    """Write the network as ``path``, one file with its weights inside, checked by onnx.checker.

    ``description`` is the checkpoint's: task, size, and labels or style. ``precision`` is one of PRECISIONS.
    Raises UserError where the network, at this size, does not keep the contract.
    """
    task, size = description["task"], int(description["size"])
    name_in, name_out = NAMES[task]
    # Batch 2: an example batch of 1 would be taken for a constant.
    example = torch.zeros((2, size, size, 3), dtype=torch.uint8)
    wrapped = for_export(task, network)
    _check_output(wrapped, example, description)
    program = torch.onnx.export(
        wrapped,
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
    if precision == "fp16":
        store_as_half(model)
    onnx.checker.check_model(model, full_check=True)
    temporary = path.with_suffix(".tmp")
    onnx.save(model, str(temporary))
    temporary.replace(path)


def _check_output(wrapped: nn.Module, example: torch.Tensor, description: dict[str, Any]) -> None:
    """Run the wrapped network once: the exporter's own words for a size that does not fit fill a screen."""
    size = example.shape[1]
    try:
        with torch.no_grad():
            output = wrapped(example)
    except RuntimeError as error:
        raise UserError(f"The network cannot run at size {size}: {str(error).splitlines()[0]}") from error
    shape = tuple(output.shape)
    if description["task"] == "stylization":
        fits, wanted = shape == tuple(example.shape), f"[N, {size}, {size}, 3]"
    else:
        labels = len(description["labels"])
        side = shape[-1]
        fits, wanted = shape == (2, labels, side, side) and side * 4 >= size, f"[N, {labels}, s, s], s >= S/4"
    if not fits:
        raise UserError(f"At size {size} the network's output is {list(shape)}, not {wanted}; see --size.")
