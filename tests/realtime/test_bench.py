"""The bench on tiny models: its figures must fit each other."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from animirror.realtime import bench
from animirror.realtime.bench import BenchOptions, Frames, read_pictures, run_bench, spread
from animirror.realtime.cli import main
from animirror.realtime.errors import UserError
from animirror.realtime.zoo import Zoo
from tests.conftest import write_segmenter, write_stylizer


def test_the_figures_fit_each_other(small_zoo: Zoo) -> None:
    told = run_bench(
        BenchOptions(size=(320, 180), frames=20, device="cpu", stages=2, thesis=False), small_zoo
    )
    assert (told.size, told.threads) == ("320x180", ["segment + pose", "stylize + blend"])
    assert told.models == {"segmenter": "CPUExecutionProvider", "negative-small": "CPUExecutionProvider"}
    assert set(told.steps) == {"locate", "segment", "pose", "stylize", "blend"}
    assert told.alone_fps > 0
    assert told.pipeline_fps > 0
    # The slowest of two threads has half of all steps' time at least, and no more than all of it; how busy
    # this machine was while one or the other was measured says nothing.
    faster = told.pipeline_fps / told.alone_fps
    assert 0.49 * faster < told.share < 1.01 * faster
    assert told.live.captured == 20
    assert told.live.done + told.live.dropped == 20
    assert told.live.age.p95 >= told.live.age.median > 0
    assert told.peak_memory is None or told.peak_memory > 50
    assert (told.thesis, told.note) == (None, None)
    json.dumps(asdict(told))


def test_the_thesis_row(small_zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    """With stand-ins of another size, as making the real ones takes a minute."""

    def write(folder: Path) -> None:
        write_segmenter(folder / "segmenter.onnx", 64)
        write_stylizer(folder / "generator.onnx", 32)

    monkeypatch.setattr(bench, "_write_thesis", write)
    monkeypatch.setattr(bench, "THESIS_SIZES", (64, 32))
    thesis, note = bench._thesis(BenchOptions(device="cpu"), [np.zeros((90, 160, 3), np.uint8)])
    assert note is None
    assert thesis is not None
    total = thesis.segment.median + thesis.stylize.median
    assert thesis.fps == pytest.approx(1000 / total, rel=0.25)  # of hundredths of a ms


def test_the_thesis_row_is_left_out_with_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = [np.zeros((90, 160, 3), np.uint8)]
    monkeypatch.setattr(bench, "_write_thesis", lambda folder: "no space left")
    assert bench._thesis(BenchOptions(), pictures)[1] == "The thesis's networks are left out: no space left."
    monkeypatch.setattr(bench, "THESIS_PACKAGES", ("numpy", "surely_no_torch"))
    thesis, note = bench._thesis(BenchOptions(), pictures)
    assert thesis is None
    assert note is not None
    assert "needs surely_no_torch" in note


def test_the_thesis_networks_are_full_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By their papers: SegFormer B5 has 84.7 million parameters (Table 1), the generator 11.4 (9 blocks)."""
    thesis = pytest.importorskip("animirror.export.thesis")
    written = []
    monkeypatch.setattr(thesis, "write_onnx", lambda *arguments: written.append(arguments))
    assert thesis.write_thesis_networks(tmp_path) == (
        tmp_path / "segmenter.onnx",
        tmp_path / "generator.onnx",
    )
    millions = [sum(part.numel() for part in network.parameters()) / 1e6 for network, *_ in written]
    assert millions == pytest.approx([84.7, 11.4], abs=0.15)
    assert [known["size"] for _, known, _ in written] == list(bench.THESIS_SIZES) == [512, 256]


def test_frames_go_forth_and_back() -> None:
    pictures = [np.full((2, 2, 3), level, np.uint8) for level in range(3)]
    shots = list(Frames(pictures, 9))
    assert [int(shot.frame[0, 0, 0]) for shot in shots] == [0, 1, 2, 1, 0, 1, 2, 1, 0]
    assert shots[3].time == pytest.approx(0.1)
    stopped = Frames(pictures, 9)
    stopped.stop()
    assert list(stopped) == []
    assert len(list(Frames(pictures[:1], 4))) == 4


def test_pictures_and_mistakes(tmp_path: Path) -> None:
    pictures = read_pictures("demo", (160, 90))
    assert len(pictures) == bench.KEPT_FRAMES
    assert pictures[0].shape == (90, 160, 3)
    with pytest.raises(UserError, match=r"no\.mp4 does not exist"):
        read_pictures(str(tmp_path / "no.mp4"), (160, 90))
    with pytest.raises(UserError, match="at least 64 pixels"):
        read_pictures("demo", (160, 32))


def test_spread() -> None:
    told = spread([index / 1000 for index in range(101)])
    assert (told.median, told.p95) == (50.0, 95.0)


def test_the_command(
    small_zoo: Zoo, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench, "Zoo", lambda: small_zoo)
    arguments = ["bench", "--size", "160x90", "--frames", "5", "--device", "cpu", "--no-thesis"]
    assert main(arguments) == 0
    text = capsys.readouterr().out
    assert "demo at 160x90" in text
    assert "the slowest thread alone would allow" in text
    assert main([*arguments, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["frames"] == 5
    assert main(["bench", "--size", "big"]) == 2
    assert "must look like 1280x720" in capsys.readouterr().err
    assert main(["bench", "--frames", "0"]) == 2
