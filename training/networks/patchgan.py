"""PatchGAN discriminators (Isola et al., CVPR 2017, section 3.2.2): real or not, patch by patch."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import nn

from animirror.training.networks.blocks import norm_layer


class PatchGAN(nn.Module):
    """Convolutions k4 of filters * (1, 2, 4, 8), LeakyReLU 0.2, no sigmoid.

    float32 [N, 3, H, W] in -1..1 -> a list of one float32 [N, 1, H/8 - 2, W/8 - 2]: a score per 70 x 70 px
    patch. ``spectral``: spectral normalisation of every convolution (Miyato et al., ICLR 2018).
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

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        return [self.layers(images)]


class MultiscalePatchGAN(nn.Module):
    """Two PatchGANs, one on the picture and one on its half (pix2pixHD: Wang et al., CVPR 2018, section 3.2).

    The fine one judges lines and texture, the coarse one whether eyes, nose and mouth make a face.
    float32 [N, 3, H, W] in -1..1 -> a list of two score maps, fine first.
    """

    def __init__(
        self, filters: int = 64, norm: str = "batch", spectral: bool = False, fine_filters: int = 32
    ) -> None:
        super().__init__()
        self.coarse = PatchGAN(filters, norm, spectral)
        self.fine = PatchGAN(fine_filters, norm, spectral)

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        return [*self.fine(images), *self.coarse(F.avg_pool2d(images, 2))]

    def load_coarse(self, weights: Mapping[str, torch.Tensor]) -> None:
        """Start from a PatchGAN that was trained at half the size."""
        self.coarse.load_state_dict(weights)


def _conv(inputs: int, outputs: int, stride: int, spectral: bool) -> nn.Module:
    convolution = nn.Conv2d(inputs, outputs, kernel_size=4, stride=stride, padding=1)
    return nn.utils.parametrizations.spectral_norm(convolution) if spectral else convolution
