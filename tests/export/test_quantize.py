import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import pytest

from animirror.export import quantize
from animirror.export.entry import export_checkpoint
from animirror.export.quantize import CHECKED_ON, likeness, quantize_model, write_int8
from animirror.export.seen import look
from animirror.realtime.cli import main
from animirror.realtime.errors import UserError
from animirror.realtime.runtime import Session
from animirror.realtime.stylize import load_stylizer
from animirror.realtime.zoo import ModelEntry, Zoo, sha256
from tests.conftest import draw_person, empty_frame, write_segmenter
from tests.export.conftest import SIZE


@pytest.fixture(scope="module")
def portraits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve pictures with a head each and one with nobody."""
    folder = tmp_path_factory.mktemp("portraits")
    for index in range(12):
        picture = empty_frame(160, 160, seed=index)
        draw_person(picture, 80 + index, 90, 60 + index)
        cv2.imwrite(str(folder / f"{index:02}.png"), picture)
    cv2.imwrite(str(folder / "99.png"), empty_frame(160, 160))
    return folder


@pytest.fixture
def zoo(generator_checkpoint: Path, people: Path, tmp_path: Path) -> Zoo:
    """The tiny generator `ink`, and the world's segmenter to find heads."""
    folder = tmp_path / "weights"
    export_checkpoint(generator_checkpoint, "ink", folder, people, "none")
    zoo = Zoo(folder)
    path = write_segmenter(folder / "eye.onnx")
    labels = tuple(json.loads(Session(path, "cpu").metadata["labels"]))
    size = path.stat().st_size
    zoo.add(
        ModelEntry(
            "eye", "segmentation", path.name, sha256(path), size, "fp32", 128, {}, "MIT", "none", labels
        )
    )
    return zoo


@pytest.fixture
def always_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network this small is no faster as int8; two percentiles are enough to choose from."""
    monkeypatch.setattr(quantize, "WORTH_IT", 1e9)
    monkeypatch.setattr(quantize, "PERCENTILES", (50.0, 99.99))


def test_models_see_heads_as_the_filter_shows_them(zoo: Zoo, portraits: Path) -> None:
    first, second = look(zoo, zoo.get("ink"), portraits, 4, 5)
    assert (first.inputs.shape, second.inputs.shape) == ((4, SIZE, SIZE, 3), (5, SIZE, SIZE, 3))
    assert first.masks.shape == (4, SIZE, SIZE)
    for seen in (first, second):
        assert ((seen.masks.mean(axis=(1, 2)) > 0.15) & (seen.masks.mean(axis=(1, 2)) < 0.6)).all()
        assert not seen.masks[:, 0, 0].any()
        assert seen.masks[:, SIZE // 2, SIZE // 2].all()
    assert not any((a == b).all() for a in first.inputs for b in second.inputs)


def test_a_generator_gets_its_int8_model(
    zoo: Zoo, portraits: Path, always_worth_it: None, tmp_path: Path
) -> None:
    source = zoo.get("ink")
    entry, quality = quantize_model(zoo, "ink", portraits, tmp_path / "sheet.png")
    again = Zoo(zoo.folder)
    assert again.quantized(source) == entry
    assert again.default("stylization") == source
    assert (entry.name, entry.file, entry.precision) == ("ink-int8", "ink-int8.onnx", "int8")
    assert entry.quantized_from == source.sha256
    assert (entry.style, entry.size, entry.licence) == (source.style, source.size, source.licence)
    assert entry.provenance["calibration"]["percentile"] == 99.99
    assert entry.provenance["quality"]["crops"] == quality.crops <= CHECKED_ON
    assert 30 < quality.worst <= quality.likeness < 99
    assert 0 < quality.mean_difference < 5
    operations = Counter(node.op_type for node in onnx.load(str(again.verify(entry))).graph.node)
    assert operations["QuantizeLinear"] > 0
    full, light = load_stylizer(again, "ink", "cpu"), load_stylizer(again, "ink-int8", "cpu")
    assert light.session.metadata == full.session.metadata
    sheet = cv2.imread(str(tmp_path / "sheet.png"))
    assert sheet is not None
    assert sheet.shape[1] == 3 * SIZE


def test_what_is_not_worth_it_is_not_kept(zoo: Zoo, portraits: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantize, "PERCENTILES", (99.99,))
    manifest = (zoo.folder / "manifest.json").read_bytes()
    monkeypatch.setattr(quantize, "WORTH_IT", 0.0)
    monkeypatch.setattr(quantize, "int8_is_fast", lambda: True)
    with pytest.raises(
        UserError, match=r"hardly faster here \(likeness .* dB, time \d+% of fp32; at most 0%"
    ):
        quantize_model(zoo, "ink", portraits)
    monkeypatch.setattr(quantize, "LEAST_PSNR", 98.0)
    with pytest.raises(UserError, match="differs too much"):
        quantize_model(zoo, "ink", portraits)
    assert (zoo.folder / "manifest.json").read_bytes() == manifest
    assert not list(zoo.folder.glob("*int8*"))


def test_int8_of_a_replaced_model_counts_no_more(zoo: Zoo, portraits: Path, always_worth_it: None) -> None:
    quantize_model(zoo, "ink", portraits)
    changed = replace(zoo.get("ink"), sha256="0" * 64)
    assert zoo.quantized(changed) is None
    with pytest.raises(UserError, match="int8 already"):
        quantize_model(zoo, "ink-int8", portraits)


def test_pictures_without_heads(zoo: Zoo, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    cv2.imwrite(str(tmp_path / "empty" / "a.png"), empty_frame(160, 160))
    arguments = ["quantize", "ink", "--crops", str(tmp_path / "empty"), "--weights", str(zoo.folder)]
    assert main(arguments) == 2
    assert "too few heads" in capsys.readouterr().err
    arguments[3] = str(tmp_path / "none")
    assert main(arguments) == 2
    assert "There is no folder" in capsys.readouterr().err


def test_weights_fit_seven_bits(zoo: Zoo, crops: np.ndarray[Any, np.dtype[np.uint8]], tmp_path: Path) -> None:
    write_int8(zoo.folder / "ink.onnx", tmp_path / "q.onnx", "stylization", crops, 99.99)
    weights = [
        t for t in onnx.load(str(tmp_path / "q.onnx")).graph.initializer if t.name.endswith("_quantized")
    ]
    values = [onnx.numpy_helper.to_array(t) for t in weights]
    eight = [value for value in values if value.dtype == np.int8]
    assert len(eight) > 3
    # Those that make colours stay float.
    assert not any(value.shape[0] == 3 for value in eight if value.ndim == 4)
    assert max(int(np.abs(value.astype(int)).max()) for value in eight) <= 64


def test_likeness_by_hand() -> None:
    mask = np.array([[True, True], [False, False]])
    drawing = np.zeros((2, 2, 3), np.uint8)
    other = drawing.copy()
    other[1] = 200  # outside the mask
    assert likeness("stylization", drawing, other, mask) == 99.0
    other[0] = 10  # 20 log10(255 / 10)
    assert likeness("stylization", drawing, other, mask) == pytest.approx(28.13, abs=0.01)
    labels = np.zeros((2, 2, 2), np.float32)
    labels[0] = 0.6
    found = labels.copy()
    found[1, 0, 0] = found[1, 1, 1] = 0.9
    assert likeness("segmentation", labels, found, mask) == 0.5
