"""The U-Net generator of pix2pix (Isola et al., CVPR 2017, section 3.2.1), as Lin and Fuh used it."""

from __future__ import annotations

import torch
from torch import nn

from animirror.training.networks.blocks import ResizeConv, norm_layer

# Channels stop growing at this multiple of the first level's (pix2pix: 64, 128, 256, 512, 512, ...).
WIDEST = 8
# pix2pix drops features in the three levels that follow the innermost one.
LEVELS_WITH_DROPOUT = 3


class UnetGenerator(nn.Module):
    """float32 [N, 3, H, W] RGB in -1..1 -> the same shape and range; H and W multiples of 2^depth.

    ``depth`` convolutions k4 s2 halve the picture, as many upsamplings double it again, and each doubled map
    is joined with the one of its size on the way in: lines keep their places. ``upsampling``: "transposed"
    (k4 s2, as published) or "resize" (against checkerboards). ``dropout``: share of the inner features.
    """

    def __init__(
        self,
        filters: int = 64,
        depth: int = 8,
        norm: str = "batch",
        dropout: float = 0.0,
        upsampling: str = "transposed",
    ) -> None:
        super().__init__()
        if depth < 2:
            raise TypeError(f"depth must be at least 2, not {depth}")
        widths = [filters * min(2**level, WIDEST) for level in range(depth)]
        self.down = nn.ModuleList()
        self.up = nn.ModuleList()
        for level, width in enumerate(widths):
            innermost = level == depth - 1
            # No normalisation at either end, as published: the innermost map may be a single pixel.
            plain = level == 0 or innermost
            self.down.append(_halve(3 if level == 0 else widths[level - 1], width, "none" if plain else norm))
            if level > 0:
                drop = dropout if depth - 1 - LEVELS_WITH_DROPOUT <= level < depth - 1 else 0.0
                joined = width if innermost else 2 * width
                self.up.append(_double(joined, widths[level - 1], norm, drop, upsampling))
        last: nn.Module = nn.ConvTranspose2d(2 * filters, 3, 4, stride=2, padding=1)
        if upsampling == "resize":
            last = nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(2 * filters, 3, 3, padding=1))
        self.out = nn.Sequential(last, nn.Tanh())

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        kept: list[torch.Tensor] = []
        features = images
        for halve in self.down:
            features = halve(features)
            kept.append(features)
        features = kept.pop()
        for double in reversed(self.up):
            features = torch.cat([double(features), kept.pop()], dim=1)
        return self.out(features)


def _halve(inputs: int, outputs: int, norm: str) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 4, stride=2, padding=1),
        norm_layer(norm, outputs),
        nn.LeakyReLU(0.2),
    )


def _double(inputs: int, outputs: int, norm: str, dropout: float, upsampling: str) -> nn.Module:
    if upsampling == "resize":
        layers: list[nn.Module] = [ResizeConv(inputs, outputs, norm)]
    elif upsampling == "transposed":
        layers = [
            nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1),
            norm_layer(norm, outputs),
            nn.ReLU(),
        ]
    else:
        raise TypeError(f"upsampling must be 'transposed' or 'resize', not {upsampling!r}")
    if dropout > 0:
        layers.append(nn.Dropout(dropout))
    return nn.Sequential(*layers)
