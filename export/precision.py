"""Smaller files: weights stored as float16 or as bytes, arithmetic still in float32."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

# Biases, scales and constants are no bytes to speak of, and the ones that hurt most when rounded.
MIN_VALUES = 1024
HALF_SUFFIX, BYTE_SUFFIX, LEVELS_SUFFIX, SCALE_SUFFIX = "_half", "_byte", "_levels", "_scale"
# The largest weight of a channel is stored as this.
MOST_LEVELS = 127


def store_as_half(model: onnx.ModelProto) -> None:
    """Store the large float32 weights of ``model`` as float16, each followed by a Cast, in place.

    onnxruntime computes the Casts once, when it loads the model: half the bytes, the speed of float32.
    A tensor with a weight beyond float16's range stays float32.
    """
    casts = []
    for tensor, values in _large(model):
        if np.abs(values).max() > np.finfo(np.float16).max:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), name + HALF_SUFFIX))
        casts.append(helper.make_node("Cast", [name + HALF_SUFFIX], [name], to=TensorProto.FLOAT))
    _put_first(model, casts)


def store_as_bytes(model: onnx.ModelProto) -> None:
    """Store the large float32 matrices of ``model`` as int8 with a scale per channel, in place.

    Symmetric, per output channel (Krishnamoorthi, arXiv:1806.08342, section 3.1), where that is the first or
    the last axis: the one that is nearer to the weights. Only storage is quantized: as with float16,
    onnxruntime undoes it once, when it loads the model.
    """
    undone, scales = [], []
    for tensor, values in _large(model):
        if values.ndim < 2:
            continue
        tried = [_quantized(values, axis) for axis in (0, values.ndim - 1)]
        levels, scale = min(tried, key=lambda pair: float(np.square(pair[0] * pair[1] - values).sum()))
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(levels, name + BYTE_SUFFIX))
        scales.append(numpy_helper.from_array(scale, name + SCALE_SUFFIX))
        undone += [
            helper.make_node("Cast", [name + BYTE_SUFFIX], [name + LEVELS_SUFFIX], to=TensorProto.FLOAT),
            helper.make_node("Mul", [name + LEVELS_SUFFIX, name + SCALE_SUFFIX], [name]),
        ]
    model.graph.initializer.extend(scales)
    _put_first(model, undone)


def _large(model: onnx.ModelProto) -> Iterator[tuple[TensorProto, NDArray[np.float32]]]:
    for tensor in model.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT:
            values = numpy_helper.to_array(tensor)
            if values.size >= MIN_VALUES:
                yield tensor, values


def _quantized(values: NDArray[np.float32], axis: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Levels and, broadcastable to them, the scale of every channel along ``axis``."""
    others = tuple(other for other in range(values.ndim) if other != axis)
    scale = (
        np.maximum(np.abs(values).max(axis=others, keepdims=True), np.finfo(np.float32).tiny) / MOST_LEVELS
    )
    return np.rint(values / scale).astype(np.int8), scale.astype(np.float32)


def _put_first(model: onnx.ModelProto, nodes: list[onnx.NodeProto]) -> None:
    all_nodes = [*nodes, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(all_nodes)
