"""A world to compute by hand: coloured ellipses for people, tiny real ONNX models that know the colours."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from animirror.realtime.filter import FaceFilter
from animirror.realtime.regions import CELEBAMASK_LABELS
from animirror.realtime.runtime import Session
from animirror.realtime.segment import Segmenter
from animirror.realtime.stylize import Stylizer

SIZE = 128
# BGR of the pretended world.
GROUND, SKIN, HAIR = (128, 128, 128), (40, 80, 220), (200, 60, 30)
EYES, MOUTH = (230, 240, 60), (20, 10, 70)


def write_segmenter(
    path: Path,
    size: int = SIZE,
    labels: tuple[str, ...] = CELEBAMASK_LABELS,
    sizes: tuple[int, ...] = (),
) -> Path:
    """An ONNX segmenter by the contract: the nearest of the world's colours, averaged over 4x4 pixels.

    ``sizes``: the sides of input that it serves, where it leaves its side open.
    """
    colors = {"background": GROUND, "skin": SKIN, "hair": HAIR, "eyes": EYES, "mouth": MOUTH}
    colors = {label: color for label, color in colors.items() if label in labels}
    weights = np.zeros((len(labels), 3, 1, 1), np.float32)
    bias = np.full(len(labels), -1e4, np.float32)
    for label, color in colors.items():
        value = np.array(color, np.float32)
        # -|c - k|^2 without the |c|^2 that all labels share, at a temperature that keeps edges soft.
        weights[labels.index(label), :, 0, 0] = 2 * value / 2000
        bias[labels.index(label)] = -(value @ value) / 2000
    nodes = [
        helper.make_node("Cast", ["frames"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["float"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("AveragePool", ["planes"], ["pooled"], kernel_shape=[4, 4], strides=[4, 4]),
        helper.make_node("Conv", ["pooled", "weights", "bias"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]
    side, quarter = ("S", "s") if sizes else (size, size // 4)
    metadata = {"task": "segmentation", "labels": json.dumps(labels), "size": str(size)}
    return _save(
        path,
        nodes,
        ("frames", TensorProto.UINT8, ["N", side, side, 3]),
        ("probabilities", TensorProto.FLOAT, ["N", len(labels), quarter, quarter]),
        {"weights": weights, "bias": bias},
        metadata | {"sizes": json.dumps(sizes)} if sizes else metadata,
    )


def write_stylizer(
    path: Path, size: int = SIZE, style: str = "negative", sizes: tuple[int, ...] = ()
) -> Path:
    """An ONNX generator by the contract: the negative of the crop.

    ``sizes``: the sides that it draws at, where it leaves its side open.
    """
    nodes = [
        helper.make_node("Cast", ["crops"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Sub", ["white", "float"], ["inverted"]),
        helper.make_node("Cast", ["inverted"], ["styled"], to=TensorProto.UINT8),
    ]
    side = "S" if sizes else size
    shape = ["N", side, side, 3]
    metadata = {"task": "stylization", "style": style, "size": str(size)}
    return _save(
        path,
        nodes,
        ("crops", TensorProto.UINT8, shape),
        ("styled", TensorProto.UINT8, shape),
        {"white": np.array(255.0, np.float32)},
        metadata | {"sizes": json.dumps(sizes)} if sizes else metadata,
    )


def _save(path, nodes, given, result, constants, metadata) -> Path:  # type: ignore[no-untyped-def]
    graph = helper.make_graph(
        nodes,
        "test",
        [helper.make_tensor_value_info(*given)],
        [helper.make_tensor_value_info(*result)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    helper.set_model_props(model, metadata)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(path))
    return path


def draw_person(frame: NDArray[np.uint8], x: float, y: float, face: float, details: bool = True) -> None:
    """An ellipse of hair behind one of skin, ``face`` pixels high, centred at (x, y), in place.

    ``details``: with eyes and a mouth.
    """
    cv2.ellipse(
        frame,
        (round(x), round(y - 0.15 * face)),
        (round(0.55 * face), round(0.65 * face)),
        0,
        0,
        360,
        HAIR,
        -1,
    )
    cv2.ellipse(frame, (round(x), round(y)), (round(0.38 * face), round(0.5 * face)), 0, 0, 360, SKIN, -1)
    if not details:
        return
    for side in (-0.17, 0.17):
        cv2.circle(frame, (round(x + side * face), round(y - 0.1 * face)), round(0.09 * face), EYES, -1)
    cv2.ellipse(
        frame,
        (round(x), round(y + 0.3 * face)),
        (round(0.15 * face), round(0.07 * face)),
        0,
        0,
        360,
        MOUTH,
        -1,
    )


def empty_frame(width: int, height: int, seed: int = 0) -> NDArray[np.uint8]:
    """GROUND with a little noise, so that 'untouched' means something."""
    noise = np.random.default_rng(seed).integers(-6, 7, (height, width, 3))
    return np.clip(np.array(GROUND) + noise, 0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("models")
    return write_segmenter(folder / "segmenter.onnx"), write_stylizer(folder / "stylizer.onnx")


@pytest.fixture(scope="session")
def segmenter(models: tuple[Path, Path]) -> Segmenter:
    return Segmenter(Session(models[0], "cpu"))


@pytest.fixture(scope="session")
def stylizer(models: tuple[Path, Path]) -> Stylizer:
    return Stylizer(Session(models[1], "cpu"))


@pytest.fixture
def face_filter(segmenter: Segmenter, stylizer: Stylizer) -> FaceFilter:
    return FaceFilter(segmenter, stylizer)


@pytest.fixture(scope="session")
def xvfb() -> Iterator[str]:
    """The name of a virtual display. Skips where Xvfb is not installed (CI installs it)."""
    program = shutil.which("Xvfb")
    if program is None:
        pytest.skip("Xvfb is not installed")
    read, write = os.pipe()
    server = subprocess.Popen(
        # -r: keys do not repeat, or one that is held because the machine is busy is typed twice.
        [program, "-r", "-displayfd", str(write), "-screen", "0", "1280x800x24"],
        pass_fds=[write],
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    with os.fdopen(read) as pipe:
        number = pipe.readline().strip()
    yield f":{number}"
    server.terminate()
    server.wait(timeout=10)
