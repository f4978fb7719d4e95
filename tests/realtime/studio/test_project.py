import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from animirror.realtime.errors import UserError
from animirror.realtime.studio import autosave
from animirror.realtime.studio.brush import Brush
from animirror.realtime.studio.choices import Variant
from animirror.realtime.studio.document import Document
from animirror.realtime.studio.models import Models
from animirror.realtime.studio.project import open_document, save_project
from tests.realtime.studio.conftest import two_people


def worked_on(document: Document) -> Document:
    document.choose(regions=("hair", "nose"), strength=0.7, variant=Variant("other", "vivid"))
    document.toggle_head(1)
    document.begin_stroke(Brush(40, hardness=0.3), 240, 60)
    document.extend_stroke(300, 100)
    document.end_stroke()
    document.begin_stroke(Brush(20, erase=True), 120, 110)
    document.end_stroke()
    return document


def test_a_project_is_opened_as_it_was_saved(
    document: Document, picture: Path, studio_models: Models, tmp_path: Path
) -> None:
    save_project(worked_on(document), tmp_path / "work.animirror")
    content = picture.read_bytes()
    picture.unlink()  # the project needs no other file
    opened = open_document(tmp_path / "work.animirror", studio_models)
    assert opened.content == content
    assert opened.sha256 == document.sha256
    assert opened.name == "two.png"
    assert opened.choices == document.choices
    assert np.array_equal(opened.snapshot().mask, document.snapshot().mask)
    assert not opened.unsaved
    assert opened.undo() is None
    opened.reset_edits()
    assert not np.array_equal(opened.snapshot().mask, document.snapshot().mask)


def test_a_snapshots_project_holds_its_picture(studio_models: Models, tmp_path: Path) -> None:
    document = Document.from_frame(two_people(), "webcam", studio_models)
    save_project(document, tmp_path / "shot.animirror")
    opened = open_document(tmp_path / "shot.animirror", studio_models)
    assert np.array_equal(opened.picture.frame, two_people())
    assert opened.name == "webcam"


def test_a_style_that_is_gone_is_forgotten(
    document: Document, studio_models: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_project(worked_on(document), tmp_path / "work.animirror")
    monkeypatch.setattr(Models, "styles", ("negative",))
    assert open_document(tmp_path / "work.animirror", studio_models).choices.variant is None


def rewritten(source: Path, target: Path, change: dict[str, object]) -> Path:
    """A project with other values in its JSON."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "project.json":
                content = json.dumps(json.loads(content) | change).encode()
            new.writestr(name, content)
    return target


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 99}, "version 99, this animirror reads version 1"),
        ({"format": "cake"}, "is no project"),
        ({"size": [10, 10]}, r"lies outside the picture|not as large"),
        ({"size": "large"}, "damaged"),
        ({"choices": {}}, "lacks 'variant'"),
        ({"choices": {"strength": 7, "feather": 1, "color_match": 0, "eyes": 0}}, "damaged|cannot be opened"),
        ({"off": 3}, "damaged"),
    ],
)
def test_projects_with_wrong_values(
    document: Document, studio_models: Models, tmp_path: Path, change: dict[str, object], message: str
) -> None:
    save_project(worked_on(document), tmp_path / "work.animirror")
    bad = rewritten(tmp_path / "work.animirror", tmp_path / "bad.animirror", change)
    with pytest.raises(UserError, match=message) as caught:
        open_document(bad, studio_models)
    assert "bad.animirror" in str(caught.value)


def test_damaged_and_foreign_files_end_in_a_sentence(
    document: Document, studio_models: Models, tmp_path: Path
) -> None:
    save_project(worked_on(document), tmp_path / "work.animirror")
    whole, bad = (tmp_path / "work.animirror").read_bytes(), tmp_path / "bad.animirror"
    random, refused = np.random.default_rng(0), 0
    for number in range(60):
        content = bytearray(whole)
        if number < 15:
            del content[len(content) * number // 15 :]
        else:
            for place in random.integers(0, len(content), 12):
                content[place] = random.integers(256)
        bad.write_bytes(content)
        try:
            open_document(bad, studio_models)
        except UserError as error:
            refused += "bad.animirror" in str(error)
    assert refused > 40
    with zipfile.ZipFile(bad, "w") as foreign:
        foreign.writestr("word/document.xml", "<x/>")
    with pytest.raises(UserError, match=r"bad\.animirror is damaged or none of animirror's"):
        open_document(bad, studio_models)
    with pytest.raises(UserError, match="does not exist"):
        open_document(tmp_path / "nowhere.animirror", studio_models)


def test_a_failed_save_leaves_the_old_project(
    document: Document, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "work.animirror"
    save_project(document, target)
    before = target.read_bytes()
    with pytest.raises(UserError, match="exists already"):
        save_project(document, target)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", full)
    with pytest.raises(UserError, match="No space left"):
        save_project(document, target, overwrite=True)
    assert target.read_bytes() == before
    assert not list(tmp_path.glob(".*"))
    with pytest.raises(UserError, match=r"ends in \.animirror"):
        save_project(document, tmp_path / "work.zip")


def test_an_autosave_brings_the_work_back(
    document: Document, picture: Path, studio_models: Models, state_folder: Path
) -> None:
    assert not autosave.found(document)
    autosave.save_mask(worked_on(document))
    assert len(list(state_folder.iterdir())) == 1
    again = Document.open(picture, studio_models)  # after the crash
    assert autosave.found(again)
    clean = again.snapshot().mask
    autosave.restore(again, studio_models)
    assert again.choices == document.choices
    assert np.array_equal(again.snapshot().mask, document.snapshot().mask)
    assert again.unsaved
    again.undo()
    again.choose(regions=("face", "hair"), off=frozenset())
    assert np.array_equal(again.snapshot().mask, clean)
    autosave.remove(again)
    assert not autosave.found(again)
    autosave.remove(again)


def test_an_autosave_of_another_picture_is_not_found(document: Document, studio_models: Models) -> None:
    autosave.save_mask(document)
    other = two_people()
    other[0, 0] ^= 1
    assert not autosave.found(Document.from_frame(other, "two.png", studio_models))


def test_a_damaged_autosave_says_so(document: Document, studio_models: Models) -> None:
    autosave.save_mask(document)
    path = autosave.autosave_path(document)
    path.write_bytes(path.read_bytes()[:50])
    before = document.choices
    with pytest.raises(UserError, match="is damaged"):
        autosave.restore(document, studio_models)
    assert document.choices == before
