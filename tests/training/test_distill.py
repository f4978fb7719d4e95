"""A teacher and its student: the losses by hand, a whole run, resuming bit for bit."""

import csv
import dataclasses
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from animirror.realtime.cli import main
from animirror.realtime.errors import UserError
from animirror.training import distill
from animirror.training.checkpoint import load_checkpoint, load_tensors, save_checkpoint
from animirror.training.gan import check_networks
from animirror.training.networks import build
from animirror.training.options import CycleganOptions, DistillOptions, PictureSet
from animirror.training.options_file import load_options, parse_options
from animirror.training.report import report

TEACHER = {"name": "lite", "width": 16, "blocks": 1, "detail_blocks": 1}
STUDENT = {"name": "lite", "width": 8, "blocks": 1, "detail_blocks": 1}


@pytest.fixture(scope="session")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(5)
    path = tmp_path_factory.mktemp("teacher") / "teacher.safetensors"
    description = {"task": "stylization", "network": TEACHER, "size": 32, "style": "x", "provenance": {}}
    save_checkpoint(path, build(TEACHER), description)
    return path


def options_for(data: Path, teacher: Path | None, runs: Path, **changes: object) -> DistillOptions:
    options = DistillOptions(
        name="student",
        teacher=str(teacher) if teacher else "",
        data_root=str(data),
        photos=[PictureSet("people", "people/images", "people/masks")],
        splits=str(data / "splits.json"),
        runs=str(runs),
        generator=STUDENT,
        discriminator={"name": "patchgan", "filters": 4},
        size=32,
        batch=2,
        epochs=3,
        steps_per_epoch=2,
        lambda_equivariance=1.0,
        pool=3,
        samples=2,
        score="none",
        workers=0,
    )
    return dataclasses.replace(options, **changes)  # type: ignore[arg-type]


def losses_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "losses.csv").open() as file:
        return list(csv.DictReader(file))


def test_features_by_hand() -> None:
    judge = nn.Sequential(nn.Conv2d(1, 1, 1), nn.LeakyReLU(0.2), nn.Conv2d(1, 1, 1), nn.LeakyReLU(0.2))
    for layer, factor in ((judge[0], 1.0), (judge[2], -1.0)):
        nn.init.constant_(layer.weight, factor)
        nn.init.zeros_(layer.bias)
    with distill.features_of(judge) as found:
        judge(torch.full((1, 1, 2, 2), 3.0))
    with distill.features_of(judge) as wanted:
        judge(torch.full((1, 1, 2, 2), -1.0))
    # 3 -> 3 -> -3 -> -0.6; -1 -> -0.2 -> 0.2 -> 0.2
    assert [item.mean().item() for item in found] == pytest.approx([3.0, -0.6])
    assert [item.mean().item() for item in wanted] == pytest.approx([-0.2, 0.2])
    assert distill.feature_loss(found, wanted).item() == pytest.approx((3.2 + 0.8) / 2)
    judge(torch.zeros(1, 1, 2, 2))
    assert len(found) == 2  # nothing is collected outside the context


@pytest.mark.parametrize("name", ["patchgan", "patchgan-multiscale"])
def test_every_discriminator_has_features(name: str) -> None:
    judge = build({"name": name, "filters": 4, "norm": "instance", "spectral": True})
    picture = torch.rand(1, 3, 64, 64)
    with distill.features_of(judge) as found:
        judge(picture)
    assert len(found) == (4 if name == "patchgan" else 8)
    assert distill.feature_loss(found, found).item() == 0.0


def test_a_student_that_is_its_teacher_has_nothing_to_learn(
    data: Path, teacher: Path, tmp_path: Path
) -> None:
    options = options_for(data, teacher, tmp_path, generator=TEACHER, lambda_equivariance=0.0)
    network, _ = load_checkpoint(teacher)
    student = distill.Distillation(options, network, 10, torch.device("cpu"))
    student.draw.load_state_dict(network.state_dict())
    student.draw.eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    parts = student.step(torch.rand(2, 3, 32, 32) * 2 - 1)
    assert (parts["l1"], parts["features"]) == (0.0, 0.0)
    assert parts["generator"] == pytest.approx(parts["gan"])
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_a_run_tells_its_story(data: Path, teacher: Path, tmp_path: Path) -> None:
    options = options_for(
        data, teacher, tmp_path, lambda_gradients=5.0, lambda_tones=40.0, lambda_strokes=20.0
    )
    folder = distill.train(options)
    names = {path.name for path in folder.iterdir()}
    assert names >= {"options.json", "losses.csv", "losses.png", "last.safetensors", "state.safetensors"}
    sheet = cv2.imread(str(folder / "samples" / "000006.png"))
    assert sheet.shape == (3 * 32, 2 * 32, 3)  # photo, teacher, student
    row = losses_of(folder)[0]
    weighted = 10 * float(row["l1"]) + 10 * float(row["features"]) + float(row["gan"])
    weighted += 5 * float(row["gradients"]) + float(row["equivariance"])
    weighted += 40 * float(row["tones"]) + 20 * float(row["strokes"])
    assert float(row["generator"]) == pytest.approx(weighted, rel=1e-3)
    _, description = load_checkpoint(folder / "last.safetensors")
    assert description["provenance"]["command"] == "animirror train distill"
    assert description["network"] == STUDENT
    # The second row of the sheet is what the teacher makes of the first.
    loaded, _ = load_checkpoint(teacher)
    photo = torch.from_numpy(np.ascontiguousarray(sheet[:32, :32, ::-1])).float() / 127.5 - 1
    with torch.no_grad():
        drawn = (loaded(photo.movedim(-1, 0)[None])[0].movedim(0, -1).numpy()[..., ::-1] + 1) * 127.5
    assert np.abs(drawn - sheet[32:64, :32]).max() < 1
    with pytest.raises(UserError, match="already holds a run; resume it"):
        distill.train(options)
    told = "gan 1, equivariance 1, l1 10, gradients 5, tones 40, strokes 20, features 10"
    assert report([folder], tmp_path / "report")[0].weights == told


def test_resumed_run_is_the_uninterrupted_one_bit_for_bit(data: Path, teacher: Path, tmp_path: Path) -> None:
    whole = distill.train(options_for(data, teacher, tmp_path / "whole"))
    options = options_for(data, teacher, tmp_path / "parts")
    distill.train(options, max_minutes=0.0)
    folder = distill.train(options, resume=True)
    expected, _ = load_tensors(whole / "state.safetensors")
    found, description = load_tensors(folder / "state.safetensors")
    assert description["step"] == 6
    assert expected.keys() == found.keys()
    assert [name for name in expected if not torch.equal(expected[name], found[name])] == []


def test_the_student_comes_nearer_to_its_teacher(data: Path, teacher: Path, tmp_path: Path) -> None:
    options = options_for(data, teacher, tmp_path, epochs=4, steps_per_epoch=15, learning_rate=2e-3)
    distances = [float(row["l1"]) for row in losses_of(distill.train(options))]
    assert distances[-1] < 0.7 * distances[0]


def test_what_cannot_teach_is_named(data: Path, teacher: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="name a generator's checkpoint in the option 'teacher'"):
        distill.train(options_for(data, None, tmp_path))
    with pytest.raises(UserError, match=r"none\.json cannot be read"):
        distill.train(options_for(data, tmp_path / "none.safetensors", tmp_path))
    with pytest.raises(UserError, match=r"shown eyes 1\.0 times as tall, and the option 'eyes' is 1\.5"):
        distill.train(options_for(data, teacher, tmp_path, eyes=1.5))
    with pytest.raises(UserError, match=r"option 'lambda_cycle' must be at most 0\.0"):
        parse_options(DistillOptions, {"lambda_cycle": 10}, "o.json")
    with pytest.raises(UserError, match=r"o\.json: option 'drawings' is not used"):
        parse_options(DistillOptions, {"drawings": [{"name": "a"}]}, "o.json")


def test_the_preset_distils_the_thesis_s_generator() -> None:
    preset = Path(__file__).parents[2] / "training" / "presets" / "distill-lite.json"
    options = load_options(DistillOptions, preset)
    check_networks(options)
    assert (options.size, options.generator["name"]) == (256, "lite")
    thesis = load_options(CycleganOptions, preset.with_name("thesis-default.json"))
    assert options.teacher == f"{thesis.runs}/{thesis.name}/best.safetensors"


def test_the_command(data: Path, teacher: Path, tmp_path: Path) -> None:
    content = dataclasses.asdict(options_for(data, teacher, tmp_path, epochs=1))
    (tmp_path / "options.json").write_text(json.dumps(content))
    assert main(["train", "distill", str(tmp_path / "options.json")]) == 0
    assert (tmp_path / "student" / "last.safetensors").is_file()


def test_frozen_norms_want_a_run_that_brought_their_statistics(
    data: Path, teacher: Path, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=r"'frozen_norms' keeps the statistics .* option 'init'"):
        distill.train(options_for(data, teacher, tmp_path, frozen_norms=True))
