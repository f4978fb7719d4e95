"""Which convolutions make colours: of a coarse picture, of a finer one, and where paths meet."""

import numpy as np
import onnx
from onnx import TensorProto, helper

from animirror.export.coloring import coloring


def convolution(name: str, source: str, inputs: int, outputs: int) -> tuple[onnx.NodeProto, onnx.TensorProto]:
    weight = np.zeros((outputs, inputs, 1, 1), np.float32)
    node = helper.make_node("Conv", [source, f"{name}_w"], [name], name)
    return node, onnx.numpy_helper.from_array(weight, f"{name}_w")


def model_of(*parts: onnx.NodeProto | tuple[onnx.NodeProto, onnx.TensorProto]) -> onnx.ModelProto:
    nodes = [part[0] if isinstance(part, tuple) else part for part in parts]
    weights = [part[1] for part in parts if isinstance(part, tuple)]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("x", nodes[-1].output[0])
    ]
    return helper.make_model(helper.make_graph(nodes, "g", ends[:1], ends[1:], weights))


def test_three_in_a_row_of_the_coarse_picture_and_the_last_of_the_fine_one() -> None:
    coarse_and_fine = model_of(
        convolution("c1", "x", 3, 8),
        convolution("c2", "c1", 8, 8),
        helper.make_node("Relu", ["c2"], ["r2"]),
        convolution("c3", "r2", 8, 8),
        convolution("coarse", "c3", 8, 3),
        convolution("f1", "x", 3, 8),
        convolution("fine", "f1", 8, 3),
        helper.make_node("Add", ["coarse", "fine"], ["y"]),
    )
    assert coloring(coarse_and_fine) == ["coarse", "c3", "c2", "fine"]


def test_a_row_ends_where_paths_meet_or_the_picture_begins() -> None:
    met = model_of(
        convolution("c1", "x", 3, 8),
        convolution("c2", "c1", 8, 8),
        helper.make_node("Add", ["c1", "c2"], ["sum"]),
        convolution("c3", "sum", 8, 8),
        convolution("colors", "c3", 8, 3),
    )
    assert coloring(met) == ["colors", "c3"]
    assert coloring(model_of(convolution("colors", "x", 3, 3))) == ["colors"]


def test_a_network_without_colors_keeps_none() -> None:
    assert coloring(model_of(convolution("c1", "x", 3, 16))) == []
