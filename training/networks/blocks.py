"""Pieces that several networks share: normalisation by name, residual block, upsampling."""

from __future__ import annotations

import torch
from torch import nn

from animirror.realtime.errors import UserError


class LayerNorm2d(nn.GroupNorm):
    """Layer normalisation of a feature map: over all channels and positions of one picture."""

    def __init__(self, channels: int) -> None:
        super().__init__(num_groups=1, num_channels=channels)


NORMS: dict[str, type[nn.Module]] = {
    "batch": nn.BatchNorm2d,
    "instance": nn.InstanceNorm2d,
    "layer": LayerNorm2d,
}


def norm_layer(name: str, channels: int) -> nn.Module:
    """The normalisation called ``name`` (batch, instance, layer or none) for a map of ``channels``."""
    if name == "none":
        return nn.Identity()
    if name not in NORMS:
        raise UserError(f"Unknown normalisation '{name}'; known: {', '.join(NORMS)}, none.")
    return NORMS[name](channels)


def freeze_norms(network: nn.Module) -> None:
    """Have batch normalisation use the statistics that it has, in training as live.

    A batch's own statistics hide from training what an unusual picture (black all around) does to the network
    live, which normalises by the average picture's; a last stage so makes both the same.
    """

    def keep(_network: nn.Module, _given: object) -> None:
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()

    network.register_forward_pre_hook(keep)


def rectifier(ceiling: float = 0.0) -> nn.Module:
    """ReLU, which passes nothing over ``ceiling`` where one is given.

    6 is MobileNetV2's, for low precision (Sandler et al., CVPR 2018, section 4). Without a ceiling, what a
    generator never met in training grows from block to block, up to hundreds of times the usual, and shows as
    coloured flashes; and the steps of int8 become as coarse as those spikes are high.
    """
    return nn.Hardtanh(0.0, ceiling, inplace=True) if ceiling > 0 else nn.ReLU(inplace=True)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions around an identity (He et al., CVPR 2016): same shape in and out."""

    def __init__(self, channels: int, norm: str, dropout: float = 0.0, ceiling: float = 0.0) -> None:
        super().__init__()
        layers: list[nn.Module] = [
            nn.Conv2d(channels, channels, 3, padding=1, padding_mode="reflect"),
            norm_layer(norm, channels),
            rectifier(ceiling),
        ]
        if dropout > 0:
            layers.append(nn.Dropout(dropout))
        layers += [
            nn.Conv2d(channels, channels, 3, padding=1, padding_mode="reflect"),
            norm_layer(norm, channels),
        ]
        self.layers = nn.Sequential(*layers)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features + self.layers(features)


class ResizeConv(nn.Module):
    """Nearest-neighbour doubling, then a convolution: no checkerboard (Odena et al., Distill 2016)."""

    def __init__(self, inputs: int, outputs: int, norm: str, ceiling: float = 0.0) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Upsample(scale_factor=2, mode="nearest"),
            nn.Conv2d(inputs, outputs, 3, padding=1),
            norm_layer(norm, outputs),
            rectifier(ceiling),
        )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.layers(features)
