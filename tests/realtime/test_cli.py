import json
import os
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from animirror.realtime.cli import main
from animirror.realtime.sinks import VideoSink
from animirror.realtime.sources import DemoSource


def run(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    return subprocess.run(
        [sys.executable, "-P", "-m", "animirror.realtime.cli", *map(str, arguments)],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


@pytest.fixture
def portrait(tmp_path: Path) -> Path:
    path = tmp_path / "portrait.png"
    cv2.imwrite(str(path), DemoSource(1).frame(0.0))
    return path


def test_demo_writes_its_files_without_display(tmp_path: Path) -> None:
    answer = run("demo", "--frames", 4, "--device", "cpu", cwd=tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert "frames per second" in answer.stdout
    assert "stylize" in answer.stdout
    with av.open(str(tmp_path / "animirror-demo.mp4")) as video:
        assert sum(1 for _ in video.decode(video=0)) == 4
    sheet = cv2.imread(str(tmp_path / "animirror-demo.png"))
    assert sheet is not None
    assert sheet.shape == (540, 3 * 960, 3)
    before, _, after = (sheet[60:, i * 960 : (i + 1) * 960].astype(int) for i in range(3))
    changed = np.abs(before - after).max(axis=2) > 12
    # The shipped models find the head: about a sixth of the picture changes, its corners do not.
    assert 0.02 < changed.mean() < 0.4
    assert not changed[-40:, :40].any()
    assert not changed[:40, -40:].any()


def test_image_of_a_real_face(portrait: Path) -> None:
    answer = run("image", portrait, "--json", cwd=portrait.parent)
    assert answer.returncode == 0, answer.stderr
    (report,) = json.loads(answer.stdout)
    assert report["with_heads"] == 1
    assert (portrait.parent / "portrait-anime.png").is_file()


def test_one_bad_picture_does_not_stop_the_rest(portrait: Path) -> None:
    (portrait.parent / "bad.jpg").write_bytes(b"nothing")
    answer = run("image", "bad.jpg", portrait.name, "--out-dir", "out", cwd=portrait.parent)
    assert answer.returncode == 2
    assert "bad.jpg is not a picture" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert (portrait.parent / "out" / "portrait-anime.png").is_file()


def test_results_never_replace_each_other(portrait: Path) -> None:
    (portrait.parent / "a").mkdir()
    (portrait.parent / "a" / portrait.name).write_bytes(portrait.read_bytes())
    answer = run(
        "image", portrait, f"a/{portrait.name}", "--out-dir", "out", "--overwrite", cwd=portrait.parent
    )
    assert answer.returncode == 2
    assert "would both be written to out/portrait-anime.png" in answer.stderr
    assert list((portrait.parent / "out").iterdir()) == []


def test_a_gif_picture_becomes_png(portrait: Path) -> None:
    Image.open(portrait).save(portrait.with_suffix(".gif"))
    answer = run("image", "portrait.gif", cwd=portrait.parent)
    assert answer.returncode == 0, answer.stderr
    assert (portrait.parent / "portrait-anime.png").is_file()


def test_a_truncated_video_is_converted_and_code_2(tmp_path: Path) -> None:
    video, random = tmp_path / "v.mkv", np.random.default_rng(0)
    with VideoSink(video, 96, 96, Fraction(30)) as sink:
        for index in range(30):
            sink.write(random.integers(0, 256, (96, 96, 3), dtype=np.uint8), index / 30)
    video.write_bytes(video.read_bytes()[: int(video.stat().st_size * 0.6)])
    answer = run("video", "v.mkv", "-o", "out.mp4", "--json", cwd=tmp_path)
    assert answer.returncode == 2
    assert "v.mkv is damaged or truncated" in answer.stderr
    (report,) = json.loads(answer.stdout)
    assert report["partial"]
    assert 5 < report["frames"] < 30
    with av.open(str(tmp_path / "out.mp4")) as result:
        assert sum(1 for _ in result.decode(video=0)) == report["frames"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to one process")
def test_interrupting_leaves_nothing_half_written(portrait: Path) -> None:
    """Interrupted once the hidden file is there, so that there is something to be left."""
    folder = portrait.parent
    command = [sys.executable, "-P", "-m", "animirror.realtime.cli", "demo", "--frames", "100000"]
    process = subprocess.Popen([*command, "--no-window"], cwd=folder, stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 120
        while not list(folder.glob(".animirror-demo*")) and time.monotonic() < deadline:
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, error
    assert "interrupted" in error
    assert [path.name for path in folder.iterdir()] == ["portrait.png"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["image", "portrait.png", "--out-dir", "portrait.png"], "portrait.png cannot be made"),
        (["image", "portrait.png", "-o", "x.gif"], "cannot be written as '.gif'"),
        (["image", "portrait.png", "--strength", "nan"], "strength must be between"),
        (["image", "none.png"], "none.png does not exist"),
        (["video", "none.mp4"], "none.mp4 does not exist"),
        (["image", "a.png", "b.png", "-o", "c.png"], "use --out-dir"),
        (["image", "portrait.png", "--style", "oil"], "no style 'oil'"),
        (["image", "portrait.png", "--regions", "tail"], "'tail' is neither"),
        (["image", "portrait.png", "--strength", "2"], "strength must be between"),
        (["image", "portrait.png", "--threads", "0"], "--threads must be at least 1"),
        (["demo", "--frames", "0"], "--frames must be at least 1"),
        (["demo", "--out-dir", "nowhere"], "nowhere"),
    ],
)
def test_bad_input_is_one_sentence_and_code_2(
    portrait: Path,
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(portrait.parent)
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_models_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--json"]) == 0
    states = json.loads(capsys.readouterr().out)
    assert {state["entry"]["task"] for state in states} == {"segmentation", "stylization"}
    assert all(state["problem"] is None for state in states)
    assert all(state["entry"]["provenance"]["command"] for state in states)


def test_every_command_has_help_with_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    for command in (
        "demo",
        "live",
        "bench",
        "doctor",
        "image",
        "video",
        "models",
        "evaluate",
        "train",
        "prepare",
        "export",
    ):
        with pytest.raises(SystemExit) as leaving:
            main([command, "--help"])
        assert leaving.value.code == 0
        assert f"example: animirror {command}" in capsys.readouterr().out


def test_our_own_fault_is_code_1(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("animirror.realtime.cli.Zoo", lambda: 1 / 0)
    assert main(["models"]) == 1
    assert "our fault: ZeroDivisionError" in capsys.readouterr().err


def test_interruption_is_code_130(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("animirror.realtime.cli.Zoo", interrupted)
    assert main(["models"]) == 130
    assert "interrupted" in capsys.readouterr().err


def test_realtime_needs_no_torch(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "sys.modules['torch'] = None\n"
        "import animirror.realtime.cli as cli\n"
        "assert cli.main(['models', '--json']) == 0\n"
        "assert cli.main(['evaluate', 'segmenter', '--data', '.']) == 2\n"
    )
    answer = subprocess.run(
        [sys.executable, "-P", "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    assert "pip install 'animirror[train]'" in answer.stderr
