import pytest
import torch

from animirror.training.options import CycleganOptions
from animirror.training.schedules import Plateau, constant_then_linear, cosine, schedule


def test_constant_then_linear_by_hand() -> None:
    rate = constant_then_linear(10, 0.5)
    assert [rate(step) for step in (0, 4, 5, 6, 9, 10)] == pytest.approx([1, 1, 1, 0.8, 0.2, 0])


def test_cosine_by_hand() -> None:
    rate = cosine(12)
    # cos of 0, 60, 90, 120 and 180 degrees is 1, 1/2, 0, -1/2, -1.
    assert [rate(step) for step in (0, 4, 6, 8, 12, 13)] == pytest.approx([1, 0.75, 0.5, 0.25, 0, 0])


def test_plateau_is_torchs() -> None:
    ours = Plateau()
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=2, threshold=0.0, eps=0.0)
    factors = []
    for score in (9.0, 8.0, 8.5, 8.0, 8.2, 7.0, 7.1, 7.1, 7.1, 7.1, 7.1, 7.1, 6.0):
        ours.update(score, patience=2)
        theirs.step(score)
        assert ours.factor == pytest.approx(optimizer.param_groups[0]["lr"])
        factors.append(round(ours.factor, 4))
    assert factors == [1, 1, 1, 1, 0.1, 0.1, 0.1, 0.1, 0.01, 0.01, 0.01, 0.001, 0.001]


def test_the_option_chooses() -> None:
    at_half = {
        name: schedule(CycleganOptions(schedule=name, constant_share=0.2), 100)(60)
        for name in ("linear", "cosine", "plateau")
    }
    assert at_half == pytest.approx({"linear": 0.5, "cosine": (1 - 0.309017) / 2, "plateau": 1.0})
