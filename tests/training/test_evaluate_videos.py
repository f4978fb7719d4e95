"""Scores of videos: worked out by hand where somebody comes late, and by the command with what ships."""

import json
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from animirror.realtime.cli import main
from animirror.realtime.filter import FaceFilter
from animirror.realtime.segment import Segmenter
from animirror.realtime.sinks import VideoSink
from animirror.realtime.stylize import Stylizer
from animirror.training.evaluate_videos import CELL, score_video
from animirror.training.sheets import COLUMNS, SIDE
from tests.conftest import GROUND, draw_person, empty_frame


def film(path: Path, frames: list[np.ndarray]) -> Path:
    height, width = frames[0].shape[:2]
    with VideoSink(path, width, height, Fraction(10)) as sink:
        for index, frame in enumerate(frames):
            sink.write(frame, index / 10, 0.1)
    return path


def test_somebody_comes_in_the_second_half(tmp_path: Path, segmenter: Segmenter, stylizer: Stylizer) -> None:
    frames = [empty_frame(320, 240, 1) for _ in range(32)]
    for index in range(16, 32):
        draw_person(frames[index], 100, 120, 60)
    score, pairs = score_video(FaceFilter(segmenter, stylizer), film(tmp_path / "late.mp4", frames))
    assert (score.video, score.frames) == ("late.mp4", 32)
    assert 0.4 <= score.found <= 0.5
    assert len(pairs) == COLUMNS
    assert score.unsteadiness is not None
    assert score.eyes == 2.0
    # Before anybody came whole frames are shown, their letterbox black; then a square about the head.
    for index, (before, after) in enumerate(pairs):
        assert before.shape == after.shape == (CELL, CELL, 3)
        letterboxed = not before[-20:].any()
        assert letterboxed == (index < 4)
        assert np.array_equal(before[30:], after[30:]) == (index < 4)


def test_nobody_has_no_steadiness(tmp_path: Path, segmenter: Segmenter, stylizer: Stylizer) -> None:
    frames = [np.full((120, 160, 3), GROUND, np.uint8)] * 3
    video = film(tmp_path / "empty.mp4", frames)
    score, pairs = score_video(FaceFilter(segmenter, stylizer), video)
    assert (score.frames, score.found, score.eyes, score.unsteadiness) == (3, 0.0, None, None)
    assert 1 <= len(pairs) <= 3
    assert score_video(FaceFilter(segmenter, stylizer), video, most=2)[0].frames == 2


def test_the_command_tells_and_shows_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    portrait = cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2BGR)
    film(tmp_path / "portrait.mp4", [portrait] * 4)
    film(tmp_path / "wall.mp4", [np.full((240, 320, 3), 128, np.uint8)] * 4)
    sheet = tmp_path / "sheets" / "films.png"
    assert main(["evaluate", "videos", str(tmp_path), "--sheet", str(sheet), "--json"]) == 0
    scores = json.loads(capsys.readouterr().out)
    assert [(score["video"], score["found"]) for score in scores] == [
        ("portrait.mp4", 1.0),
        ("wall.mp4", 0.0),
    ]
    picture = cv2.imread(str(sheet))
    assert picture.shape == (4 * SIDE, COLUMNS * SIDE, 3)
    before, after = picture[:SIDE], picture[SIDE : 2 * SIDE]
    assert np.abs(before.astype(int) - after)[40:120, 40:120].mean() > 5
    assert main(["evaluate", "videos", str(tmp_path / "wall.mp4")]) == 0
    assert "wall.mp4" in capsys.readouterr().out


def test_bad_input_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "videos", str(tmp_path / "no.mp4")]) == 2
    assert "no.mp4" in capsys.readouterr().err
    assert main(["evaluate", "videos", str(tmp_path)]) == 2
    assert "no video" in capsys.readouterr().err
    assert main(["evaluate", "videos", str(tmp_path), "--frames", "1"]) == 2
    assert "--frames must be at least 2" in capsys.readouterr().err
