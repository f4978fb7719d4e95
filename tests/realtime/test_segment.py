import dataclasses
import json
from pathlib import Path

import numpy as np
import onnx
import pytest

from animirror.realtime import models as models_module
from animirror.realtime.convert import look_of
from animirror.realtime.errors import UserError
from animirror.realtime.recipe import Recipe
from animirror.realtime.regions import CELEBAMASK_LABELS
from animirror.realtime.runtime import Session
from animirror.realtime.segment import (
    Segmenter,
    load_fine_segmenter,
    load_live_segmenter,
    load_segmenter,
)
from animirror.realtime.zoo import ModelEntry, Zoo, sha256
from tests.conftest import SIZE, write_segmenter, write_stylizer
from tests.realtime.conftest import OnGpu

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
        ({"sizes": "128"}, "its sizes are not a list"),
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


@pytest.fixture
def sizes(tmp_path: Path) -> Zoo:
    """One file for sides of 128, 96 and 192 px, each a model of its own, and a style."""
    zoo = Zoo(tmp_path / "sizes", create=True)
    zoo.folder.mkdir()
    entry = entry_of(write_segmenter(zoo.folder / "seg.onnx", sizes=(SIZE, 96, 192)))
    others = [dataclasses.replace(entry, name=f"seg-{side}", size=side) for side in (96, 192)]
    style = entry_of(write_stylizer(zoo.folder / "ink.onnx"))
    style = dataclasses.replace(style, task="stylization", labels=None, style="negative")
    zoo.add(entry, *others, style)
    return zoo


@pytest.mark.parametrize(("name", "side"), [("seg", SIZE), ("seg-96", 96), ("seg-192", 192)])
def test_one_file_serves_several_sizes(sizes: Zoo, name: str, side: int) -> None:
    segmenter = load_segmenter(sizes, name, "cpu")
    assert (segmenter.size, segmenter.session.name) == (side, name)
    assert segmenter(np.zeros((2, side, side, 3), np.uint8)).shape == (2, 16, side // 4, side // 4)
    with pytest.raises(ValueError, match=rf"seg\.onnx takes uint8 \[N, {side}, {side}, 3\]"):
        segmenter(np.zeros((1, 64, 64, 3), np.uint8))


def test_an_open_side_is_none_that_its_file_was_not_made_for(sizes: Zoo) -> None:
    with pytest.raises(UserError, match=r"input is not uint8 \[N, 128, 128, 3\]"):
        Segmenter(Session(sizes.folder / "seg.onnx", "cpu", side=160))
    with pytest.raises(UserError, match=r"input is not uint8 \[N, 128, 128, 3\]"):
        Segmenter(Session(sizes.folder / "seg.onnx", "cpu"))


def test_what_is_kept_is_segmented_finely_and_a_live_picture_on_nvidia_gpus(
    sizes: Zoo, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load_fine_segmenter(sizes, "cpu").session.name == "seg-192"
    assert load_live_segmenter(sizes, "cpu").session.name == "seg"
    assert Recipe(device="cpu", models=sizes.folder).make().segmenter_size == 192
    assert Recipe(device="cpu", models=sizes.folder, live=True).make().segmenter_size == SIZE

    monkeypatch.setattr(models_module, "Session", OnGpu)
    assert load_live_segmenter(sizes, "cuda").session.name == "seg-192"
    assert load_segmenter(sizes, device="cuda").session.name == "seg"


def test_a_conversion_knows_which_size_it_was_begun_with(sizes: Zoo) -> None:
    fine, usual = (Recipe(device="cpu", models=sizes.folder, live=live).make() for live in (False, True))
    assert look_of(fine) == look_of(Recipe(device="cpu", models=sizes.folder).make()) != look_of(usual)
