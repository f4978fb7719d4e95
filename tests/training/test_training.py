"""Both training loops end to end on tiny data, and what becomes of their checkpoints."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from animirror.export.entry import export_checkpoint
from animirror.realtime.errors import UserError
from animirror.realtime.segment import load_segmenter
from animirror.realtime.stylize import load_stylizer
from animirror.realtime.zoo import Zoo
from animirror.training import cyclegan, segformer
from animirror.training.checkpoint import load_checkpoint, save_checkpoint
from animirror.training.evaluate import View, score_view, three_classes, truth, with_pixels
from animirror.training.networks import build
from animirror.training.options import MaskSet, SegformerOptions
from animirror.training.parsing_data import Sample
from tests.training.conftest import cyclegan_options

LABELS = ("background", "skin", "ears", "hair")


def segformer_options(data: Path, runs: Path, **changes: object) -> SegformerOptions:
    options = SegformerOptions(
        name="seg",
        network={"name": "segformer", "decoder": 16, "drop_path": 0.0, "dropout": 0.0},
        labels=list(LABELS),
        data_root=str(data),
        sets=[MaskSet("people", "people/images", "people/masks", "face_hair")],
        splits=str(data / "splits.json"),
        runs=str(runs),
        size=64,
        steps=4,
        batch=2,
        warmup=1,
        save_every=2,
        bf16=False,
        workers=0,
    )
    return dataclasses.replace(options, **changes)  # type: ignore[arg-type]


def test_segformer_trains_saves_resumes_and_exports(data: Path, tmp_path: Path) -> None:
    options = segformer_options(data, tmp_path)
    checkpoint = segformer.train(options, max_minutes=0.0)
    assert load_checkpoint(checkpoint)[1]["provenance"]["step"] == 1
    segformer.train(options, resume=True)
    _, description = load_checkpoint(checkpoint)
    assert description["provenance"]["step"] == 4
    assert description["labels"] == list(LABELS)

    weights = tmp_path / "weights"
    entry, parity = export_checkpoint(checkpoint, "tiny", weights, data / "people" / "images", "made up")
    assert parity.crops == 10
    assert parity.largest < 1e-3
    segmenter = load_segmenter(Zoo(weights), "tiny", device="cpu")
    assert (segmenter.labels, segmenter.size) == (LABELS, 64)
    assert segmenter(np.zeros((3, 64, 64, 3), np.uint8)).shape == (3, 4, 16, 16)
    assert entry.provenance["seed"] == options.seed


def test_generator_exports_as_it_was_trained(data: Path, tmp_path: Path) -> None:
    folder = cyclegan.train(cyclegan_options(data, tmp_path, epochs=1))
    weights = tmp_path / "weights"
    entry, parity = export_checkpoint(
        folder / "last.safetensors", "tiny", weights, data / "people" / "images", "made up", size=64
    )
    assert parity.largest <= 1
    stylizer = load_stylizer(Zoo(weights), "anime", device="cpu")
    assert (entry.size, stylizer.size) == (64, 64)


def test_an_export_that_differs_is_not_kept(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = cyclegan.train(cyclegan_options(data, tmp_path, epochs=1))
    other = build({"name": "lite", "width": 8, "blocks": 1, "detail_blocks": 1})
    from animirror.export import entry

    real = entry.check_parity
    monkeypatch.setattr(entry, "check_parity", lambda _, *rest: real(other, *rest))
    weights = tmp_path / "weights"
    with pytest.raises(UserError, match="does not answer as the checkpoint does"):
        export_checkpoint(folder / "last.safetensors", "tiny", weights, data / "people" / "images", "made up")
    assert list(weights.iterdir()) == []


def test_checkpoints_in_half_precision_are_small_and_load(tmp_path: Path) -> None:
    network = build({"name": "lite", "width": 8, "blocks": 1})
    spec = {"name": "lite", "width": 8, "blocks": 1}
    for name, half in (("full", False), ("half", True)):
        description = {"task": "stylization", "network": spec, "size": 64, "style": "x"}
        save_checkpoint(tmp_path / f"{name}.safetensors", network, description, half=half)
    sizes = [(tmp_path / f"{name}.safetensors").stat().st_size for name in ("full", "half")]
    assert sizes[1] < 0.65 * sizes[0]
    loaded, _ = load_checkpoint(tmp_path / "half.safetensors")
    picture = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.allclose(loaded(picture), network.eval()(picture), atol=0.01)


def test_broken_checkpoints_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"x\.json cannot be read"):
        load_checkpoint(tmp_path / "x.safetensors")
    (tmp_path / "x.safetensors").write_bytes(b"junk")
    (tmp_path / "x.json").write_text('{"task": "stylization", "network": {"name": "lite"}, "size": 64}')
    with pytest.raises(UserError, match=r"x\.safetensors cannot be read"):
        load_checkpoint(tmp_path / "x.safetensors")


def test_scores_by_hand() -> None:
    codes = np.full((40, 40), 17, np.uint8)
    codes[10:30, 10:30] = 16  # face, of 400 pixels
    codes[0:10] = 10  # hair, of 400 pixels

    def half_right(crops: np.ndarray) -> np.ndarray:
        answer = np.zeros((1, 16, 40, 40), np.float32)
        answer[:, 0] = 0.5
        answer[:, 1, 10:30, 10:20] = 1.0  # the left half of the face
        answer[:, 10, 0:20] = 0.9  # hair twice as high as it is, over part of that half face
        return answer

    sample = Sample(np.zeros((40, 40, 3), np.uint8), codes)
    score = score_view(View("flickr", "x", 1.0), [sample], half_right, _celeb(), 40)
    assert score.face == pytest.approx(200 / 400)
    assert score.hair == pytest.approx(400 / 700, abs=1e-4)  # 20 rows less the 10 x 10 of face


def test_a_crop_shows_no_more_pixels_than_the_head_had() -> None:
    stripes = np.zeros((40, 80, 3), np.uint8)
    stripes[:, ::2] = 200
    assert np.array_equal(with_pixels(stripes, 80), stripes)
    assert np.array_equal(with_pixels(stripes, 40), np.full((40, 80, 3), 100, np.uint8))
    codes = np.full((40, 80), 17, np.uint8)
    codes[10:30, 30:50] = 16
    shown = []

    def keep(crops: np.ndarray) -> np.ndarray:
        shown.append(crops[0])
        return np.zeros((1, 16, 40, 40), np.float32)

    for pixels in (None, 1.0):
        score_view(View("celebamask", "x", None, pixels), [Sample(stripes, codes)], keep, _celeb(), 40)
    assert shown[0].std() > 40
    assert shown[1].std() < 10


def _celeb() -> tuple[str, ...]:
    from animirror.realtime.regions import CELEBAMASK_LABELS

    return CELEBAMASK_LABELS


def test_ears_are_face_only_where_masks_know_them() -> None:
    ears = np.zeros((16, 1, 1), np.float32)
    ears[_celeb().index("ears")] = 1.0
    assert three_classes(ears, _celeb(), ears=True)[0, 0] == 1
    assert three_classes(ears, _celeb(), ears=False)[0, 0] == 0
    assert truth(np.array([[1, 16, 17, 10, 13]], np.uint8))[0].tolist() == [1, 1, 0, 2, 0]
