"""PatchGAN discriminator (Isola et al., CVPR 2017, section 3.2.2): real or not, patch by patch."""

from __future__ import annotations

import itertools

import torch
from torch import nn

from animirror.training.networks.blocks import norm_layer


class PatchGAN(nn.Module):
    """Convolutions k4 of filters * (1, 2, 4, 8), LeakyReLU 0.2, no sigmoid.

    float32 [N, 3, H, W] in -1..1 -> float32 [N, 1, H/8 - 2, W/8 - 2], one score per 70 x 70 px patch.
    ``spectral``: spectral normalisation of every convolution (Miyato et al., ICLR 2018).
    """

    def __init__(self, filters: int = 64, norm: str = "batch", spectral: bool = False) -> None:
        super().__init__()
        widths = [3, filters, filters * 2, filters * 4, filters * 8]
        layers: list[nn.Module] = []
        for index, (inputs, outputs) in enumerate(itertools.pairwise(widths)):
            stride = 2 if index < 3 else 1
            layers.append(_conv(inputs, outputs, stride, spectral))
            if index > 0:
                layers.append(norm_layer(norm, outputs))
            layers.append(nn.LeakyReLU(0.2, inplace=True))
        layers.append(_conv(widths[-1], 1, 1, spectral))
        self.layers = nn.Sequential(*layers)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.layers(images)  # type: ignore[no-any-return]


def _conv(inputs: int, outputs: int, stride: int, spectral: bool) -> nn.Module:
    convolution = nn.Conv2d(inputs, outputs, kernel_size=4, stride=stride, padding=1)
    return nn.utils.parametrizations.spectral_norm(convolution) if spectral else convolution
