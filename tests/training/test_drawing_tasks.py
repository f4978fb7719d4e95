"""Photos drawn once more: mouths, eyes, glasses, beards or the light changed."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from animirror.realtime.errors import UserError
from animirror.training.drawings import prepare_drawings, read_pairs
from animirror.training.lessons import pair_lessons
from animirror.training.options import DistillOptions
from tests.training.head_files import options_for, write_heads


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_heads(tmp_path_factory.mktemp("heads"))


def drawn_twice(options: DistillOptions, ending: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Of the photos and of their drawings: the plain one and the copy, int [128, 128, 3] BGR."""
    assert prepare_drawings(options) == {"train": 6, "validation": 1}
    for changed, plain in zip(*[iter(read_pairs(Path(options.pairs), "train"))] * 2, strict=True):
        assert changed[0].path.stem == f"{plain[0].path.stem}-{ending}"
        for without, with_ in zip(plain, changed, strict=True):
            yield without.view(128).astype(int), with_.view(128).astype(int)


def test_photos_with_labels_by_hand_come_once_more_with_open_mouths(root: Path, tmp_path: Path) -> None:
    opening = options_for(root, tmp_path, open_mouths=1.0)
    for closed, open_ in drawn_twice(opening, "open"):
        # Photo and drawing: dark under where the lips met, and nothing moved at the brow.
        darker = closed.mean(axis=2) - open_.mean(axis=2)
        assert (darker[80:105, 50:78] > 60).sum() > 8
        assert np.abs(darker[:50]).max() < 25
    with pytest.raises(UserError, match="holds drawings made otherwise"):
        prepare_drawings(dataclasses.replace(opening, open_mouths=0.5))


def test_photos_come_once_more_with_shut_eyes_on_photo_and_drawing(root: Path, tmp_path: Path) -> None:
    shutting = options_for(root, tmp_path, eyes=2.0, shut_eyes=1.0)
    for open_, closed in drawn_twice(shutting, "shut"):
        eyes = [picture.min(axis=2) for picture in (open_, closed)]
        white = [(eye[45:75, 38:90] > 200).sum() for eye in eyes]
        assert white[0] > 20
        assert white[1] < 0.1 * white[0]
        assert np.abs(eyes[0] - eyes[1])[85:].max() < 25


def test_photos_come_once_more_with_glasses_on_photo_and_drawing(root: Path, tmp_path: Path) -> None:
    wearing = options_for(root, tmp_path, glasses=1.0)
    for without, with_ in drawn_twice(wearing, "glasses"):
        # Frames lie about the eyes: much changes there, nothing at mouth and chin.
        change = np.abs(without - with_).max(axis=2)
        assert (change[40:75] > 30).sum() > 60
        assert change[85:].max() == 0


def test_wires_are_thinner_and_lighter_on_the_photo_than_on_the_drawing(root: Path, tmp_path: Path) -> None:
    pictures = list(drawn_twice(options_for(root, tmp_path, wires=1.0), "wires"))
    for (photo, worn), (drawing, drawn) in zip(pictures[::2], pictures[1::2], strict=True):
        frames = [np.abs(a - b).max(axis=2)[40:75] > 30 for a, b in ((photo, worn), (drawing, drawn))]
        assert frames[1].sum() > 60
        assert frames[0].sum() < 0.8 * frames[1].sum()
        assert np.abs(drawing - drawn)[85:].max() == 0


def test_pale_frames_are_light_with_dark_edges_on_the_photo_and_dark_on_the_drawing(
    root: Path, tmp_path: Path
) -> None:
    pictures = list(drawn_twice(options_for(root, tmp_path, pale_frames=1.0), "pale"))
    changes = []
    for photo, drawing in zip(pictures[::2], pictures[1::2], strict=True):
        change, drawn = ((worn - bare).mean(axis=2)[40:75] for bare, worn in (photo, drawing))
        assert (drawn < -30).sum() > 60
        changes.append(change)
    # One of these three is grey all over, the others are lighter than the skin.
    assert sum((change > 15).sum() for change in changes) > 150
    assert sum((change < -15).sum() for change in changes) > 50


def test_photos_come_once_more_with_beards_on_photo_and_drawing(root: Path, tmp_path: Path) -> None:
    growing = options_for(root, tmp_path, beards=1.0)
    for without, with_ in drawn_twice(growing, "beard"):
        darker = without.mean(axis=2) - with_.mean(axis=2)
        # A drawing's other tones follow the skin's median, which a beard darkens a little.
        face, jaw = np.abs(darker[40:65]).mean(), darker[78:112, 45:83]
        assert (jaw > 25).sum() > 40
        assert jaw.max() > 10 * face


def test_photos_come_once_more_with_shade_on_the_photo_alone(root: Path, tmp_path: Path) -> None:
    shading = options_for(root, tmp_path, shades=1.0)
    pictures = list(drawn_twice(shading, "shade"))
    for lit, shaded in pictures[::2]:
        darker = lit.mean(axis=2) - shaded.mean(axis=2)
        assert (darker[78:112, 45:83] > 12).sum() > 40
        assert np.abs(darker[:65]).max() < 6
    for plain, still in pictures[1::2]:
        assert np.array_equal(plain, still)
    with pytest.raises(UserError, match="holds drawings made otherwise"):
        prepare_drawings(dataclasses.replace(shading, shades=0.5))


def test_beards_that_a_person_saw_are_drawn_beyond_the_count_too(root: Path, tmp_path: Path) -> None:
    marks = tmp_path / "beards.json"
    marks.write_text(json.dumps({"heads": {"unsure": ["00"], "full": ["02"]}}))
    options = options_for(root, tmp_path, beards_seen=str(marks))
    assert prepare_drawings(options, count=2) == {"train": 2, "validation": 1}
    jaws = {
        photo.path.stem: (photo.view(128), drawing.view(128))
        for photo, drawing in read_pairs(Path(options.pairs), "train")
    }
    assert list(jaws) == ["heads-01", "heads-02"]
    darker = [
        np.median(photo.astype(int)[95:105, 58:72]) - np.median(drawing.astype(int)[95:105, 58:72])
        for photo, drawing in jaws.values()
    ]
    assert darker[1] > darker[0] + 20


def test_photos_with_such_a_beard_and_their_copies_are_shown_more_often(root: Path, tmp_path: Path) -> None:
    marks = tmp_path / "beards.json"
    marks.write_text(json.dumps({"heads": {"none": ["00"], "goatee": ["02"]}}))
    options = options_for(root, tmp_path, beards_seen=str(marks), beards_often=3, eyes=2.0, plain_eyes=1.0)
    assert prepare_drawings(options) == {"train": 6, "validation": 1}
    assert pair_lessons(options).pictures == 6 + 2 * 2
    assert pair_lessons(dataclasses.replace(options, beards_often=1)).pictures == 6


def test_photos_in_the_shade_are_shown_more_often_and_no_others(root: Path, tmp_path: Path) -> None:
    options = options_for(root, tmp_path, shades=1.0, shades_often=4)
    assert prepare_drawings(options) == {"train": 6, "validation": 1}
    assert pair_lessons(options).pictures == 6 + 3 * 3


def test_photos_with_thin_and_pale_frames_are_shown_more_often(root: Path, tmp_path: Path) -> None:
    options = options_for(root, tmp_path, glasses=1.0, wires=1.0, pale_frames=1.0, frames_often=3)
    assert prepare_drawings(options) == {"train": 12, "validation": 1}
    assert pair_lessons(options).pictures == 12 + 2 * 6


def test_pairs_nod_alike_where_nods_are_asked_for(root: Path, tmp_path: Path) -> None:
    options = options_for(root, tmp_path)
    prepare_drawings(options)
    still, nodding = (
        pair_lessons(dataclasses.replace(options, nods=nods)).dataset(0, 6) for nods in (0.0, 1.0)
    )
    assert all(torch.equal(still[i], pair_lessons(options).dataset(0, 6)[i]) for i in range(6))
    assert all((still[i][1] - nodding[i][1]).abs().mean() > 0.02 for i in range(6))


def test_photos_come_once_more_with_eyes_less_enlarged(root: Path, tmp_path: Path) -> None:
    plain = options_for(root, tmp_path, eyes=2.0, plain_eyes=1.0)
    for with_, without in drawn_twice(plain, "eyes"):
        eyes = [picture.mean(axis=2) for picture in (without, with_)]
        # More dark where pupils and lashes are; nothing moves at mouth and chin.
        dark = [(eye[45:72, 38:90] < 90).sum() for eye in eyes]
        assert dark[1] > dark[0] > 0
        assert (np.abs(eyes[0] - eyes[1])[45:72, 38:90] > 30).sum() > 20
        assert np.abs(eyes[0] - eyes[1])[85:].max() < 3
    with pytest.raises(UserError, match="holds drawings made otherwise"):
        prepare_drawings(dataclasses.replace(plain, plain_eyes=0.5))
