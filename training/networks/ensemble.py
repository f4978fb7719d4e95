"""Segmenters side by side: the mean of what several networks say of a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from animirror.realtime.regions import label_indices
from animirror.training.networks.segformer import STEP

# Below this probability all are alike; the logarithm of 0 is none.
LEAST = 1e-7


class SegmenterEnsemble(nn.Module):
    """float32 [N, 3, S, S] (RGB, standardised as for ImageNet) -> an output with logits [N, L, S/4, S/4].

    ``members``: the networks' specs (see networks.build), all of these ``labels``; ``shares``: how much each
    counts, adding up to 1; ``sides``: how large each sees the picture, as a share of S, brought to multiples
    of STEP (None: all of it). Which part of a face a place is, the first says alone: others see eyes a pixel
    aside, or none, and the mean would be unsure of them all. The logits are logarithms of the mean
    probabilities (Hansen and Salamon, TPAMI 1990: networks that err differently err less together). Raises
    UserError for labels without a face.
    """

    def __init__(
        self,
        labels: Sequence[str],
        members: Sequence[Mapping[str, Any]],
        shares: Sequence[float],
        sides: Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        # The registry knows this file.
        from animirror.training.networks import build

        self.members = nn.ModuleList(build({**member, "labels": list(labels)}) for member in members)
        face = torch.zeros(len(labels))
        face[list(label_indices(["face"], labels))] = 1.0
        self.face: torch.Tensor
        self.register_buffer("face", face.view(1, -1, 1, 1), persistent=False)
        self.shares, self.sides = tuple(shares), tuple(sides or [1.0] * len(members))

    def forward(self, pixel_values: torch.Tensor) -> Any:
        """See the class."""
        from transformers.modeling_outputs import SemanticSegmenterOutput

        said, cells = [], pixel_values.shape[-1] // 4
        for member, side in zip(self.members, self.sides, strict=True):
            seen = _resized(pixel_values, STEP * round(side * pixel_values.shape[-1] / STEP))
            said.append(_resized(member(pixel_values=seen).logits.softmax(dim=1), cells))
        mean = torch.stack([share * one for share, one in zip(self.shares, said, strict=True)]).sum(dim=0)
        parts = said[0] * self.face
        parts = parts / parts.sum(dim=1, keepdim=True).clamp(min=LEAST)
        mean = mean * (1 - self.face) + (mean * self.face).sum(dim=1, keepdim=True) * parts
        return SemanticSegmenterOutput(logits=mean.clamp(min=LEAST).log())


def _resized(maps: torch.Tensor, side: int) -> torch.Tensor:
    if maps.shape[-1] == side:
        return maps
    return F.interpolate(maps, size=(side, side), mode="bilinear", align_corners=False)
