"""The plain loop is the same training, and the comparison reports what it ran."""

import json
from pathlib import Path

import pytest
import torch

from animirror.realtime.cli import main
from animirror.training import bench
from animirror.training.gan import CycleGan
from animirror.training.precision import uses_bf16
from tests.training.conftest import cyclegan_options

# No batch normalisation: only with it does it matter which pictures go through a generator together.
NETWORKS = {
    "generator": {"name": "lite", "width": 8, "blocks": 1, "detail_blocks": 1, "norm": "instance"},
    "discriminator": {"name": "patchgan", "filters": 4, "norm": "instance"},
}


def test_the_plain_loop_computes_the_same(data: Path, tmp_path: Path) -> None:
    options = cyclegan_options(
        data, tmp_path, lambda_color=0.0, lambda_equivariance=0.0, ema=0.0, size=64, **NETWORKS
    )
    ours = CycleGan(options, 10, torch.device("cpu"))
    plain = bench.PlainLoop(options, ours)
    photos, drawings = torch.rand(2, 2, 3, 64, 64, generator=torch.Generator().manual_seed(1)) * 2 - 1
    for _ in range(3):
        expected, found = plain.step(photos, drawings), ours.step(photos, drawings)
        assert expected.keys() == found.keys()
        assert [found[name] for name in expected] == pytest.approx(list(expected.values()), rel=2e-3)
    for name, weights in plain.draw.state_dict().items():
        assert torch.allclose(weights, ours.draw.state_dict()[name], atol=1e-3), name


def test_both_take_turns_and_medians_are_compared(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Ours takes 1 s and once 100 s, the plain loop 3 s; the first, untimed ones take for ever.
    turns = iter([999.0, 999.0, 999.0, 999.0, 1.0, 3.0, 100.0, 3.0, 1.0, 3.0])
    monkeypatch.setattr(bench, "_timed", lambda step, photos, drawings: next(turns))
    report = bench.compare(cyclegan_options(data, tmp_path), 3, torch.device("cpu"))
    assert (report.ours, report.plain, report.ratio) == (4.0, pytest.approx(4 / 3, abs=1e-3), 3.0)
    assert (report.steps, report.size, report.batch, report.generator) == (3, 32, 2, "lite")


def test_the_command(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = {**NETWORKS, "size": 32, "batch": 1}
    (tmp_path / "options.json").write_text(json.dumps(content))
    assert main(["bench", "train", str(tmp_path / "options.json"), "--steps", "2", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["ours"] > 0
    assert report["ratio"] == pytest.approx(report["ours"] / report["plain"], rel=0.01)
    assert report["bf16"] == uses_bf16(torch.device("cpu"), True)
    assert main(["bench", "train", "--steps", "0"]) == 2
    assert "--steps must be at least 1" in capsys.readouterr().err
