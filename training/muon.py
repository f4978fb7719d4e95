"""Muon for the matrices of a network and AdamW for all else, as one optimizer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

# Muon's step is scaled to the root mean square that AdamW's has (Liu et al. 2025, "Muon is scalable for LLM
# training", section 2.2), so that learning rates found for AdamW serve.
SCALING = "match_rms_adamw"


class MuonAdamW(torch.optim.Optimizer):
    """torch's Muon (Jordan et al. 2024) on every parameter of two dimensions, AdamW on the others.

    ``matrices`` times ``learning_rate`` is Muon's rate. Both sets of groups are in ``param_groups``, so that
    schedules and clipping see one optimizer.
    """

    def __init__(
        self, network: nn.Module, learning_rate: float, weight_decay: float, matrices: float
    ) -> None:
        parameters = [item for item in network.parameters() if item.requires_grad]
        self._muon = torch.optim.Muon(
            [item for item in parameters if item.ndim == 2],
            lr=matrices * learning_rate,
            weight_decay=weight_decay,
            adjust_lr_fn=SCALING,
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
