"""Segmenters side by side: the mean of what several networks say of a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

# Below this probability all are alike; the logarithm of 0 is none.
LEAST = 1e-7


class SegmenterEnsemble(nn.Module):
    """float32 [N, 3, S, S] (RGB, standardised as for ImageNet) -> an output with logits [N, L, S/4, S/4].

    ``members``: the networks' specs (see networks.build), all of these ``labels``; ``shares``: how much each
    counts, adding up to 1. The logits are logarithms of the mean probabilities (Hansen and Salamon, TPAMI
    1990: networks that err differently err less together).
    """

    def __init__(
        self, labels: Sequence[str], members: Sequence[Mapping[str, Any]], shares: Sequence[float]
    ) -> None:
        super().__init__()
        # The registry knows this file.
        from animirror.training.networks import build

        self.members = nn.ModuleList(build({**member, "labels": list(labels)}) for member in members)
        self.shares = tuple(float(share) for share in shares)

    def forward(self, pixel_values: torch.Tensor) -> Any:
        """See the class."""
        from transformers.modeling_outputs import SemanticSegmenterOutput

        mean = torch.zeros(())
        for member, share in zip(self.members, self.shares, strict=True):
            mean = mean + share * member(pixel_values=pixel_values).logits.softmax(dim=1)
        return SemanticSegmenterOutput(logits=mean.clamp(min=LEAST).log())
