"""Bfloat16 where it is wanted and the hardware has it."""

import logging

import pytest
import torch

from animirror.training import precision
from animirror.training.cyclegan import CycleGan
from animirror.training.precision import uses_bf16
from tests.training.conftest import cyclegan_options


@pytest.mark.parametrize(("device", "wanted", "has", "used"), [
    ("cpu", True, True, True),
    ("cpu", True, False, False),
    ("cpu", False, True, False),
    ("cuda", True, True, True),
    ("cuda", True, False, False),
    ("cuda", False, True, False),
    ("mps", True, True, False),
])  # fmt: skip
def test_bf16_needs_wish_and_hardware(
    monkeypatch: pytest.MonkeyPatch, device: str, wanted: bool, has: bool, used: bool
) -> None:
    for name in ("_cpu_has_bf16", "_gpu_has_bf16"):
        monkeypatch.setattr(precision, name, lambda: has)
    assert uses_bf16(torch.device(device), wanted) is used


def test_a_processor_without_it_is_told_and_trains_in_float32(
    data, tmp_path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(precision, "_cpu_has_bf16", lambda: False)
    with caplog.at_level(logging.WARNING):
        gan = CycleGan(cyclegan_options(data, tmp_path, bf16=True), 4, torch.device("cpu"))
    assert caplog.messages == [precision.NO_BF16 % "cpu"]
    with gan._autocast():
        product = torch.ones(2, 2) @ torch.ones(2, 2)
    assert product.dtype == torch.float32
