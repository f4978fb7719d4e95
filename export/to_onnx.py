"""Wrapped networks to ONNX files: dynamic batch, opset, metadata."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import nn

from animirror.export.precision import store_as_bytes, store_as_half
from animirror.export.wrap import for_export
from animirror.realtime.errors import UserError
from animirror.realtime.runtime import SIDE
from animirror.training.networks.segformer import STEP

# The first opset with Gelu as one operation: SegFormer takes 28.1 ms on a CPU core, 29.9 ms with opset 18.
# onnxruntime 1.20, the oldest that we allow, knows it in full.
OPSET = 20
STORES = {"fp16": store_as_half, "w8": store_as_bytes}
PRECISIONS = ("fp32", *STORES)
NAMES = {"segmentation": ("frames", "probabilities"), "stylization": ("crops", "styled")}


def metadata(description: dict[str, Any]) -> dict[str, str]:
    """metadata_props of the contract from a checkpoint's description."""
    task = description["task"]
    kept = {"task": task, "size": str(description["size"])}
    if len(sizes_of(description)) > 1:
        kept["sizes"] = json.dumps(sizes_of(description))
    if task == "segmentation":
        return kept | {"labels": json.dumps(list(description["labels"]))}
    kept |= {"style": description["style"]}
    return kept | {"eyes": str(description["eyes"])} if "eyes" in description else kept


def sizes_of(description: dict[str, Any]) -> list[int]:
    """All sides of the input that a model is made for, px, its own first."""
    return [int(size) for size in description.get("sizes", [description["size"]])]


def write_onnx(network: nn.Module, description: dict[str, Any], path: Path, precision: str = "fp32") -> None:
    """Write the network as ``path``, one file with its weights inside, checked by onnx.checker.

    ``description`` is the checkpoint's: task, size, and labels or style; and ``sizes``, the own one first,
    where the file is to serve several: multiples of STEP, the side is left open then. ``precision`` is one of
    PRECISIONS. Raises UserError where the network, at one of these sizes, does not keep the contract.
    """
    task, sizes = description["task"], sizes_of(description)
    name_in, name_out = NAMES[task]
    # Batch 2: an example batch of 1 would be taken for a constant.
    example = torch.zeros((2, sizes[0], sizes[0], 3), dtype=torch.uint8)
    wrapped = for_export(task, network)
    for size in sizes:
        _check_output(wrapped, example.new_zeros((2, size, size, 3)), description)
    with warnings.catch_warnings():
        # The side gets its name below.
        warnings.filterwarnings("ignore", message=".*axis name.*will not be used")
        program = torch.onnx.export(
            wrapped,
            (example,),
            input_names=[name_in],
            output_names=[name_out],
            dynamic_shapes=(_open(sizes),),
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    model = program.model_proto  # type: ignore[union-attr]
    if len(sizes) > 1:
        _name_side(model, task)
    onnx.helper.set_model_props(model, metadata(description))
    # Node names of the exporter carry this machine's file paths.
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    if precision in STORES:
        STORES[precision](model)
    onnx.checker.check_model(model, full_check=True)
    temporary = path.with_suffix(".tmp")
    onnx.save(model, str(temporary))
    temporary.replace(path)


def _open(sizes: Sequence[int]) -> dict[int, Any]:
    """The input's axes that stay open: how many pictures, and their side where it may be several."""
    batch = {0: torch.export.Dim("N", min=1)}
    if len(sizes) == 1:
        return batch
    steps = torch.export.Dim("steps", min=min(sizes) // STEP, max=max(sizes) // STEP)
    return batch | {1: STEP * steps, 2: STEP * steps}


def _name_side(model: onnx.ModelProto, task: str) -> None:
    """Give the open side the name that runtime.py knows it by; the exporter's is a formula.

    A drawing has its picture's side.
    """
    for value in (model.graph.input[0], *(model.graph.output if task == "stylization" else ())):
        for axis in value.type.tensor_type.shape.dim[1:3]:
            axis.dim_param = SIDE
    # Shapes in between name the side as the exporter did; onnxruntime infers them anew.
    del model.graph.value_info[:]


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
