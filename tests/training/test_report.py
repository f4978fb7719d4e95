"""Reports on made-up runs whose tables are known, and on one that was trained."""

import dataclasses
import json
import shutil
from argparse import Namespace
from pathlib import Path

import cv2
import numpy as np
import pytest

from animirror.realtime.cli import build_parser
from animirror.realtime.errors import UserError
from animirror.training import cyclegan, report
from animirror.training.history import LOSSES, SCORES, WARNINGS, Table
from animirror.training.options import CycleganOptions, PictureSet
from animirror.training.options_file import dump_options
from animirror.training.report import read_run, score_table
from tests.training.conftest import cyclegan_options

SETS = {"photos": [PictureSet("selfies", "s")], "drawings": [PictureSet("anime", "a")]}


def write_run(folder: Path, scores: list[float], **changes: object) -> Path:
    """A run's folder with one score per epoch of ten steps."""
    folder.mkdir()
    options = dataclasses.replace(CycleganOptions(**SETS), name=folder.name, **changes)  # type: ignore[arg-type]
    (folder / "options.json").write_text(dump_options(options))
    losses, table = Table(folder / LOSSES, 0), Table(folder / SCORES, 0)
    for index, score in enumerate(scores):
        losses.append({"step": 10 * index + 10, "seconds": 1800.0 * (index + 1), "generator": 5.0 - index})
        table.append({"step": 10 * index + 10, "epoch": index + 1, "fd_segformer": score, "features": "x 12"})
    return folder


def test_the_thesiss_table_by_hand(tmp_path: Path) -> None:
    low = write_run(tmp_path / "low", [9.0, 7.0, 8.0], lambda_cycle=1.0, lambda_identity=1.0)
    high = write_run(tmp_path / "high", [6.0, 5.5], lambda_cycle=14.0, lambda_identity=7.0)
    again = write_run(tmp_path / "again", [6.0, 5.25], lambda_cycle=14.0, lambda_identity=7.0, seed=8)
    other = write_run(tmp_path / "other", [20.0], drawings=[PictureSet("cartoon", "c")])
    runs = [read_run(folder) for folder in (low, high, again, other)]
    assert score_table(runs).splitlines() == [
        "| data | gan 1, cycle 1, identity 1 | gan 1, cycle 14, identity 7 | gan 1, cycle 10, identity 5 |",
        "| --- | --- | --- | --- |",
        "| selfies -> anime | 7 | 5.25 | – |",
        "| selfies -> cartoon | – | – | 20 |",
    ]
    assert (str(runs[0].best()), str(runs[0].last())) == ("7 (epoch 2)", "8 (epoch 3)")


def test_a_report_names_what_differs_and_what_went_wrong(tmp_path: Path) -> None:
    one = write_run(tmp_path / "one", [9.0, 7.0])
    two = write_run(tmp_path / "two", [], batch=8, score="none")
    Table(two / WARNINGS, 0).append({"step": 30, "warning": "the drawings are all alike"})
    report.report([one, two], tmp_path / "out")
    text = (tmp_path / "out" / "report.md").read_text()
    assert "| one | selfies -> anime | gan 1, cycle 10, identity 5 | fd_segformer | 7 (epoch 2)" in text
    assert "7 (epoch 2) | 7 (epoch 2) | 20 | 1.00 |" in text
    assert "| two | selfies -> anime | gan 1, cycle 10, identity 5 | – | – | – | – | – |" in text
    assert "| batch | 4 | 8 |" in text
    assert "| epochs |" not in text
    assert "- two, step 30: the drawings are all alike" in text
    assert "Features: x 12." in text
    assert "samples.png" not in text  # no generator was saved
    assert cv2.imread(str(tmp_path / "out" / "curves.png")) is not None


def test_curves_of_all_runs_lie_over_one_another(tmp_path: Path) -> None:
    runs = [
        read_run(write_run(tmp_path / name, scores))
        for name, scores in (("a", [3.0, 1.0, 2.0]), ("b", [4.0]))
    ]
    panel = report.overlaid(runs)["fd_segformer"]
    assert (panel["a"].x, panel["a"].y, panel["a"].mark) == ([10, 20, 30], [3.0, 1.0, 2.0], 20)
    assert (panel["b"].x, panel["b"].y, panel["b"].mark) == ([10], [4.0], 10)


def test_trained_runs_draw_the_same_pictures(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("animirror.training.monitor.plot", lambda *_: None)
    folder = cyclegan.train(cyclegan_options(data, tmp_path, epochs=1, ema=0.0))
    shutil.copytree(folder, tmp_path / "twin")
    arguments = ["report", str(folder), str(tmp_path / "twin"), "-o", str(tmp_path / "out"), "--json"]
    parsed: Namespace = build_parser().parse_args(arguments)
    assert parsed.run(parsed) == 0
    summaries = json.loads(capsys.readouterr().out)
    assert [summary["run"] for summary in summaries] == ["run", "twin"]
    assert summaries[0]["best"] is None
    sheet = cv2.imread(str(tmp_path / "out" / "samples.png"))
    assert sheet is not None
    assert sheet.shape == (3 * report.CELL, report.LABEL_WIDTH + 2 * report.CELL, 3)
    photos, one, other = np.split(sheet[:, report.LABEL_WIDTH :], 3)
    assert np.array_equal(one, other)
    assert not np.array_equal(photos, one)
    labels = np.split(sheet[:, : report.LABEL_WIDTH], 3)
    assert all((label < 128).any() for label in labels)
    assert not np.array_equal(labels[1], labels[2])


def test_folders_that_are_no_runs_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nothing is no run of a training"):
        report.report([tmp_path / "nothing"], tmp_path / "out")
