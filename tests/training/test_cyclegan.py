"""The CycleGAN loop end to end on tiny data: its story and its ends."""

import dataclasses
import re
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from animirror.realtime.errors import UserError
from animirror.training import cyclegan, loop, samples
from animirror.training.checkpoint import load_checkpoint, load_tensors, save_tensors
from animirror.training.gan import CycleGan, check_networks
from animirror.training.history import LOSSES, SCORES, WARNINGS, read_table
from animirror.training.options import CycleganOptions
from animirror.training.options_file import load_options
from animirror.training.processes import Processes
from animirror.training.samples import translate, validation_drawings, validation_photos
from animirror.training.splits import read_splits
from animirror.training.state import BEST, LAST, STATE, start
from tests.training.conftest import cyclegan_options

PRESETS = Path(cyclegan.__file__).parent / "presets"


def test_a_run_tells_its_story(data: Path, tmp_path: Path) -> None:
    options = cyclegan_options(data, tmp_path, score="fd_segformer", score_pictures=2, lambda_color=0.0)
    folder = cyclegan.train(options)
    assert {path.name for path in folder.iterdir()} == {
        *("options.json", "losses.csv", "losses.png", "scores.csv", "samples", "tensorboard"),
        *(
            "best.json",
            "best.safetensors",
            "last.json",
            "last.safetensors",
            "state.json",
            "state.safetensors",
        ),
    }
    losses, scores = read_table(folder / LOSSES), read_table(folder / SCORES)
    assert [row["step"] for row in losses] == [2, 4, 6]
    assert [row["learning_rate"] for row in losses] == pytest.approx([2e-4, 2e-4 * 2 / 3, 0.0], rel=1e-4)
    assert "color" not in losses[0]
    for row in losses:
        weighted = sum(
            getattr(options, f"lambda_{n}") * row[n] for n in ("gan", "cycle", "identity", "equivariance")
        )
        assert row["generator"] == pytest.approx(weighted, rel=1e-3)
    assert [row["epoch"] for row in scores] == [1, 2, 3]
    best = min(scores, key=lambda row: row["fd_segformer"])
    for name, row in (("best", best), ("last", scores[-1])):
        _, description = load_checkpoint(folder / f"{name}.safetensors")
        assert description["provenance"]["step"] == row["step"]
        assert description["scores"] == {n: row[n] for n in ("fd_segformer", "kd_segformer")}
    assert load_checkpoint(folder / LAST)[1]["provenance"]["epochs"] == 3
    assert next(path.name for path in (folder / "tensorboard").iterdir()).startswith("events.out")
    with pytest.raises(UserError, match="already holds a run; resume it"):
        cyclegan.train(options)


@pytest.mark.usefixtures("no_plots")
def test_the_sheet_shows_there_and_back_both_ways(data: Path, tmp_path: Path) -> None:
    options = cyclegan_options(data, tmp_path, epochs=1, samples=2, ema=0.0)
    folder = cyclegan.train(options)
    sheet = cv2.imread(str(folder / "samples" / "000002.png"))
    assert sheet is not None
    cells = sheet.reshape(6, 32, 2, 32, 3).swapaxes(1, 2)
    splits = read_splits(data / "splits.json")
    photos, drawings = (of(options, splits, 2) for of in (validation_photos, validation_drawings))
    assert (len(photos), len(drawings)) == (2, 2)
    gan = CycleGan(options, 2, torch.device("cpu"))
    start(folder, options, gan, resume=True)
    assert np.array_equal(cells[0, :2], photos)
    assert np.array_equal(cells[1, :2], translate(gan.draw, photos))
    assert np.array_equal(cells[2, :2], translate(gan.undraw, cells[1, :2]))
    assert np.array_equal(cells[3, :2], drawings)
    assert np.array_equal(cells[4, :2], translate(gan.undraw, drawings))
    assert np.array_equal(cells[5, :2], translate(gan.draw, cells[4, :2]))
    assert gan.draw.training


def test_a_score_needs_two_pictures_of_a_kind(data: Path, tmp_path: Path) -> None:
    options = cyclegan_options(data, tmp_path, score="fd_segformer", score_pictures=1)
    with pytest.raises(
        UserError, match=r"at least two validation pictures of each domain, not 1 and 1; .* 'none'"
    ):
        cyclegan.train(options)


@pytest.mark.usefixtures("no_plots")
def test_training_moves_towards_its_goal(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "LOG_EVERY", 10)
    options = cyclegan_options(data, tmp_path, epochs=1, steps_per_epoch=60, learning_rate=2e-3)
    cycles = [row["cycle"] for row in read_table(cyclegan.train(options) / LOSSES)]
    assert len(cycles) == 6
    assert cycles[-1] < 0.7 * cycles[0]


@pytest.mark.usefixtures("no_plots")
def test_troubles_are_told_and_written_down(
    data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A generator that answers every photo with the same drawing, and a loss that runs away.
    real = CycleGan.step

    def step(gan: CycleGan, photos: torch.Tensor, drawings: torch.Tensor) -> dict[str, float]:
        parts = real(gan, photos, drawings)
        return parts | {"generator": 100.0 if gan.steps > 6 else 1.0}

    def collapsed(network: nn.Module, pictures: np.ndarray) -> np.ndarray:
        return np.full_like(pictures, 90)

    monkeypatch.setattr(CycleGan, "step", step)
    monkeypatch.setattr("animirror.training.monitor.translate", collapsed)
    splits = ""  # without them, training pictures stand in: enough of them to differ
    folder = cyclegan.train(cyclegan_options(data, tmp_path, epochs=4, splits=splits, samples=4))
    told = [(row["step"], str(row["warning"])) for row in read_table(folder / WARNINGS)]
    assert [step for step, text in told if "mode collapse" in text] == [2, 4, 6, 8]
    assert [step for step, text in told if "explodes" in text] == [8]
    assert "mode collapse" in caplog.text


def test_workers_change_nothing(data: Path, tmp_path: Path) -> None:
    options = cyclegan_options(data, tmp_path)
    splits = read_splits(data / "splits.json")
    photos, drawings = (
        samples.read_pictures(data, sets, splits, validation=False)
        for sets in (options.photos, options.drawings)
    )
    found = [
        list(cyclegan.batches(photos, drawings, dataclasses.replace(options, workers=n), 1, 3, Processes()))
        for n in (0, 2)
    ]
    assert [len(batches) for batches in found] == [2, 2]
    for one, other in zip(*found, strict=True):
        assert one["photo"].shape == (2, 3, 32, 32)
        assert torch.equal(one["photo"], other["photo"])
        assert torch.equal(one["drawing"], other["drawing"])


def test_a_picture_that_goes_missing_is_told_in_a_sentence(data: Path, tmp_path: Path) -> None:
    shutil.copytree(data, tmp_path / "data")
    options = cyclegan_options(tmp_path / "data", tmp_path, workers=1)
    photos = samples.read_pictures(tmp_path / "data", options.photos, None, validation=False)
    for photo in photos:
        photo.path.unlink()
    loader = cyclegan.batches(photos, photos, options, 0, 2, Processes())
    with pytest.raises(UserError) as told:
        list(loop.in_one_sentence(loader))
    assert re.fullmatch(
        r"The picture .+\.png could be read before and cannot be now; put it back\.", str(told.value)
    )


@pytest.mark.usefixtures("no_plots")
def test_scores_of_other_features_are_not_compared(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Hundred:
        frechet, kernel, source = "fid", "kid", "hundred"

        def __call__(self, pictures: np.ndarray) -> np.ndarray:
            return 100.0 * pictures[:, :2, 0, 0].astype(np.float32)

    options = cyclegan_options(data, tmp_path, score="auto", score_pictures=2, epochs=1)
    with monkeypatch.context() as patch:
        patch.setattr("animirror.training.features.InceptionFeatures", _offline)
        folder = cyclegan.train(options)
    (first,) = read_table(folder / SCORES)
    monkeypatch.setattr("animirror.training.features.InceptionFeatures", lambda _: Hundred())
    cyclegan.train(dataclasses.replace(options, epochs=2), resume=True)
    second = read_table(folder / SCORES)[1]
    assert second["fid"] > 100 * first["fd_segformer"]
    state = load_tensors(folder / STATE)[1]
    assert (state["judged_by"], state["best_score"], state["best_epoch"]) == ("hundred", second["fid"], 2)
    assert load_checkpoint(folder / BEST)[1]["provenance"]["step"] == 4


def _offline(_: torch.device) -> None:
    raise UserError("Inception's weights cannot be had (offline).")


def test_compiled_networks_train_alike(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compile_with = nn.Module.compile
    # The default backend calls a C++ compiler for minutes.
    monkeypatch.setattr(nn.Module, "compile", lambda network: compile_with(network, backend="eager"))
    options = cyclegan_options(data, tmp_path, lambda_equivariance=0.0)
    torch.manual_seed(0)
    photos, drawings = torch.rand(2, 2, 3, 32, 32)
    plain, compiled = (
        CycleGan(dataclasses.replace(options, compile=wanted), 4, torch.device("cpu"))
        for wanted in (False, True)
    )
    expected, found = plain.step(photos, drawings), compiled.step(photos, drawings)
    assert found == pytest.approx(expected, rel=1e-3)
    assert compiled.draw.state_dict().keys() == plain.draw.state_dict().keys()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"generator": {"name": "lite", "width": 8}, "size": 36}, "generator 'lite' .*36 px.*multiple of 32"),
        (
            {"generator": {"name": "unet", "filters": 4}, "size": 64},
            "generator 'unet' cannot work on pictures of 64",
        ),
        (
            {"generator": {"name": "resnet", "filters": 4}, "size": 33},
            r"'resnet' makes pictures of \(36, 36\) px",
        ),
        (
            {"discriminator": {"name": "patchgan", "filters": 4}, "size": 32, "generator": {"name": "lit"}},
            "Unknown",
        ),
    ],
)
def test_sizes_that_a_network_cannot_do_are_told_before_anything(
    changes: dict[str, object], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        check_networks(dataclasses.replace(CycleganOptions(), **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["thesis-low", "thesis-high", "anime-lite-1", "anime-lite-2"])
def test_presets_can_be_built(name: str) -> None:
    check_networks(load_options(CycleganOptions, PRESETS / f"{name}.json"))


def test_a_run_begins_from_anothers_networks_as_far_as_they_are_the_same(data: Path, tmp_path: Path) -> None:
    first = cyclegan_options(data, tmp_path, epochs=1)
    state = cyclegan.train(first) / "state.safetensors"
    wider = cyclegan_options(
        data,
        tmp_path,
        name="wider",
        epochs=1,
        steps_per_epoch=1,
        learning_rate=0.0,
        ema=0.0,
        discriminator={"name": "patchgan", "filters": 8},
        init=str(state),
    )
    begun = load_tensors(cyclegan.train(wider) / "state.safetensors")[0]
    kept = load_tensors(state)[0]
    weights = [name for name in kept if name.startswith("draw.") and name.endswith("weight")]
    assert len(weights) > 5
    for name in weights:
        assert torch.equal(begun[name], kept[name]), name
    alone = tmp_path / "alone.safetensors"
    save_tensors(alone, {name: kept[name] for name in kept if name.startswith("draw.")}, {})
    begun = load_tensors(cyclegan.train(dataclasses.replace(wider, name="alone", init=str(alone))) / STATE)[0]
    assert torch.equal(begun[weights[0]], kept[weights[0]])
    other = dataclasses.replace(wider, name="other", generator={"name": "lite", "width": 16})
    with pytest.raises(UserError, match="holds other networks than this run's options name"):
        cyclegan.train(other)
