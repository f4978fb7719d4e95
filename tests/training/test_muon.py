"""Muon and AdamW as one optimizer: each on its own parameters, under one schedule, resumable."""

from __future__ import annotations

import copy

import torch
from torch import nn

from animirror.training.muon import Float32Muon, MuonAdamW


def _network() -> nn.Module:
    torch.manual_seed(3)
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Linear(8 * 36, 16), nn.LayerNorm(16))


def _learn(network: nn.Module, optimizer: torch.optim.Optimizer, steps: int, first: int = 0) -> None:
    for seed in range(first, first + steps):
        torch.manual_seed(seed)
        pictures = torch.randn(4, 3, 8, 8)
        loss = (network(pictures) - pictures.mean(dim=(1, 2, 3))[:, None]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def test_matrices_take_orthogonal_steps_and_all_else_adamws() -> None:
    network, twin = _network(), _network()
    before = network[2].weight.detach().clone()
    _learn(network, MuonAdamW(network, 1e-3, 0.0, 2.0), 1)
    _learn(twin, torch.optim.AdamW(twin.parameters(), lr=1e-3, weight_decay=0.0), 1)
    # The singular values of Muon's step are near 1 times the rate, twice 1e-3, times 0.2 sqrt(largest side);
    # four pictures have a gradient of rank 4, and the least of these has not come so far in five iterations.
    values = torch.linalg.svdvals(network[2].weight.detach() - before) / (2e-3 * 0.2 * (8 * 36) ** 0.5)
    assert values.max() < 1.3
    assert values[2] > 0.7
    for mine, its in ((network[0].weight, twin[0].weight), (network[3].bias, twin[3].bias)):
        torch.testing.assert_close(mine, its)


def test_a_schedule_reaches_both() -> None:
    network = _network()
    optimizer = MuonAdamW(network, 1e-3, 0.01, 2.0)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.0 if step else 1.0)
    _learn(network, optimizer, 1)
    schedule.step()
    stood = copy.deepcopy(network.state_dict())
    _learn(network, optimizer, 1)
    for name, value in network.state_dict().items():
        torch.testing.assert_close(value, stood[name], rtol=0, atol=0)


def test_goes_on_where_it_was_stopped() -> None:
    network, resumed = _network(), _network()
    optimizer = MuonAdamW(network, 1e-3, 0.01, 2.0)
    _learn(network, optimizer, 3)
    again = MuonAdamW(resumed, 1e-3, 0.01, 2.0)
    resumed.load_state_dict(network.state_dict())
    again.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    _learn(network, optimizer, 2, first=3)
    _learn(resumed, again, 2, first=3)
    for name, value in network.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], value)


def test_steps_as_torchs_muon_does_but_for_its_rounding() -> None:
    torch.manual_seed(5)
    mine, its = (nn.Parameter(torch.zeros(24, 40)) for _ in range(2))
    ours, theirs = (
        kind([weight], lr=0.01, weight_decay=0.1, adjust_lr_fn="match_rms_adamw")
        for kind, weight in ((Float32Muon, mine), (torch.optim.Muon, its))
    )
    for _ in range(4):
        mine.grad = torch.randn(24, 40)
        its.grad = mine.grad.clone()
        ours.step()
        theirs.step()
    # bfloat16 keeps eight bits.
    assert (mine - its).norm() < 0.02 * its.norm()
    assert ours.state_dict()["state"].keys() == theirs.state_dict()["state"].keys()
