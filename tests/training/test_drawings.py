"""Pairs of photo and drawing: prepared from real files, read again, learnt from."""

import csv
import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from skimage import data as pictures

from animirror.realtime.cli import main
from animirror.realtime.errors import UserError
from animirror.realtime.regions import Crop
from animirror.realtime.segment import load_segmenter
from animirror.realtime.zoo import Zoo
from animirror.training import distill
from animirror.training.data import PHOTO_JITTER, Picture
from animirror.training.drawings import PAIR_SIZE, prepare_drawings, read_pairs
from animirror.training.head_labels import hand_labels, seen_labels
from animirror.training.lessons import Pairs
from animirror.training.options import DistillOptions
from animirror.training.options_file import dump_options, parse_options
from animirror.training.seen_parts import SEEN
from tests.training.head_files import options_for, write_heads


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_heads(tmp_path_factory.mktemp("heads"))


@pytest.fixture(scope="module")
def options(root: Path, tmp_path_factory: pytest.TempPathFactory) -> DistillOptions:
    """Options whose pairs are there."""
    found = options_for(root, tmp_path_factory.mktemp("drawn"))
    assert prepare_drawings(found) == {"train": 3, "validation": 1}
    return found


def test_a_pair_is_the_photo_and_its_flat_drawing_in_the_same_place(options: DistillOptions) -> None:
    ((photo, drawing),) = read_pairs(Path(options.pairs), "validation")
    assert photo.image.shape == drawing.image.shape == (PAIR_SIZE, PAIR_SIZE, 3)
    forehead = drawing.view(128)[44:50, 58:70]
    assert forehead.std(axis=(0, 1)).max() < 3
    assert np.abs(forehead.mean(axis=(0, 1)) - (140, 170, 215)).max() < 40
    # Their hair is in the same place: the corner of the view is neither.
    hair = photo.view(128).mean(axis=2) < 55
    assert (drawing.view(128).mean(axis=2) < 75)[hair].mean() > 0.9


def test_a_pairs_photo_has_its_hair_calmed_as_the_filter_shows_it(options: DistillOptions) -> None:
    ((photo, _),) = read_pairs(Path(options.pairs), "validation")
    view = photo.image.astype(float)
    steps = np.abs(np.diff(view, axis=1)).mean(axis=2)
    level = view.mean(axis=2)[:, 1:]
    # The photo's noise is the same everywhere; a dark pixel is hair, a light one skin.
    assert np.median(steps[level < 50]) < 0.6 * np.median(steps[level > 120])


def test_prepared_again_nothing_is_drawn_twice_and_another_hand_needs_another_folder(
    root: Path, options: DistillOptions
) -> None:
    files = sorted(Path(options.pairs).rglob("*.png"))
    times = [path.stat().st_mtime_ns for path in files]
    assert len(files) == 8
    prepare_drawings(options)
    assert [path.stat().st_mtime_ns for path in files] == times
    with pytest.raises(UserError, match="holds drawings made otherwise"):
        prepare_drawings(dataclasses.replace(options, hand="cartoon"))


def test_the_command_draws_in_processes_as_alone(
    root: Path, options: DistillOptions, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = options_for(root, tmp_path)
    file = tmp_path / "options.json"
    file.write_text(dump_options(other))
    assert main(["prepare", "drawings", str(file), "--workers", "2"]) == 0
    assert "3 pairs for train, 1 pairs for validation" in capsys.readouterr().err.replace("\n", " ")
    for path in sorted(Path(options.pairs).rglob("*.png")):
        twin = Path(other.pairs) / path.relative_to(options.pairs)
        assert np.array_equal(cv2.imread(str(path)), cv2.imread(str(twin)))


def test_bad_input_is_a_sentence(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = options_for(root, tmp_path)
    file = tmp_path / "options.json"
    file.write_text(dump_options(options))
    for wrong in (["--workers", "0"], ["--count", "-5"]):
        assert main(["prepare", "drawings", str(file), *wrong]) == 2
        assert "must be at least 1" in capsys.readouterr().err
    Path(options.pairs).mkdir()
    (Path(options.pairs) / "drawings.json").write_text("{")
    with pytest.raises(UserError, match=r"drawings\.json cannot be read"):
        prepare_drawings(options)
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="file cannot be written: File exists"):
        prepare_drawings(dataclasses.replace(options, pairs=str(tmp_path / "file")))


def test_pairs_that_are_not_there_are_named(root: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no pairs; draw them with"):
        distill.train(options_for(root, tmp_path))
    with pytest.raises(UserError, match="name a folder in the option 'pairs'"):
        prepare_drawings(options_for(root, tmp_path, pairs=""))
    with pytest.raises(UserError, match="exclude each other"):
        parse_options(DistillOptions, {"teacher": "a", "pairs": "b"}, "options.json")


def likeness(one: torch.Tensor, other: torch.Tensor) -> float:
    return float(torch.corrcoef(torch.stack([one.flatten(), other.flatten()]))[0, 1])


def test_items_move_photo_and_drawing_alike_and_spoil_the_photo_alone() -> None:
    random = np.random.default_rng(2)
    # Nothing so fine that a picture of few pixels would lose all of it.
    noise = cv2.GaussianBlur(random.normal(0, 255 * 8, (PAIR_SIZE, PAIR_SIZE, 3)), (0, 0), 8)
    picture = np.clip(128 + noise, 0, 255).astype(np.uint8)

    class Same(Picture):
        @property
        def image(self) -> np.ndarray:
            return picture

    crop = Crop(PAIR_SIZE / 2, PAIR_SIZE / 2, 256)
    twin = Same(Path("twin.png"), crop)
    items = Pairs([(twin, twin)], 64, 0, 30, 1, PHOTO_JITTER)
    photos, drawings = zip(*(items[index] for index in range(30)), strict=True)
    differences = [float((a - b).abs().mean()) for a, b in zip(photos, drawings, strict=True)]
    # Many photos are left as they are; those are their twins, pixel by pixel.
    assert sum(value == 0 for value in differences) >= 5
    assert max(differences) > 0
    # Shadows, few pixels and noise leave everything in its place; two items show two places.
    for photo, drawing in zip(photos, drawings, strict=True):
        assert likeness(photo, drawing) > 0.6
    assert likeness(drawings[0], drawings[1]) < 0.3


def test_a_student_learns_the_drawings(options: DistillOptions) -> None:
    trained = dataclasses.replace(
        options, epochs=2, steps_per_epoch=30, learning_rate=2e-3, ema=0.0, lambda_gan=0.1, name="learner"
    )
    folder = distill.train(trained)
    rows = list(csv.DictReader((folder / "losses.csv").open()))
    assert float(rows[-1]["l1"]) < 0.8 * float(rows[0]["l1"])
    sheet = cv2.imread(str(folder / "samples" / "000060.png"))
    # Rows: photo, the pen's drawing, the student's; one validation pair.
    assert sheet.shape == (96, 32, 3)
    photo, drawing, drawn = (sheet[top : top + 32].astype(float) for top in (0, 32, 64))
    assert np.abs(drawn - drawing).mean() < 40 < 255
    assert np.abs(photo - drawing).mean() > 3


def test_hand_labels_lie_where_the_mask_has_them(root: Path, tmp_path: Path) -> None:
    picture = Picture(root / "images" / "00.png", Crop(100, 100, 200))
    maps = hand_labels(root / "masks" / "00.png", picture, 100)
    assert maps["hair"][20, 47] > 0.95
    assert maps["skin"][35, 47] > 0.95
    assert maps["eyes"][48, 38] > 0.95
    assert maps["eyes"][48, 56] > 0.95
    assert sum(maps.values())[10, 10] == pytest.approx(1.0, abs=1e-3)
    # A mask of half the photo's size is the same mask.
    half = cv2.imread(str(root / "masks" / "00.png"), cv2.IMREAD_GRAYSCALE)[::2, ::2]
    cv2.imwrite(str(tmp_path / "half.png"), half)
    coarse = hand_labels(tmp_path / "half.png", picture, 100)
    assert all(np.abs(coarse[name] - values).mean() < 0.01 for name, values in maps.items())
    cv2.imwrite(str(tmp_path / "odd.png"), np.full((9, 9), 40, np.uint8))
    with pytest.raises(UserError, match=r"odd\.png does not fit its set: value 40"):
        hand_labels(tmp_path / "odd.png", picture, 100)


def portrait(folder: Path) -> Path:
    path = folder / "portrait.png"
    cv2.imwrite(str(path), cv2.cvtColor(pictures.astronaut(), cv2.COLOR_RGB2BGR))
    return path


def test_seen_labels_keep_to_a_masks_borders(tmp_path: Path) -> None:
    """NASA's portrait through the shipped segmenter; the mask cuts the chin off."""
    head = Crop(222, 130, 250)
    picture, segmenter = Picture(portrait(tmp_path), head), load_segmenter(Zoo())
    free = seen_labels(segmenter, picture, None, head, 256)
    assert free is not None
    assert free["skin"].sum() > 4000
    values = np.zeros((512, 512), np.uint8)
    values[:161] = 1
    cv2.imwrite(str(tmp_path / "mask.png"), values)
    cut = seen_labels(segmenter, picture, tmp_path / "mask.png", head, 256)
    assert cut is not None
    assert free["skin"][170:175, 128].min() > 0.9
    assert cut["skin"][170:].max() < 0.01
    assert cut["hair"].max() < 0.01
    assert cut["skin"][20, 20] > 0.9
    assert seen_labels(segmenter, picture, None, Crop(420, 420, 120), 256) is None


def test_seen_labels_are_corrected_where_a_face_mesh_knows_better(tmp_path: Path) -> None:
    """The mesh calls the portrait's own eyes plain, and eyes two places on its forehead."""
    head = Crop(222, 130, 256)
    picture, segmenter = Picture(portrait(tmp_path), head), load_segmenter(Zoo())
    seen = seen_labels(segmenter, picture, None, head, 256)
    assert seen is not None
    parts = np.zeros((512, 512), np.uint8)
    parts[60:120, 190:265] = SEEN.index("plain")
    for left in (195, 240):
        parts[70:78, left : left + 16] = SEEN.index("eyes")
    cv2.imwrite(str(tmp_path / "parts.png"), parts)
    told = seen_labels(segmenter, picture, None, head, 256, tmp_path / "parts.png")
    assert told is not None
    # The crop begins at (94, 2).
    assert told["eyes"][72, 109] > 0.95
    own = seen["eyes"][60:116, 98:168].sum()
    forehead = told["eyes"][64:80, 98:168].sum()
    assert forehead == pytest.approx(2 * 16 * 8, rel=0.05)
    assert told["eyes"][60:116, 98:168].sum() - forehead < 0.1 * own
    assert told["skin"][99:102, 106:112].mean() > seen["skin"][99:102, 106:112].mean() + 0.5
    assert np.array_equal(told["upper_lip"][130:], seen["upper_lip"][130:])
    assert sum(told.values()).max() <= sum(seen.values()).max() + 0.05
