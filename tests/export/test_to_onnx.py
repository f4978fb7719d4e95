import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray

from animirror.export.to_onnx import write_onnx
from animirror.export.wrap import for_export
from animirror.realtime.errors import UserError
from animirror.realtime.runtime import Session
from animirror.realtime.segment import Segmenter
from animirror.realtime.stylize import Stylizer
from tests.export.conftest import GENERATOR, LABELS, SEGMENTER, SIZE, trained


def test_generator_file_keeps_the_contract(tmp_path: Path, crops: NDArray[np.uint8]) -> None:
    network, path = trained(GENERATOR), tmp_path / "g.onnx"
    write_onnx(network, GENERATOR, path)
    stylizer = Stylizer(Session(path, "cpu"))
    assert (stylizer.style, stylizer.size) == ("ink", SIZE)
    with torch.no_grad():
        expected = for_export("stylization", network)(torch.from_numpy(crops)).numpy()
    assert expected.std() > 3  # else any file would agree
    for count in (1, 3):
        difference = np.abs(stylizer(crops[:count]).astype(int) - expected[:count])
        assert difference.max() <= 1
        assert np.count_nonzero(difference) <= 0.001 * difference.size
    model = onnx.load(str(path))
    assert model.opset_import[0].version >= 17
    assert "BatchNormalization" not in {node.op_type for node in model.graph.node}
    assert [(i.name, i.type.tensor_type.shape.dim[0].dim_param) for i in model.graph.input] == [
        ("crops", "N")
    ]
    assert [output.name for output in model.graph.output] == ["styled"]
    assert [p.name for p in tmp_path.iterdir()] == ["g.onnx"]
    assert b"site-packages" not in path.read_bytes()


def test_segmenter_file_keeps_the_contract(tmp_path: Path, crops: NDArray[np.uint8]) -> None:
    network, path = trained(SEGMENTER), tmp_path / "s.onnx"
    write_onnx(network, SEGMENTER, path)
    segmenter = Segmenter(Session(path, "cpu"))
    assert (list(segmenter.labels), segmenter.size) == (LABELS, SIZE)
    assert json.loads(segmenter.session.metadata["labels"]) == LABELS
    assert (segmenter.session.input_name, segmenter.session.output_name) == ("frames", "probabilities")
    with torch.no_grad():
        expected = for_export("segmentation", network)(torch.from_numpy(crops)).numpy()
    assert expected.std() > 0.1
    for count in (1, 3):
        answer = segmenter(crops[:count])
        assert answer.shape == (count, 3, SIZE // 4, SIZE // 4)
        assert np.abs(answer - expected[:count]).max() < 1e-4
        assert np.allclose(answer.sum(axis=1), 1, atol=1e-5)


def test_a_size_that_does_not_fit_the_network_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot run at size 50"):
        write_onnx(trained(GENERATOR), GENERATOR | {"size": 50}, tmp_path / "g.onnx")
    assert list(tmp_path.iterdir()) == []


def test_labels_that_do_not_fit_the_network_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"output is \[2, 3, 16, 16\], not \[N, 2, s, s\]"):
        write_onnx(trained(SEGMENTER), SEGMENTER | {"labels": LABELS[:2]}, tmp_path / "s.onnx")
