"""CycleGAN runs that stop early: resumed, killed, interrupted, or at losses that are no numbers."""

import dataclasses
import signal
from pathlib import Path

import pytest
import torch

from animirror.realtime.errors import UserError
from animirror.training import cyclegan
from animirror.training.checkpoint import load_checkpoint, load_tensors, save_tensors
from animirror.training.gan import CycleGan
from animirror.training.history import LOSSES, SCORES, read_table
from animirror.training.state import BEST, LAST, STATE, Progress, save
from tests.training.conftest import cyclegan_options

RESNET = {"name": "resnet", "filters": 4, "blocks": 1, "norm": "instance", "dropout": 0.5}


def differing(one: Path, other: Path) -> list[str]:
    """Names of the tensors of two files that are not the same bit for bit."""
    expected, found = load_tensors(one)[0], load_tensors(other)[0]
    assert expected.keys() == found.keys()
    return [name for name in expected if not torch.equal(expected[name], found[name])]


@pytest.mark.usefixtures("no_plots")
def test_a_resumed_run_is_the_uninterrupted_one_bit_for_bit(data: Path, tmp_path: Path) -> None:
    # Everything that has a state: dropout, pools, motions, averages, scores, a rate that falls on a plateau.
    changes = {
        "generator": RESNET,
        "score": "fd_segformer",
        "score_pictures": 2,
        "epochs": 3,
    }
    changes |= {"schedule": "plateau", "plateau_patience": 0, "learning_rate": 1e-3}
    whole = cyclegan.train(cyclegan_options(data, tmp_path / "whole", **changes))
    options = cyclegan_options(data, tmp_path / "parts", **changes)
    folder = cyclegan.train(options, max_minutes=0.0)  # stops after its first step, in an epoch
    assert load_tensors(folder / STATE)[1]["step"] == 1
    cyclegan.train(options, resume=True, max_minutes=0.0)  # and after its second, at an epoch's end
    assert load_tensors(folder / STATE)[1]["step"] == 2
    cyclegan.train(options, resume=True)
    for name in (STATE, LAST, BEST):
        assert differing(whole / name, folder / name) == []
    expected, found = (load_tensors(run / STATE)[1] for run in (whole, folder))
    assert found.pop("seconds") > 0
    assert expected.pop("seconds") > 0
    assert found == expected
    assert expected["step"] == 6
    assert expected["best_score"] is not None
    assert read_table(whole / SCORES) == read_table(folder / SCORES)
    rows = [[row | {"seconds": 0} for row in read_table(run / LOSSES)] for run in (whole, folder)]
    assert rows[0] == rows[1]


class Killed(BaseException):
    """As SIGKILL: nothing of ours may handle it."""


def kill_after(renames: int, monkeypatch: pytest.MonkeyPatch) -> None:
    real, done = Path.replace, []

    def replace(path: Path, target: Path) -> Path:
        if len(done) == renames:
            raise Killed
        done.append(target)
        return real(path, target)

    monkeypatch.setattr(Path, "replace", replace)


@pytest.mark.usefixtures("no_plots")
@pytest.mark.parametrize("renames", [1, 4])  # after the losses; between best and last
def test_a_killed_run_goes_on(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, renames: int
) -> None:
    options = cyclegan_options(data, tmp_path, epochs=2, score="fd_segformer", score_pictures=2)
    folder = cyclegan.train(options, max_minutes=0.0)
    with monkeypatch.context() as patch:
        kill_after(renames, patch)
        with pytest.raises(Killed):
            cyclegan.train(options, resume=True)
    cyclegan.train(options, resume=True)
    assert load_checkpoint(folder / BEST)[1]["provenance"]["step"] in (2, 4)
    assert load_tensors(folder / STATE)[1]["step"] == 4
    assert [row["step"] for row in read_table(folder / LOSSES)] == [2, 4]
    assert [row["epoch"] for row in read_table(folder / SCORES)] == [1, 2]


def test_a_kill_while_saving_leaves_whole_files(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = cyclegan_options(data, tmp_path)
    gan = CycleGan(options, 6, torch.device("cpu"))
    for first in (True, False):
        for renames in range(6):
            folder = tmp_path / f"{first}-{renames}"
            if not first:
                save(folder, gan, Progress(step=1), 2, best=True)
            with monkeypatch.context() as patch:
                kill_after(renames, patch)
                with pytest.raises(Killed):
                    save(folder, gan, Progress(step=2), 2, best=True)
            for name in (BEST, LAST):
                if not first or (folder / name).exists():
                    assert load_checkpoint(folder / name)[1]["size"] == 32
            if not first:
                assert load_tensors(folder / STATE)[1]["step"] == (2 if renames == 5 else 1)


@pytest.mark.usefixtures("no_plots")
def test_ctrl_c_finishes_the_step_and_saves(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = CycleGan.step

    def step(gan: CycleGan, photos: torch.Tensor, drawings: torch.Tensor) -> dict[str, float]:
        if gan.steps == 2:
            signal.raise_signal(signal.SIGINT)
        return real(gan, photos, drawings)

    monkeypatch.setattr(CycleGan, "step", step)
    options = cyclegan_options(data, tmp_path, workers=1)
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        cyclegan.train(options)
    assert signal.getsignal(signal.SIGINT) is handler
    folder = tmp_path / "run"
    assert load_tensors(folder / STATE)[1]["step"] == 3
    monkeypatch.undo()
    cyclegan.train(options, resume=True)
    whole = cyclegan.train(cyclegan_options(data, tmp_path / "whole"))
    assert differing(whole / STATE, folder / STATE) == []


@pytest.mark.usefixtures("no_plots")
def test_losses_that_are_no_numbers_end_it_and_the_last_good_state_stays(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = cyclegan_options(data, tmp_path)
    real = CycleGan._update_generators

    def poisoned(gan: CycleGan, *batch: torch.Tensor):  # type: ignore[no-untyped-def]
        answer = real(gan, *batch)
        if gan.steps == 3:
            answer[0]["cycle"] = torch.tensor(torch.nan)
        return answer

    monkeypatch.setattr(CycleGan, "_update_generators", poisoned)
    with pytest.raises(
        UserError, match=r"at step 4, because the loss 'cycle'.*state.safetensors is the last good"
    ):
        cyclegan.train(options)
    assert load_tensors(tmp_path / "run" / STATE)[1]["step"] == 2
    monkeypatch.undo()
    # The way out that the message names.
    cyclegan.train(dataclasses.replace(options, learning_rate=1e-4), resume=True)


def test_weights_that_are_no_numbers_are_not_saved(data: Path, tmp_path: Path) -> None:
    options = cyclegan_options(data, tmp_path)
    gan = CycleGan(options, 6, torch.device("cpu"))
    save(tmp_path, gan, Progress(step=1), 2)
    with torch.no_grad():
        next(gan.judge_photos.parameters()).fill_(torch.inf)
    with pytest.raises(UserError, match=r"step 2, because judge_photos.* is no number any more"):
        save(tmp_path, gan, Progress(step=2), 2)
    assert load_tensors(tmp_path / STATE)[1]["step"] == 1


@pytest.mark.usefixtures("no_plots")
def test_another_run_cannot_be_resumed(data: Path, tmp_path: Path) -> None:
    options = cyclegan_options(data, tmp_path, epochs=1)
    folder = cyclegan.train(options)
    with pytest.raises(
        UserError, match=r"has other options: batch \(2, now 3\), seed \(7, now 8\)\. Put them back"
    ):
        cyclegan.train(dataclasses.replace(options, batch=3, seed=8), resume=True)
    # More epochs are the same run, longer.
    cyclegan.train(dataclasses.replace(options, epochs=2), resume=True)
    assert load_tensors(folder / STATE)[1]["step"] == 4
    with pytest.raises(UserError, match=r"nobody/state\.safetensors cannot be read"):
        cyclegan.train(dataclasses.replace(options, name="nobody"), resume=True)


@pytest.mark.usefixtures("no_plots")
def test_a_state_of_before_scores_and_random_states_still_resumes(data: Path, tmp_path: Path) -> None:
    options = cyclegan_options(data, tmp_path, epochs=1)
    gan = CycleGan(options, 2, torch.device("cpu"))
    save(tmp_path / "run", gan, Progress(step=1), 2)
    tensors, _ = load_tensors(tmp_path / "run" / STATE)
    del tensors["random"]
    save_tensors(tmp_path / "run" / STATE, tensors, {"step": 1, "seconds": 5.0})
    folder = cyclegan.train(options, resume=True)
    assert load_tensors(folder / STATE)[1]["step"] == 2
