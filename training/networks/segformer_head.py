"""SegFormer's decoder, fusing its stages before it enlarges them: the same function, less work."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from transformers.models.segformer.modeling_segformer import SegformerDecodeHead


def fused_stages(head: Any) -> Iterator[tuple[nn.Linear, torch.Tensor]]:
    """Of each stage, finest first: its projection, and its part [D, D] of the fusing 1x1 convolution."""
    # transformers 4 calls them linear_c.
    layers = list(getattr(head, "linear_projections", None) or head.linear_c)
    # The head joins the last stage first.
    parts = head.linear_fuse.weight[:, :, 0, 0].chunk(len(layers), dim=1)[::-1]
    for layer, part in zip(layers, parts, strict=True):
        yield layer.proj, part


class LightDecodeHead(SegformerDecodeHead):
    """transformers' SegformerDecodeHead: its parameters, its answers, without its widest layers.

    SegFormer (section 3.2, equation 4) projects every stage, enlarges all to the finest, joins and fuses
    them. Projection, enlargement and fusion are linear, and the weights of bilinear enlargement sum to 1, so
    each stage's product of projection and fusion is applied at the stage's own resolution and the results are
    added.
    """

    def forward(self, encoder_hidden_states: Any, **_: object) -> torch.Tensor:
        """Feature maps [N, C, h, w] of the stages, finest first -> logits [N, L, h, w] at the finest."""
        fused: torch.Tensor | None = None
        for hidden, (linear, part) in zip(encoder_hidden_states, fused_stages(self), strict=True):
            # The encoder hands over what was channels last in another order: enlarging is slow in that one.
            hidden = hidden.contiguous(memory_format=torch.channels_last)
            stage = F.conv2d(hidden, (part @ linear.weight)[:, :, None, None], part @ linear.bias)
            if fused is None:
                fused = stage
                continue
            fused = fused + F.interpolate(stage, size=fused.shape[2:], mode="bilinear", align_corners=False)
        logits: torch.Tensor = self.classifier(self.dropout(self.activation(self.batch_norm(fused))))
        return logits


def with_light_head(network: nn.Module) -> nn.Module:
    """The network (a SegformerForSemanticSegmentation) itself, its decoder replaced by the light one."""
    usual: Any = network.decode_head
    head: nn.Module = LightDecodeHead(usual.config)  # type: ignore[no-untyped-call]
    head.load_state_dict(usual.state_dict())
    network.decode_head = head
    return network
