"""Scores of a style: worked out by hand on a made-up world, and with the models that ship on a portrait."""

import json
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from animirror.realtime.cli import main
from animirror.realtime.errors import UserError
from animirror.realtime.sinks import VideoSink
from animirror.training.evaluate_generator import (
    SIDE,
    DrawnHead,
    chosen,
    measure_distances,
)
from animirror.training.sheets import SIDE as SHEET_SIDE


class MeanColor:
    """Features by hand: the mean colour."""

    frechet, kernel, source = "fd_mean", "kd_mean", "by hand"

    def __call__(self, pictures: np.ndarray) -> np.ndarray:
        return pictures.reshape(len(pictures), -1, 3).mean(axis=1).astype(np.float32)


def head_of(photo: np.ndarray, drawing: np.ndarray) -> DrawnHead:
    return DrawnHead(photo, drawing, drawing)


def test_distances_of_known_colours(tmp_path: Path) -> None:
    levels = (90, 110)
    for level in levels:
        cv2.imwrite(str(tmp_path / f"{level}.png"), np.full((40, 60, 3), level, np.uint8))
    heads = [
        head_of(np.full((SIDE, SIDE, 3), level, np.uint8), np.full((SIDE, SIDE, 3), level + 30, np.uint8))
        for level in levels
    ]
    found = measure_distances(heads, sorted(tmp_path.iterdir()), MeanColor())
    assert (found.features, found.drawings) == ("fd_mean, kd_mean (by hand)", 2)
    # The same spread, the means 30 levels apart in each of three channels.
    assert found.frechet == pytest.approx(3 * 30.0**2)
    assert found.frechet_photos == pytest.approx(0.0, abs=1e-3)
    with pytest.raises(UserError, match="at least 2 heads"):
        measure_distances(heads[:1], sorted(tmp_path.iterdir()), MeanColor())


def test_validation_photos_alone_where_splits_are_named(data: Path, tmp_path: Path) -> None:
    images = data / "people" / "images"
    kept = chosen(images, data / "splits.json", "people", 9)
    assert [path.name for path in kept] == ["00.png", "01.png"]
    assert [path.name for path in chosen(images, None, None, 3)] == ["00.png", "04.png", "09.png"]
    with pytest.raises(UserError, match="no pictures of these splits"):
        chosen(images, data / "splits.json", "nobody", 9)


def test_the_command_scores_the_style_that_ships(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    portrait = cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(photos / "astronaut.png"), portrait)
    cv2.imwrite(str(photos / "nobody.png"), np.full((200, 200, 3), 128, np.uint8))
    sheet = tmp_path / "sheet.jpg"
    told = ["evaluate", "generator", "--photos", str(photos), "--sheet", str(sheet), "--json"]
    assert main(told) == 0
    score = json.loads(capsys.readouterr().out)
    assert (score["photos"], score["kept"]["heads"], score["distances"]) == (2, 1, None)
    assert score["kept"]["face"] > 0.8
    assert score["kept"]["hair"] > 0.6
    assert cv2.imread(str(sheet)).shape[0] == 2 * SHEET_SIDE


def test_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "generator", "--photos", str(tmp_path / "no")]) == 2
    assert "no does not exist" in capsys.readouterr().err
    cv2.imwrite(str(tmp_path / "grey.png"), np.full((200, 200, 3), 128, np.uint8))
    assert main(["evaluate", "generator", "--photos", str(tmp_path)]) == 2
    assert "Nobody was found" in capsys.readouterr().err
    assert main(["evaluate", "generator", "--photos", str(tmp_path), "--count", "0"]) == 2
    assert "--count" in capsys.readouterr().err
    told = ["evaluate", "generator", "--photos", str(tmp_path)]
    assert main([*told, "--sheet", str(tmp_path / "sheet.xyz")]) == 2
    assert "Pictures cannot be written as '.xyz'" in capsys.readouterr().err
    for name, size, said in (
        ("empty.mp4", (128, 96), "Nobody was found in two"),
        ("tiny.mp4", (48, 48), "too small"),
    ):
        with VideoSink(tmp_path / name, *size, Fraction(10)) as sink:
            for index in range(4):
                sink.write(np.full((size[1], size[0], 3), 128, np.uint8), index / 10)
        assert main([*told, "--video", str(tmp_path / name), "--frames", "3"]) == 2
        assert said in capsys.readouterr().err
