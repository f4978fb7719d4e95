import dataclasses
import json
import re
from pathlib import Path

import pytest

from animirror.realtime.errors import UserError
from animirror.realtime.zoo import MANIFEST, ModelEntry, Zoo, sha256


def entry(folder: Path, name: str = "small", style: str = "anime", content: bytes = b"abc") -> ModelEntry:
    (folder / f"{name}.onnx").write_bytes(content)
    path = folder / f"{name}.onnx"
    return ModelEntry(
        name,
        "stylization",
        path.name,
        sha256(path),
        len(content),
        "fp32",
        256,
        {},
        "MIT",
        "none",
        None,
        style,
    )


@pytest.fixture
def zoo(tmp_path: Path) -> Zoo:
    (tmp_path / MANIFEST).write_text('{"version": 1, "models": []}')
    return Zoo(tmp_path)


def test_sha256_of_abc(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"abc")  # FIPS 180-2, appendix B.1
    assert sha256(tmp_path / "f") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_added_models_are_read_again(zoo: Zoo) -> None:
    first, second = entry(zoo.folder), entry(zoo.folder, "other", "ink")
    zoo.add(first)
    zoo.add(second)
    again = Zoo(zoo.folder)
    assert again.entries == [first, second]
    assert again.styles() == ["anime", "ink"]
    assert again.default("stylization") == first
    assert again.for_style("ink") == second == again.for_style("other")
    assert again.verify(second) == zoo.folder / "other.onnx"


def test_same_name_replaces_in_place(zoo: Zoo) -> None:
    zoo.add(entry(zoo.folder))
    zoo.add(entry(zoo.folder, "other"))
    changed = entry(zoo.folder, content=b"abcd")
    zoo.add(changed)
    assert [e.name for e in Zoo(zoo.folder).entries] == ["small", "other"]
    assert Zoo(zoo.folder).get("small").bytes == 4


def test_changed_file_is_refused(zoo: Zoo) -> None:
    known = entry(zoo.folder)
    zoo.add(known)
    (zoo.folder / known.file).write_bytes(b"abd")
    with pytest.raises(UserError, match=r"small\.onnx is not the one in the manifest.*reinstall"):
        zoo.verify(known)
    assert "SHA-256" in (zoo.describe()[0].problem or "")


def test_missing_file_is_named(zoo: Zoo) -> None:
    known = entry(zoo.folder)
    zoo.add(known)
    (zoo.folder / known.file).unlink()
    with pytest.raises(UserError, match=r"small\.onnx is missing: reinstall"):
        zoo.verify(known)


def test_unknown_names_list_what_there_is(zoo: Zoo) -> None:
    zoo.add(entry(zoo.folder))
    with pytest.raises(UserError, match=r"no model .big.*small"):
        zoo.get("big")
    with pytest.raises(UserError, match=r"no style .oil.*anime"):
        zoo.for_style("oil")
    with pytest.raises(UserError, match="no model for segmentation"):
        zoo.default("segmentation")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"task": "dance"}, "task must be one of"),
        ({"bytes": "3"}, "bytes is of the wrong type"),
        ({"file": "../x.onnx"}, "plain name beside the manifest"),
        ({"style": None}, "needs a style"),
        ({"colour": 1}, "model 'small': unknown colour"),
        ({"bytes": True}, "bytes is of the wrong type"),
        ({"size": 0}, "must be positive"),
        ({"labels": ["skin", 3]}, "labels must be names"),
        ({"name": 7}, "model 1: name is of the wrong type"),
        ({"task": "segmentation"}, "needs labels"),
    ],
)
def test_invalid_entries_are_named(zoo: Zoo, change: dict[str, object], message: str) -> None:
    item = dataclasses.asdict(entry(zoo.folder)) | change
    (zoo.folder / MANIFEST).write_text(json.dumps({"version": 1, "models": [item]}))
    with pytest.raises(UserError, match=message):
        Zoo(zoo.folder)


def test_missing_keys_are_named(zoo: Zoo) -> None:
    item = dataclasses.asdict(entry(zoo.folder))
    del item["licence"], item["sha256"]
    (zoo.folder / MANIFEST).write_text(json.dumps({"version": 1, "models": [item]}))
    with pytest.raises(UserError, match=r"manifest\.json, model 'small': lacks licence, sha256"):
        Zoo(zoo.folder)


def test_two_models_of_one_name(zoo: Zoo) -> None:
    item = dataclasses.asdict(entry(zoo.folder))
    (zoo.folder / MANIFEST).write_text(json.dumps({"version": 1, "models": [item, item]}))
    with pytest.raises(UserError, match="two models of the same name"):
        Zoo(zoo.folder)


def test_a_new_folder_is_an_empty_zoo_until_something_is_added(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"manifest\.json cannot be read"):
        Zoo(tmp_path)
    zoo = Zoo(tmp_path, create=True)
    assert zoo.entries == []
    assert not (tmp_path / MANIFEST).exists()
    zoo.add(entry(tmp_path))
    assert [e.name for e in Zoo(tmp_path).entries] == ["small"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [MANIFEST, "small.onnx"]


def test_what_does_not_verify_is_not_added(zoo: Zoo) -> None:
    known = entry(zoo.folder)
    with pytest.raises(UserError, match="has 3 bytes, not 4"):
        zoo.add(dataclasses.replace(known, bytes=4))
    assert zoo.entries == Zoo(zoo.folder).entries == []


def test_models_of_one_file_are_replaced_together(zoo: Zoo) -> None:
    known = entry(zoo.folder)
    larger, smaller = (dataclasses.replace(known, name=f"small-{side}", size=side) for side in (384, 128))
    zoo.add(known, larger, smaller)
    assert zoo.smaller(known, known.size) == [smaller]
    assert zoo.smaller(known, 385) == [larger, known, smaller]
    assert zoo.finest(known) == zoo.finest(smaller) == larger
    path = zoo.folder / known.file
    path.write_bytes(b"anew")
    known = dataclasses.replace(known, sha256=sha256(path), bytes=4)
    zoo.add(known)
    assert zoo.entries == Zoo(zoo.folder).entries == [known]


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"version": 9, "models": []}', '{"version": 1}', '{"version": 1, "models": [], "x": 0}'],
)
def test_broken_manifests(tmp_path: Path, text: str) -> None:
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(UserError, match=r"manifest\.json"):
        Zoo(tmp_path)


def test_shipped_models_are_whole() -> None:
    states = Zoo().describe()
    assert {state.entry.task for state in states} == {"segmentation", "stylization"}
    assert [state.problem for state in states] == [None] * len(states)


def test_what_ships_fits_together() -> None:
    zoo = Zoo()
    generators = [e for e in zoo.entries if e.task == "stylization" and e.quantized_from is None]
    names = [entry.name for entry in generators]
    assert names == ["anime-lite", "cartoon-lite", "illustration-lite", "anime-full"]
    assert zoo.for_style("anime") == zoo.get("anime-lite")
    assert not [entry.name for entry in zoo.entries if zoo.outdated(entry)]
    # A file that serves several sizes is shipped once.
    assert sum({entry.file: entry.bytes for entry in zoo.entries}.values()) < 60e6
    assert {path.name for path in zoo.folder.glob("*.onnx")} == {entry.file for entry in zoo.entries}
    # Every generator has a card that is written out, with pictures that are there.
    for name in names:
        card = Path(__file__).parents[2] / "weights" / f"{name}.md"
        text = card.read_text(encoding="utf-8")
        assert not re.search(r"\b(TODO|SCORES|MINUTES|PAIRS|VIDEOS\w+)\b", text)
        links = re.findall(r"\]\((\.\./[^)]+)\)", text)
        assert len(links) == 5
        assert all((card.parent / link).is_file() for link in links)
