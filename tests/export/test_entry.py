import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from animirror.export import entry as export_entry
from animirror.export.entry import export_checkpoint, read_crops
from animirror.realtime.cli import main
from animirror.realtime.errors import UserError
from animirror.realtime.regions import whole_frame
from animirror.realtime.segment import load_segmenter
from animirror.realtime.stylize import load_stylizer
from animirror.realtime.zoo import MANIFEST, Zoo, sha256
from tests.export.conftest import LABELS, SIZE


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_a_generator_becomes_a_model_of_the_zoo(
    generator_checkpoint: Path, people: Path, tmp_path: Path
) -> None:
    weights = tmp_path / "weights"
    entry, parity = export_checkpoint(generator_checkpoint, "ink-lite", weights, people, "own pictures")
    zoo = Zoo(weights)
    assert zoo.entries == [entry]
    assert names(weights) == ["ink-lite.onnx", MANIFEST]
    assert (entry.task, entry.style, entry.size, entry.labels) == ("stylization", "ink", SIZE, None)
    assert (entry.precision, entry.licence, entry.data_terms) == ("fp32", "MIT", "own pictures")
    assert entry.sha256 == sha256(weights / "ink-lite.onnx")
    assert entry.provenance["seed"] == 3
    assert entry.provenance["export"]["parity"]["crops"] == parity.crops == 3
    assert load_stylizer(zoo, "ink", "cpu").size == SIZE


def test_a_segmenter_becomes_a_model_of_the_zoo_in_half_the_bytes(
    segmenter_checkpoint: Path, people: Path, tmp_path: Path
) -> None:
    entry, _ = export_checkpoint(
        segmenter_checkpoint, "seg", tmp_path / "w", people, "none", size=96, precision="fp16"
    )
    assert (entry.labels, entry.size, entry.precision) == (tuple(LABELS), 96, "fp16")
    assert entry.bytes < 0.65 * segmenter_checkpoint.stat().st_size
    segmenter = load_segmenter(Zoo(tmp_path / "w"), device="cpu")
    assert segmenter(np.zeros((1, 96, 96, 3), np.uint8)).shape == (1, 3, 24, 24)


def test_one_file_of_a_segmenter_serves_several_sizes(
    segmenter_checkpoint: Path, people: Path, tmp_path: Path
) -> None:
    entry, _ = export_checkpoint(
        segmenter_checkpoint, "seg", tmp_path / "w", people, "none", more_sizes=[96, 128]
    )
    alone, _ = export_checkpoint(segmenter_checkpoint, "alone", tmp_path / "w", people, "none", size=96)
    zoo = Zoo(tmp_path / "w")
    assert [(item.name, item.size, item.sha256) for item in zoo.entries[:3]] == [
        ("seg", SIZE, entry.sha256),
        ("seg-96", 96, entry.sha256),
        ("seg-128", 128, entry.sha256),
    ]
    assert all(item.provenance["export"]["parity"]["crops"] == 3 for item in zoo.entries)
    crops = read_crops(people, 96)
    answers = [load_segmenter(zoo, name, "cpu")(crops) for name in ("seg-96", alone.name)]
    assert answers[0].shape == (3, 3, 24, 24)
    np.testing.assert_allclose(*answers, atol=1e-4)
    export_checkpoint(segmenter_checkpoint, "seg", tmp_path / "w", people, "none", more_sizes=[160])
    assert [item.name for item in Zoo(tmp_path / "w").entries] == ["seg", "alone", "seg-160"]


def test_a_shared_file_takes_the_place_of_a_models_own(
    segmenter_checkpoint: Path, people: Path, tmp_path: Path
) -> None:
    weights = tmp_path / "w"
    export_checkpoint(segmenter_checkpoint, "seg-96", weights, people, "none", size=96)
    assert names(weights) == [MANIFEST, "seg-96.onnx"]
    export_checkpoint(segmenter_checkpoint, "seg", weights, people, "none", more_sizes=[96])
    assert names(weights) == [MANIFEST, "seg.onnx"]
    assert Zoo(weights).get("seg-96").file == "seg.onnx"


@pytest.mark.parametrize("more", [[96, 96], [SIZE], [100], [0]])
def test_sizes_that_no_file_serves(
    segmenter_checkpoint: Path, people: Path, tmp_path: Path, more: list[int]
) -> None:
    with pytest.raises(UserError, match="different multiples of 32, not 64, "):
        export_checkpoint(segmenter_checkpoint, "seg", tmp_path / "w", people, "none", more_sizes=more)
    assert names(tmp_path / "w") == []


def test_a_generator_draws_at_several_sizes(generator_checkpoint: Path, people: Path, tmp_path: Path) -> None:
    export_checkpoint(generator_checkpoint, "ink", tmp_path, people, "none", more_sizes=[96])
    export_checkpoint(generator_checkpoint, "alone", tmp_path, people, "none", size=96)
    zoo = Zoo(tmp_path)
    assert [(entry.name, entry.size) for entry in zoo.entries] == [("ink", SIZE), ("alone", 96)]
    both, alone = (load_stylizer(zoo, name, "cpu") for name in ("ink", "alone"))
    assert (both.sizes, alone.sizes) == ((SIZE, 96), (96,))
    crops = read_crops(people, 96)
    assert np.abs(both(crops).astype(int) - alone(crops)).max() <= 1


def test_a_generator_draws_no_smaller_than_it_learnt(
    generator_checkpoint: Path, people: Path, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=f"--more-sizes must be over {SIZE}"):
        export_checkpoint(generator_checkpoint, "ink", tmp_path / "w", people, "none", more_sizes=[32])
    assert names(tmp_path / "w") == []


def test_a_failed_parity_check_leaves_the_earlier_model(
    generator_checkpoint: Path, people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = tmp_path / "weights"
    export_checkpoint(generator_checkpoint, "ink", weights, people, "none")
    before = (weights / "ink.onnx").read_bytes(), (weights / MANIFEST).read_bytes()

    def fail(*_: object) -> None:
        raise UserError("differs")

    monkeypatch.setattr(export_entry, "check_parity", fail)
    with pytest.raises(UserError, match="differs"):
        export_checkpoint(generator_checkpoint, "ink", weights, people, "other", size=32)
    assert names(weights) == ["ink.onnx", MANIFEST]
    assert ((weights / "ink.onnx").read_bytes(), (weights / MANIFEST).read_bytes()) == before


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"name": "../ink"}, "it names a file"),
        ({"size": 0}, "positive number of pixels"),
        ({"size": 50}, "cannot run at size 50"),
        ({"precision": "int1"}, "Unknown precision 'int1'; known: fp32, fp16, w8"),
        ({"crops": Path("/nowhere")}, "/nowhere"),
    ],
)
def test_bad_arguments_leave_nothing(
    generator_checkpoint: Path, people: Path, tmp_path: Path, change: dict[str, object], reason: str
) -> None:
    arguments = {"name": "ink", "crops": people, "data_terms": "none"} | change
    with pytest.raises(UserError, match=reason):
        export_checkpoint(generator_checkpoint, weights=tmp_path / "w", **arguments)  # type: ignore[arg-type]
    assert names(tmp_path / "w") == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"task": "discrimination"}, "task must be one of"),
        ({"size": "64"}, "whole number"),
        ({"style": ""}, "name of its style"),
    ],
)
def test_a_description_that_lacks_something_is_named(
    generator_checkpoint: Path, people: Path, tmp_path: Path, change: dict[str, object], reason: str
) -> None:
    beside = generator_checkpoint.with_suffix(".json")
    beside.write_text(json.dumps(json.loads(beside.read_text()) | change))
    with pytest.raises(UserError, match=rf"last\.json: .*{reason}"):
        export_checkpoint(generator_checkpoint, "ink", tmp_path / "w", people, "none")


def test_crops_are_letterboxed_pictures_of_the_folder(people: Path) -> None:
    crops = read_crops(people, 32)
    assert crops.shape == (3, 32, 32, 3)
    picture = np.asarray(cv2.imread(str(people / "2.png")), np.uint8)
    assert np.array_equal(crops[2], whole_frame(200, 301).extract(picture, 32))


def test_a_picture_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(UserError, match=r"a\.png cannot be read"):
        read_crops(tmp_path, 32)


def test_the_command_prints_json(
    generator_checkpoint: Path, people: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    options = ["--name", "ink", "--json", "--crops", str(people), "--weights", str(tmp_path / "w")]
    code = main(["export", str(generator_checkpoint), *options])
    answer = json.loads(capfd.readouterr().out)
    assert code == 0
    assert answer["entry"]["file"] == "ink.onnx"
    assert answer["parity"]["largest"] <= 1
