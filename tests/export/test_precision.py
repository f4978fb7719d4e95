from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from animirror.export.precision import BYTE_SUFFIX, HALF_SUFFIX, store_as_bytes, store_as_half
from animirror.export.to_onnx import write_onnx
from animirror.realtime.runtime import Session
from tests.export.conftest import GENERATOR, trained


def summed(values: dict[str, np.ndarray]) -> onnx.ModelProto:  # type: ignore[type-arg]
    """x + every one of the values, each [32, 32] or a scalar."""
    names = ["x", *values]
    nodes = [
        helper.make_node("Add", [f"sum{i}" if i else "x", name], [f"sum{i + 1}"])
        for i, name in enumerate(names[1:])
    ]
    graph = helper.make_graph(
        nodes,
        "sum",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [32, 32])],
        [helper.make_tensor_value_info(f"sum{len(values)}", TensorProto.FLOAT, [32, 32])],
        [numpy_helper.from_array(value, name) for name, value in values.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


def test_large_weights_are_halved_and_mean_the_same() -> None:
    random = np.random.default_rng(0)
    weights = {
        "exact": random.normal(size=(32, 32)).astype(np.float16).astype(np.float32),
        "small": np.array(0.1, np.float32),
        "beyond": np.full((32, 32), 70000.0, np.float32),
    }
    model = summed(weights)
    store_as_half(model)
    onnx.checker.check_model(model, full_check=True)
    stored = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    assert stored == {
        f"exact{HALF_SUFFIX}": TensorProto.FLOAT16,
        "small": TensorProto.FLOAT,
        "beyond": TensorProto.FLOAT,
    }
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    zero = np.zeros((32, 32), np.float32)
    expected = ((zero + weights["exact"]) + weights["small"]) + weights["beyond"]
    assert np.array_equal(session.run(None, {"x": zero})[0], expected)


def test_a_file_of_half_the_size_draws_nearly_the_same(tmp_path: Path) -> None:
    network = trained(GENERATOR | {"network": {"name": "lite", "width": 32, "blocks": 2}})
    write_onnx(network, GENERATOR, tmp_path / "full.onnx")
    write_onnx(network, GENERATOR, tmp_path / "half.onnx", "fp16")
    assert (tmp_path / "half.onnx").stat().st_size < 0.65 * (tmp_path / "full.onnx").stat().st_size
    full, half = Session(tmp_path / "full.onnx", "cpu"), Session(tmp_path / "half.onnx", "cpu")
    crops = np.random.default_rng(2).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    difference = np.abs(full.run(crops).astype(int) - half.run(crops))
    assert 0 < difference.max() <= 2
    assert half.metadata == full.metadata


def test_matrices_are_stored_as_bytes_with_a_scale_per_channel() -> None:
    random = np.random.default_rng(3)
    sizes = np.geomspace(0.01, 100, 32).astype(np.float32)
    even = random.uniform(-1, 1, (32, 32)).astype(np.float32)
    even[0], even[:, 0] = 1.0, 1.0  # every channel's largest weight
    weights = {"rows": even * sizes[:, None], "columns": even * sizes, "small": np.array(0.1, np.float32)}
    for name in ("rows", "columns"):
        model = summed({name: weights[name], "small": weights["small"]})
        store_as_bytes(model)
        onnx.checker.check_model(model, full_check=True)
        stored = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
        assert stored[name + BYTE_SUFFIX] == TensorProto.INT8
        assert stored["small"] == TensorProto.FLOAT
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        found = session.run(None, {"x": np.zeros((32, 32), np.float32)})[0] - weights["small"]
        step = (sizes[:, None] if name == "rows" else sizes) / 127
        assert (np.abs(found - weights[name]) <= 0.5 * step + 1e-4 * np.abs(weights[name])).all()


def test_vectors_are_not_rounded_to_bytes() -> None:
    values = np.random.default_rng(4).normal(size=(2048,)).astype(np.float32)
    model = helper.make_model(
        helper.make_graph([], "none", [], [], [numpy_helper.from_array(values, "vector")])
    )
    store_as_bytes(model)
    assert [tensor.data_type for tensor in model.graph.initializer] == [TensorProto.FLOAT]
