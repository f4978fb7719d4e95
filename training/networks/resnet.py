"""The thesis's generator: ResNet with nine blocks (Zhu et al., ICCV 2017, section 7.1; thesis, Table 5.1)."""

from __future__ import annotations

import torch
from torch import nn

from animirror.training.networks.blocks import ResidualBlock, ResizeConv, norm_layer


class ResnetGenerator(nn.Module):
    """float32 [N, 3, H, W] RGB in -1..1 -> the same shape and range; H and W multiples of 4.

    ``upsampling``: "transposed" (the thesis's: k3 s2, output padding 1) or "resize" (against checkerboards).
    """

    def __init__(
        self,
        filters: int = 64,
        blocks: int = 9,
        norm: str = "batch",
        dropout: float = 0.0,
        upsampling: str = "transposed",
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = [
            nn.Conv2d(3, filters, 7, padding=3, padding_mode="reflect"),
            norm_layer(norm, filters),
            nn.ReLU(inplace=True),
        ]
        for width in (filters, filters * 2):
            layers += [
                nn.Conv2d(width, width * 2, 3, stride=2, padding=1, padding_mode="reflect"),
                norm_layer(norm, width * 2),
                nn.ReLU(inplace=True),
            ]
        layers += [ResidualBlock(filters * 4, norm, dropout) for _ in range(blocks)]
        for width in (filters * 4, filters * 2):
            layers.append(_upsample(width, width // 2, norm, upsampling))
        layers += [nn.Conv2d(filters, 3, 7, padding=3, padding_mode="reflect"), nn.Tanh()]
        self.layers = nn.Sequential(*layers)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.layers(images)


def _upsample(inputs: int, outputs: int, norm: str, upsampling: str) -> nn.Module:
    if upsampling == "resize":
        return ResizeConv(inputs, outputs, norm)
    if upsampling == "transposed":
        return nn.Sequential(
            nn.ConvTranspose2d(inputs, outputs, 3, stride=2, padding=1, output_padding=1),
            norm_layer(norm, outputs),
            nn.ReLU(inplace=True),
        )
    raise TypeError(f"upsampling must be 'transposed' or 'resize', not {upsampling!r}")
