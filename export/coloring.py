"""Which convolutions give a generator's picture its colours: they stay float where others become int8."""

from __future__ import annotations

import onnx

# A picture's channels.
CHANNELS = 3
# So many convolutions in a row, the last of which makes the coarse picture's colours, paint what is flat. As
# int8 they leave blotches on skin; float they cost 8 % of anime-lite's time and give 2.8 dB.
IN_A_ROW = 3
# What stands between two convolutions of one row.
BETWEEN = ("Clip", "Relu", "LeakyRelu", "Pad", "Resize")


def coloring(model: onnx.ModelProto) -> list[str]:
    """Names of the convolutions with three outputs, and of those right before the first of them.

    The first is the coarse picture's where a generator has two (pix2pixHD: Wang et al., CVPR 2018, section
    3.1); a finer one only adds lines. A row ends early where paths meet.
    """
    outputs = {item.name: item.dims[0] for item in model.graph.initializer if item.dims}
    makers = {name: node for node in model.graph.node for name in node.output}
    colors = [
        node
        for node in model.graph.node
        if node.op_type == "Conv" and outputs.get(node.input[1], 0) == CHANNELS
    ]
    return [*_row(colors[0], makers), *(node.name for node in colors[1:])] if colors else []


def _row(last: onnx.NodeProto, makers: dict[str, onnx.NodeProto]) -> list[str]:
    """Names of at most IN_A_ROW convolutions in a row that end with ``last``."""
    row = [last.name]
    node = makers.get(last.input[0])
    while node is not None and len(row) < IN_A_ROW and node.op_type in (*BETWEEN, "Conv"):
        if node.op_type == "Conv":
            row.append(node.name)
        node = makers.get(node.input[0])
    return row
