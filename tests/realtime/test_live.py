"""Whole sessions: tiny models, real threads, files and a virtual display."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import pyvirtualcam

from animirror.realtime.config import LiveConfig
from animirror.realtime.errors import UserError
from animirror.realtime.images import Picture, write_picture
from animirror.realtime.live import Session, hud_lines, open_sink, plan, style_choices
from animirror.realtime.sinks import VideoSink
from animirror.realtime.sources import VideoSource
from animirror.realtime.zoo import Zoo
from tests.conftest import draw_person, empty_frame


@pytest.fixture(autouse=True)
def _no_lost_thread() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second of somebody walking."""
    path = tmp_path_factory.mktemp("clip") / "walk.mp4"
    with VideoSink(path, 320, 240, Fraction(20)) as sink:
        for index in range(20):
            frame = empty_frame(320, 240, index)
            draw_person(frame, 120 + 3 * index, 120, 100)
            sink.write(frame, index / 20, 1 / 20)
    return path


def test_a_file_to_a_file(clip: Path, small_zoo: Zoo, tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    session = Session(LiveConfig(source=str(clip), sink=(str(target), "none"), device="cpu"), small_zoo)
    session.run()
    told = session.report()
    assert told.statistics.captured == 20
    assert told.statistics.done + told.statistics.dropped == 20
    assert (told.size, told.style) == ("320x240", "negative")
    assert told.providers == {"segmenter": "CPUExecutionProvider", "negative": "CPUExecutionProvider"}
    assert set(told.statistics.sinks) == {str(target), "none"}
    json.dumps(told.as_dict())
    with VideoSource(target) as video:
        frames = [item.frame for item in video]
    assert len(frames) == told.statistics.sinks[str(target)].frames > 3
    original = empty_frame(320, 240)
    draw_person(original, 165, 120, 100)
    # Somebody walked through the middle, and was drawn as a negative there.
    assert max(np.abs(frame[120, 120:200].astype(int) - original[120, 165]).max() for frame in frames) > 100


def test_red_arrives_red_in_the_virtual_camera(
    small_zoo: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is in the picture: it comes through bit for bit, blue first as the backend was told."""
    sent = []

    class Backend:
        def __init__(self, **asked: object) -> None:
            self.asked = asked

        def send(self, frame: np.ndarray) -> None:
            sent.append((self.asked, frame.reshape(90, 160, 3).copy()))

        def close(self) -> None:
            pass

        def device(self) -> str:
            return "test"

    monkeypatch.setattr(pyvirtualcam.camera, "BACKENDS", {})
    pyvirtualcam.register_backend("test", Backend)
    red = np.zeros((90, 160, 3), np.uint8)
    red[..., 2] = 255
    write_picture(Picture(red), tmp_path / "red.png")
    config = LiveConfig(source=str(tmp_path / "red.png"), sink=("camera",), fps=20.0, device="cpu")
    session = Session(config, small_zoo)
    timer = threading.Timer(1.0, session.stop)
    timer.start()
    session.run()
    timer.join()
    assert len(sent) >= 5
    for asked, frame in sent:
        assert (asked["width"], asked["height"], asked["fps"]) == (160, 90, 20.0)
        assert asked["fourcc"] == int.from_bytes(b"24BG", "little")
        assert (frame == (0, 0, 255)).all()


def test_an_endless_source_ends_when_asked(small_zoo: Zoo) -> None:
    session = Session(LiveConfig(source="demo", size=(320, 180), sink=("none",), device="cpu"), small_zoo)
    timer = threading.Timer(1.0, session.stop)
    timer.start()
    session.run()
    timer.join()
    told = session.report().statistics
    assert 0.9 < told.seconds < 10.0
    assert told.captured > 2


def test_what_was_opened_is_closed_when_the_rest_cannot_be(
    clip: Path, small_zoo: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = []
    monkeypatch.setattr("animirror.realtime.live.display_answers", lambda: False)
    monkeypatch.setattr("animirror.realtime.playback.VideoPlayback.close", lambda self: closed.append(self))
    with pytest.raises(UserError, match="no display"):
        Session(LiveConfig(source=str(clip), sink=("none", "window")), small_zoo)
    with pytest.raises(UserError, match="no sink 'screen'"):
        Session(LiveConfig(source=str(clip), sink=("screen",)), small_zoo)
    with pytest.raises(UserError, match="no style 'oil'"):
        Session(LiveConfig(source=str(clip), sink=("none",), style="oil"), small_zoo)
    assert len(closed) == 3


def test_the_plan_follows_the_cores() -> None:
    assert plan(1) == ([["segment", "pose", "stylize", "blend"]], 1)
    assert plan(2) == ([["segment", "pose"], ["stylize", "blend"]], 1)
    assert plan(8) == ([["segment", "pose"], ["stylize"], ["blend"]], 4)
    assert plan(8, 1) == ([["segment", "pose", "stylize", "blend"]], 8)
    assert plan(2, slow_segmenter=True) == ([["segment"], ["pose", "stylize", "blend"]], 1)
    assert plan(4, slow_segmenter=True) == ([["segment"], ["pose", "stylize"], ["blend"]], 2)
    with pytest.raises(UserError, match="1 to 3"):
        plan(8, 4)


def test_styles_to_choose_from(small_zoo: Zoo) -> None:
    assert style_choices(small_zoo, None) == (["negative", "other"], 0)
    assert style_choices(small_zoo, "other") == (["negative", "other"], 1)
    assert style_choices(small_zoo, "other-small") == (["other-small", "negative", "other"], 0)


def test_the_hud_tells_what_counts(clip: Path, small_zoo: Zoo) -> None:
    session = Session(LiveConfig(source=str(clip), sink=("none",), stages=2, device="cpu"), small_zoo)
    session.run()
    told = session.report()
    lines = hud_lines(
        told.statistics, session.panel, told.providers, [["segment", "pose"], ["stylize", "blend"]]
    )
    assert "frames per second" in lines[0]
    assert lines[1].startswith("age ")
    assert "segment" in lines[2]
    assert lines[3] == "2 threads: segment+pose | stylize+blend; on cpu"
    assert lines[4] == "negative, face hair, strength 1.0"


def test_sinks_by_name(tmp_path: Path) -> None:
    assert open_sink("none", (64, 64), 30).name == "none"
    with pytest.raises(UserError, match="no sink 'tv'"):
        open_sink("tv", (64, 64), 30)
    with pytest.raises(UserError, match=r"cannot be written as '\.avi'"):
        open_sink(str(tmp_path / "a.avi"), (64, 64), 30)


def live(*arguments: object, cwd: Path, display: str | None = None) -> subprocess.Popen[str]:
    hidden = ("DISPLAY", "WAYLAND_DISPLAY")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    environment |= {"XDG_CONFIG_HOME": str(cwd)} | ({"DISPLAY": display} if display else {})
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "animirror.realtime.cli", "live", *map(str, arguments)],
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no signals to one process")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_ends_with_figures_and_a_playable_recording(
    clip: Path, tmp_path: Path, number: signal.Signals
) -> None:
    process = live("--source", clip, "--loop", "--sink", "out.mp4", "--json", cwd=tmp_path)
    try:
        deadline = time.monotonic() + 150
        while not list(tmp_path.glob(".out*")) and time.monotonic() < deadline:
            assert process.poll() is None
            time.sleep(0.05)
        time.sleep(1.0)
        asked = time.monotonic()
        process.send_signal(number)
        out, error = process.communicate(timeout=30)
    finally:
        process.kill()
    assert time.monotonic() - asked < 15
    assert process.returncode == 130, error
    assert "Traceback" not in error
    told = json.loads(out)["statistics"]
    with VideoSource(tmp_path / "out.mp4") as video:
        assert sum(1 for _ in video) == told["sinks"]["out.mp4"]["frames"] > 0
        assert video.problem is None


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or shutil.which("xdotool") is None, reason="needs Xvfb and xdotool"
)
def test_a_session_in_a_window_answers_keys(clip: Path, tmp_path: Path, xvfb: str) -> None:
    process = live("--source", clip, "--loop", "--hud", "--save-config", "s.toml", cwd=tmp_path, display=xvfb)
    environment = os.environ | {"DISPLAY": xvfb}

    def do(*command: str) -> str:
        answer = subprocess.run(
            ["xdotool", *command], env=environment, capture_output=True, text=True, timeout=150, check=True
        )
        return answer.stdout

    def press(key: str, pattern: str, count: int) -> None:
        """One key, and what it must bring about: OpenCV forgets a key when the next one comes too soon."""
        do("key", key)
        deadline = time.monotonic() + 60
        while len(list(tmp_path.glob(pattern))) != count and time.monotonic() < deadline:
            time.sleep(0.1)
        assert len(list(tmp_path.glob(pattern))) == count

    try:
        window = do("search", "--sync", "--name", "^AniMirror$").split()[0]
        do("windowfocus", "--sync", window)
        press("s", "animirror-*.png", 2)
        press("v", ".animirror-*.mp4", 1)
        for key in ("minus", "f"):
            do("key", key)
            time.sleep(2.0)
        press("v", "animirror-*.mp4", 1)
        do("key", "q")
        out, error = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0, error
    assert "age from capture to sink" in out
    (recording,) = tmp_path.glob("animirror-*.mp4")
    with VideoSource(recording) as video:
        assert sum(1 for _ in video) > 0
    saved = (tmp_path / "s.toml").read_text()
    assert "strength = 0.9" in saved
    assert "mirror = true" in saved
