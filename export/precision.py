"""Smaller files: weights stored as float16, arithmetic still in float32."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

# Biases, scales and constants are no bytes to speak of, and the ones that hurt most when rounded.
MIN_VALUES = 1024
HALF_SUFFIX = "_half"


def store_as_half(model: onnx.ModelProto) -> None:
    """Store the large float32 weights of ``model`` as float16, each followed by a Cast, in place.

    onnxruntime computes the Casts once, when it loads the model: half the bytes, the speed of float32.
    A tensor with a weight beyond float16's range stays float32.
    """
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT:
            continue
        values = numpy_helper.to_array(tensor)
        if values.size < MIN_VALUES or np.abs(values).max() > np.finfo(np.float16).max:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), name + HALF_SUFFIX))
        casts.append(helper.make_node("Cast", [name + HALF_SUFFIX], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
