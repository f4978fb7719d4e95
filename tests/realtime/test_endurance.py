import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from animirror.realtime import endurance
from animirror.realtime.cli import main
from animirror.realtime.endurance import EnduranceOptions, frames_in, run_endurance
from animirror.realtime.errors import UserError
from animirror.realtime.sinks import VideoSink
from animirror.realtime.sources import VideoSource
from animirror.realtime.zoo import Zoo
from tests.conftest import draw_person, empty_frame


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven frames of somebody, at ten a second."""
    path = tmp_path_factory.mktemp("clip") / "seven.mp4"
    with VideoSink(path, 160, 120, Fraction(10)) as sink:
        for index in range(7):
            frame = empty_frame(160, 120, index)
            draw_person(frame, 80 + index, 60, 55)
            sink.write(frame, index / 10, 0.1)
    return path


def test_a_short_eternity(clip: Path, small_zoo: Zoo, tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    report = run_endurance(EnduranceOptions(clip, frames=40, output=target, device="cpu"), small_zoo)
    assert (report.frames, report.recorded, report.size) == (40, 40, "160x120")
    assert 20 <= report.heads <= 34  # after each of six starts the mask fades in
    assert len(report.memory) == 11
    assert report.growth == pytest.approx(report.memory[-1] - report.memory[1], abs=0.06)
    assert report.growth_per_10000 == pytest.approx(report.growth * 10000 / 36, abs=20)
    with VideoSource(target) as video:
        times = [item.time for item in video]
    assert times == pytest.approx([index / 10 for index in range(40)], abs=0.002)


# In a process of its own: in this one, other tests' threads and buffers go while it is measured.
GROW_AND_SHRINK = """
import numpy as np
from animirror.realtime.endurance import memory_mb
told = [memory_mb()]
block = np.ones((100, 1_000_000), np.uint8)
told.append(memory_mb())
del block
told.append(memory_mb())
print(*told)
"""


def test_memory_is_that_of_now() -> None:
    done = subprocess.run([sys.executable, "-P", "-c", GROW_AND_SHRINK], capture_output=True, check=True)
    before, with_block, after = map(float, done.stdout.split())
    assert with_block - before == pytest.approx(100, abs=15)
    assert after < with_block - 50


def test_growth_is_seen(clip: Path, small_zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    """A leak of 2 MB in each tenth."""
    told = iter(range(100, 200, 2))
    monkeypatch.setattr(endurance, "memory_mb", lambda: float(next(told)))
    report = run_endurance(EnduranceOptions(clip, frames=20, device="cpu"), small_zoo)
    assert report.memory == [100.0 + 2 * index for index in range(11)]
    assert report.growth == 18.0
    assert report.growth_per_10000 == 10_000.0
    assert report.recorded is None


def test_bad_input_is_one_sentence(
    clip: Path, small_zoo: Zoo, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UserError, match="--frames must be at least 10, not 3"):
        run_endurance(EnduranceOptions(clip, frames=3), small_zoo)
    assert main(["bench", "endurance", str(tmp_path / "no.mp4")]) == 2
    assert "no.mp4" in capsys.readouterr().err


def test_the_command_tells_all(clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "out.mp4"
    arguments = ["bench", "endurance", str(clip), "--frames", "10", "--size", "64x64", "-o", str(target)]
    assert main([*arguments, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["frames"], told["recorded"], told["size"]) == (10, 10, "64x64")
    assert frames_in(target) == 10
    assert main([*arguments, "--overwrite"]) == 0
    out = capsys.readouterr().out
    assert "growth after the first tenth" in out
    assert "holds 10 frames" in out
