import dataclasses
import json
from pathlib import Path

import onnx
import pytest

from animirror.realtime.errors import UserError
from animirror.realtime.regions import CELEBAMASK_LABELS
from animirror.realtime.runtime import Session
from animirror.realtime.segment import Segmenter, load_segmenter
from animirror.realtime.zoo import ModelEntry, Zoo, sha256
from tests.conftest import SIZE, write_segmenter

GOOD = {"task": "segmentation", "labels": json.dumps(CELEBAMASK_LABELS), "size": str(SIZE)}


def with_metadata(source: Path, target: Path, metadata: dict[str, str]) -> Path:
    model = onnx.load(str(source))
    onnx.helper.set_model_props(model, metadata)
    onnx.save(model, str(target))
    return target


def entry_of(path: Path) -> ModelEntry:
    return ModelEntry(
        name=path.stem,
        task="segmentation",
        file=path.name,
        sha256=sha256(path),
        bytes=path.stat().st_size,
        precision="fp32",
        size=SIZE,
        provenance={},
        licence="MIT",
        data_terms="none",
        labels=CELEBAMASK_LABELS,
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"task": None}, "lacks 'task'"),
        ({"size": None}, "lacks 'size'"),
        ({"size": "big"}, "big"),
        ({"size": "64"}, r"input is not uint8 \[N, 64, 64, 3\]"),
        ({"labels": None}, r"output is not float32 \[N, 0, s, s\]"),
        ({"labels": "[skin"}, "Expecting value"),
        ({"labels": '{"skin": 1}'}, "not a list of names"),
        ({"labels": '["skin", "hair"]'}, r"output is not float32 \[N, 2, s, s\]"),
    ],
)
def test_metadata_that_does_not_fit_is_refused(
    models: tuple[Path, Path], tmp_path: Path, change: dict[str, str | None], reason: str
) -> None:
    metadata = {key: value for key, value in (GOOD | change).items() if value is not None}
    path = with_metadata(models[0], tmp_path / "odd.onnx", metadata)
    with pytest.raises(UserError, match=rf"odd\.onnx is no .*{reason}"):
        Segmenter(Session(path, "cpu"))


def test_loads_what_the_manifest_says(tmp_path: Path) -> None:
    zoo = Zoo(tmp_path, create=True)
    zoo.add(entry_of(write_segmenter(tmp_path / "seg.onnx")))
    segmenter = load_segmenter(zoo, device="cpu")
    assert (segmenter.labels, segmenter.size) == (CELEBAMASK_LABELS, SIZE)
    assert load_segmenter(zoo, "seg", "cpu").labels == CELEBAMASK_LABELS


def test_a_changed_file_is_not_loaded(tmp_path: Path) -> None:
    zoo = Zoo(tmp_path, create=True)
    path = write_segmenter(tmp_path / "seg.onnx")
    zoo.add(entry_of(path))
    with_metadata(path, path, GOOD | {"style": "x"})
    with pytest.raises(UserError, match=r"seg\.onnx .*reinstall animirror"):
        load_segmenter(zoo, device="cpu")


def test_manifest_and_file_must_agree(tmp_path: Path) -> None:
    zoo = Zoo(tmp_path, create=True)
    entry = entry_of(write_segmenter(tmp_path / "seg.onnx"))
    zoo.add(dataclasses.replace(entry, labels=CELEBAMASK_LABELS[::-1]))
    with pytest.raises(UserError, match=r"seg\.onnx has other labels"):
        load_segmenter(zoo, device="cpu")


def test_a_generator_is_no_segmenter(tmp_path: Path) -> None:
    zoo = Zoo(tmp_path, create=True)
    entry = entry_of(write_segmenter(tmp_path / "seg.onnx"))
    zoo.add(dataclasses.replace(entry, task="stylization", labels=None, style="ink"))
    with pytest.raises(UserError, match="'seg' is for stylization"):
        load_segmenter(zoo, "seg", "cpu")
