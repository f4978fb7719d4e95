"""Muon for the matrices of a network and AdamW for all else, as one optimizer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

# Muon's step is scaled to the root mean square that AdamW's has (Liu et al. 2025, "Muon is scalable for LLM
# training", section 2.2), so that learning rates found for AdamW serve.
SCALING = 0.2


class Float32Muon(torch.optim.Muon):
    """torch's Muon with its orthogonalization in float32.

    torch does it in bfloat16, which a CPU without AVX512 emulates: a step of SegFormer B0's matrices took
    5.8 s there and takes a twentieth so.
    """

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """One step, Nesterov's momentum first, of the parameters that have a gradient."""
        for group in self.param_groups:
            for item in group["params"]:
                if item.grad is None:
                    continue
                state = self.state[item]
                if not state:
                    state["momentum_buffer"] = torch.zeros_like(item.grad)
                momentum = state["momentum_buffer"]
                momentum.lerp_(item.grad, 1 - group["momentum"])
                wanted = item.grad.lerp(momentum, group["momentum"])
                step = orthogonalized(wanted, group["ns_coefficients"], group["ns_steps"], group["eps"])
                item.mul_(1 - group["lr"] * group["weight_decay"])
                item.add_(step, alpha=-group["lr"] * SCALING * max(item.shape) ** 0.5)


def orthogonalized(
    matrix: torch.Tensor, coefficients: tuple[float, float, float], steps: int, least: float
) -> torch.Tensor:
    """A matrix [m, n] with its singular values brought near 1 by Newton and Schulz's iteration; same dtype.

    Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks", whose quintic's
    ``coefficients`` they are. ``least``: the smallest norm that is divided by.
    """
    wide = matrix.T if matrix.shape[0] > matrix.shape[1] else matrix
    a, b, c = coefficients
    wide = wide / wide.norm().clamp(min=least)
    for _ in range(steps):
        gram = wide @ wide.T
        wide = torch.addmm(wide, torch.addmm(gram, gram, gram, beta=b, alpha=c), wide, beta=a)
    return wide.T if matrix.shape[0] > matrix.shape[1] else wide


class MuonAdamW(torch.optim.Optimizer):
    """Muon (Jordan et al. 2024) on every parameter of two dimensions, AdamW on the others.

    ``matrices`` times ``learning_rate`` is Muon's rate. Both sets of groups are in ``param_groups``, so that
    schedules and clipping see one optimizer.
    """

    def __init__(
        self, network: nn.Module, learning_rate: float, weight_decay: float, matrices: float
    ) -> None:
        parameters = [item for item in network.parameters() if item.requires_grad]
        self._muon = Float32Muon(
            [item for item in parameters if item.ndim == 2],
            lr=matrices * learning_rate,
            weight_decay=weight_decay,
        )
        self._adamw = torch.optim.AdamW(
            [item for item in parameters if item.ndim != 2], lr=learning_rate, weight_decay=weight_decay
        )
        super().__init__([*self._muon.param_groups, *self._adamw.param_groups], {})
        # The groups themselves, not copies: what a schedule writes into them must reach both.
        self.param_groups = [*self._muon.param_groups, *self._adamw.param_groups]

    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One step of both; see torch.optim.Optimizer.step."""
        loss = None if closure is None else closure()
        self._muon.step()
        self._adamw.step()
        return loss

    def state_dict(self) -> dict[str, Any]:
        return {"muon": self._muon.state_dict(), "adamw": self._adamw.state_dict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._muon.load_state_dict(state_dict["muon"])
        self._adamw.load_state_dict(state_dict["adamw"])
        self.param_groups = [*self._muon.param_groups, *self._adamw.param_groups]
