"""Recordings and snapshots of views, read back from their files."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from animirror.realtime.controls import Controls
from animirror.realtime.errors import UserError
from animirror.realtime.pipeline import Packet
from animirror.realtime.recording import FileSink, Recorder, fresh_path, keep_snapshot
from animirror.realtime.sources import VideoSource
from animirror.realtime.view import View


def packet(number: int, recording: bool = True, size: tuple[int, int] = (96, 64)) -> Packet[View]:
    frame = np.full((size[1], size[0], 3), 40 + 10 * number, np.uint8)
    view = View(frame // 2, frame, None, Controls(recording=recording), number / 10)
    return Packet(view, 100.0 + number / 10, number)


def read(path: Path) -> tuple[list[int], list[float]]:
    with VideoSource(path) as video:
        items = list(video)
        assert video.problem is None
    return [round(float(item.frame.mean())) for item in items], [item.time for item in items]


def test_a_file_has_the_times_of_capture(tmp_path: Path) -> None:
    sink = FileSink(tmp_path / "out.mp4", 30.0)
    for number in (0, 1, 2, 5, 6):
        sink.write(packet(number))
    sink.write(packet(7, size=(192, 128)))
    sink.close()
    values, times = read(tmp_path / "out.mp4")
    assert values == pytest.approx([40, 50, 60, 90, 100, 110], abs=2)
    assert times == pytest.approx([0.0, 0.1, 0.2, 0.5, 0.6, 0.7], abs=1e-3)


def test_a_file_that_cannot_be_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "there.mp4").touch()
    with pytest.raises(UserError, match="exists already"):
        FileSink(tmp_path / "there.mp4", 30.0)
    with pytest.raises(UserError, match=r"cannot be written as '\.avi'"):
        FileSink(tmp_path / "x.avi", 30.0)
    FileSink(tmp_path / "empty.mp4", 30.0).close()
    assert [path.name for path in tmp_path.iterdir()] == ["there.mp4"]


def test_recordings_from_key_to_key(tmp_path: Path) -> None:
    said: list[str] = []
    recorder = Recorder(tmp_path, 30.0, said.append)
    for number in range(12):
        recorder.write(packet(number, recording=number not in (0, 1, 5, 6)))
    recorder.close()
    files = sorted(tmp_path.iterdir(), key=lambda path: len(path.name))
    assert [len(read(path)[0]) for path in files] == [3, 5]
    assert [words.split()[0] for words in said] == ["recording", "recorded"] * 2
    assert read(files[0])[1][0] == 0.0


def test_a_recording_that_fails_is_told_once_and_ends_nothing(tmp_path: Path) -> None:
    said: list[str] = []
    recorder = Recorder(tmp_path / "nowhere", 30.0, said.append)
    for number in range(5):
        recorder.write(packet(number))
    recorder.close()
    (words,) = said
    assert "does not exist; create it first" in words


def test_a_snapshot_has_its_original_beside_it(tmp_path: Path) -> None:
    view = packet(3).value
    told = keep_snapshot(view, tmp_path)
    first, second = sorted(tmp_path.iterdir(), key=lambda path: len(path.name))
    assert told == f"kept {first}"
    assert second.name == f"{first.stem}-original.png"
    assert (cv2.imread(str(first)) == 70).all()
    assert (cv2.imread(str(second)) == 35).all()
    assert "does not exist" in keep_snapshot(replace(view), tmp_path / "nowhere")


def test_names_are_never_taken(tmp_path: Path) -> None:
    for _ in range(3):
        fresh_path(tmp_path, ".png").touch()
    assert len(list(tmp_path.iterdir())) == 3
