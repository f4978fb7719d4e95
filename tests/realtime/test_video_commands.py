"""The command `video` on real files: folders, trims, sizes, pipes, previews, logs and exit codes."""

import io
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from animirror.realtime import video_commands
from animirror.realtime.cli import main
from animirror.realtime.filter import FilterOptions
from animirror.realtime.recipe import Recipe
from animirror.realtime.zoo import Zoo
from tests.media import Clip, Sound, clip, picture, read_number, write_clip
from tests.probe import probe

FOUR_SECONDS = Clip("four.mkv", count=120, options={"g": "30"}, sounds=(Sound("libopus", seconds=4.0),))


@pytest.fixture(autouse=True)
def small_models(small_zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny models in place of the shipped ones, which know no ellipses."""
    recipe = Recipe(FilterOptions(color_match=0.0), "negative", "cpu", models=small_zoo.folder)
    monkeypatch.setattr(video_commands, "recipe_of", lambda options: recipe)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_clip(FOUR_SECONDS, tmp_path)


def video(*arguments: object) -> int:
    return main(["video", *map(str, arguments)])


def test_a_result_beside_its_source_in_the_same_container(
    source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert video(source) == 0
    told = capsys.readouterr()
    assert f"{source} -> {source.with_name('four-anime.mkv')}: 120 frames" in told.out
    assert told.err == ""  # no bars where there is no terminal
    assert probe(source.with_name("four-anime.mkv")).picture.numbers == tuple(range(120))
    assert video(source) == 2
    assert "exists already" in capsys.readouterr().err


def test_a_trim_takes_picture_and_sound_alike(source: Path, tmp_path: Path) -> None:
    assert video(source, "-o", tmp_path / "o.mp4", "--from", "0:01.5", "--to", "00:00:03") == 0
    told = probe(tmp_path / "o.mp4")
    assert told.picture.numbers == tuple(range(45, 90))
    assert told.picture.times[0] == pytest.approx(0.0, abs=1e-3)
    (sound,) = told.of_kind("audio")
    # To a packet of Opus, 20 ms, and its lead-in.
    assert sound.begins == pytest.approx(0.0, abs=0.03)
    assert sound.ends == pytest.approx(1.5, abs=0.03)


def test_size_rate_and_comparison(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "o.mp4"
    assert video(source, "-o", target, "--to", 1, "--size", "x60", "--fps", 10, "--compare") == 0
    told = probe(target).picture
    assert told.size == (160, 60)
    assert told.rate == 10
    assert told.times == pytest.approx([index / 10 for index in range(10)], abs=1e-3)
    assert video(source, "-o", target, "--to", 1, "--compare", "--overwrite") == 0
    with av.open(str(target)) as opened:
        frame = next(opened.decode(video=0)).to_ndarray(format="bgr24")
    before, after = frame[:, :160].astype(int), frame[:, 160:].astype(int)
    assert np.abs(before - picture(0, 160, 120)).mean() < 6
    assert np.abs(before - after)[60:75, 60:80].mean() > 40  # the face
    assert np.abs(before - after)[20:40, :20].mean() < 3  # the ground


def test_the_mask_as_a_video_of_its_own(source: Path, tmp_path: Path) -> None:
    assert video(source, "-o", tmp_path / "o.mp4", "--mask-out", tmp_path / "m.mkv", "--to", 1) == 0
    with av.open(str(tmp_path / "m.mkv")) as opened:
        frames = [frame.to_ndarray(format="gray") for frame in opened.decode(video=0)]
    assert len(frames) == 30
    assert frames[5][66, 75] > 200
    assert frames[5][110, 150] < 30


def test_a_gif_by_its_name(source: Path, tmp_path: Path) -> None:
    assert video(source, "-o", tmp_path / "o.gif", "--to", 1, "--fps", 10) == 0
    with av.open(str(tmp_path / "o.gif")) as opened:
        assert opened.streams.video[0].codec_context.name == "gif"
        numbers = [read_number(frame.to_ndarray(format="bgr24")) for frame in opened.decode(video=0)]
    assert numbers == list(range(0, 30, 3))


def test_a_preview_shows_moments_before_and_after(source: Path, tmp_path: Path) -> None:
    assert video(source, "-o", tmp_path / "o.mp4", "--preview", 4, "--preview-only") == 0
    assert not (tmp_path / "o.mp4").exists()
    sheet = cv2.imread(str(tmp_path / "o-preview.png"))
    assert sheet is not None
    cell = (sheet.shape[0] // 2, sheet.shape[1] // 2)
    assert sheet.shape == (2 * (360 + 8), 2 * (2 * 480 + 8), 3)
    numbers = []
    for row in range(2):
        for column in range(2):
            part = sheet[row * cell[0] + 4 :, column * cell[1] + 4 + 480 :][:360, :480]
            numbers.append(read_number(cv2.resize(part, (160, 120), interpolation=cv2.INTER_AREA)))
    # The middles of four parts of four seconds (the sound is a packet longer).
    assert numbers == pytest.approx([15, 45, 75, 105], abs=1)
    first = sheet[4:364, 4:964].astype(int)
    assert np.abs(first[:, :480] - first[:, 480:])[200:220, 210:240].mean() > 40


def test_one_failure_does_not_stop_the_rest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "in"
    (folder / "deep").mkdir(parents=True)
    write_clip(replace(clip("plain.mp4"), count=10, sounds=()), folder)
    write_clip(replace(clip("ntsc.mkv"), count=10, sounds=()), folder / "deep")
    (folder / "broken.mp4").write_bytes(b"no video at all")
    log = tmp_path / "night.log"
    assert video(folder, "--recursive", "--out-dir", tmp_path / "out", "--log", log) == 2
    told = capsys.readouterr()
    assert "broken.mp4 is not a video that can be read" in told.err
    assert "Traceback" not in told.err
    assert told.out.count("done") == 2
    assert "failed" in told.out
    results = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.*"))
    assert results == ["deep/ntsc-anime.mkv", "plain-anime.mp4"]
    events = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    assert [event["event"] for event in events].count("begin") == 3
    assert sorted(event["event"] for event in events if event["event"] in ("done", "failed")) == [
        "done",
        "done",
        "failed",
    ]


def test_a_night_that_is_started_again_does_not_begin_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.mp4", "b.mp4"):
        write_clip(replace(clip("plain.mp4"), name=name, count=10), tmp_path)
    assert video(tmp_path, "--include", "a.*") == 0
    stamp = (tmp_path / "a-anime.mp4").stat().st_mtime_ns
    capsys.readouterr()
    assert video(tmp_path, "--resume", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert [item.get("state", item.get("frames")) for item in told] == ["was done", 10]
    assert (tmp_path / "a-anime.mp4").stat().st_mtime_ns == stamp


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["four.mkv", "-o", "x.avi"], r"cannot be written as '.avi'"),
        (["four.mkv", "--codec", "prores", "-o", "x.mp4"], "does not go into '.mp4'"),
        (["four.mkv", "-o", "x.mp4", "--from", "soon"], "'soon' is no time"),
        (["four.mkv", "-o", "x.mp4", "--from", "10"], "four.mkv"),
        (["four.mkv", "-o", "x.mp4", "--size", "big"], "'big' is no size"),
        (["four.mkv", "-o", "x.mp4", "--preview", "0"], "--preview must be between"),
        (["four.mkv", "none.mkv", "-o", "x.mp4"], "-o names one result"),
        (["four.mkv", "-o", "x.mp4", "--out-dir", "y"], "both name the result"),
        (["four.mkv", "-", "-o", "x.mp4"], "is one video"),
        (["-", "-o", "x.mp4", "--format", "tape"], "'tape' cannot be read from a pipe"),
        (["four.mkv", "-o", "nowhere/x.mp4"], "does not exist; create it first"),
        (["four.mkv", "-o", "four.mkv", "--overwrite"], "is the input itself"),
    ],
)
def test_bad_input_is_one_sentence(
    source: Path,
    arguments: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(source.parent)
    assert video(*arguments) == 2
    told = capsys.readouterr().err
    assert message in told
    assert told.count("\n") == 1
    assert sorted(path.name for path in source.parent.iterdir() if path.name != "y") == ["four.mkv"]


class Pipe(io.TextIOWrapper):
    """A stdin or stdout of bytes, as a shell's pipe is."""

    def __init__(self, content: bytes = b"") -> None:
        self.kept = io.BytesIO(content)
        super().__init__(self.kept)


def piped(monkeypatch: pytest.MonkeyPatch, content: bytes, *arguments: object) -> tuple[int, bytes]:
    stdin, stdout = Pipe(content), Pipe()
    monkeypatch.setattr(sys, "stdin", stdin)
    monkeypatch.setattr(sys, "stdout", stdout)
    code = video(*arguments)
    return code, stdout.kept.getvalue()


def test_containers_through_pipes(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, out = piped(
        monkeypatch,
        source.read_bytes(),
        "-",
        "-o",
        "-",
        "--format",
        "mp4",
        "--input-format",
        "mkv",
        "--to",
        1,
    )
    assert code == 0
    (tmp_path / "got.mp4").write_bytes(out)
    assert probe(tmp_path / "got.mp4").picture.numbers == tuple(range(30))
    # Its index comes first: the next program need not wait for the end.
    assert out.index(b"moov") < out.index(b"mdat")


@pytest.mark.parametrize("pixels", ["bgr24", "yuv420p"])
def test_raw_frames_through_pipes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pixels: str) -> None:
    frames = [av.VideoFrame.from_ndarray(picture(index, 160, 120), format="bgr24") for index in range(12)]
    raw = [frame.to_ndarray(format=pixels) for frame in frames]
    code, out = piped(
        monkeypatch, b"".join(frame.tobytes() for frame in raw), "-", "-o", "-", "--format", "rawvideo",
        "--pixels", pixels, "--input-size", "160x120", "--input-rate", "30"
    )  # fmt: skip
    assert code == 0
    back = np.frombuffer(out, np.uint8).reshape(12, *raw[0].shape)
    # What is no head comes out bit for bit: the bar at the foot, the number in the corner.
    assert np.array_equal(back[5][:14, :70], raw[5][:14, :70])
    assert not np.array_equal(back[5], raw[5])


def test_raw_frames_that_do_not_fit_are_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    told = (
        "-",
        "-o",
        tmp_path / "x.mp4",
        "--input-format",
        "rawvideo",
        "--input-size",
        "160x120",
        "--input-rate",
        "30",
    )
    assert piped(monkeypatch, bytes(160 * 120 * 3 + 5), *told)[0] == 2
    assert "ended within frame 2: 5 of 57600 bytes" in capsys.readouterr().err
    assert piped(monkeypatch, b"", *told)[0] == 2
    assert "Nothing came through the pipe" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_messages_name_the_pipe_and_not_its_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert piped(monkeypatch, b"no video" * 99, "-", "-o", tmp_path / "x.mp4")[0] == 2
    told = capsys.readouterr().err
    assert told.startswith("animirror: - is not a video that can be read")


def test_a_reader_that_leaves_is_said(source: Path) -> None:
    """In a real pipe of a shell, with the shipped models."""
    command = f"{sys.executable} -P -m animirror.realtime.cli video {source} --to 0.5 -o - --format rawvideo"
    answer = subprocess.run(
        ["bash", "-c", f"{command} | head -c 9; exit ${{PIPESTATUS[0]}}"],
        capture_output=True,
        timeout=200,
        check=False,
    )
    assert answer.returncode == 2
    assert len(answer.stdout) == 9
    assert "ended before it had all of the video" in answer.stderr.decode()
    assert "Traceback" not in answer.stderr.decode()
