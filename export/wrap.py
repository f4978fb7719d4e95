"""Networks with their pre- and post-processing inside, as the ONNX contract wants them: uint8 BGR in."""

from __future__ import annotations

import torch
from torch import nn

# The statistics that the segmenter was trained with (ImageNet's), for RGB in 0..1.
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)


def _to_rgb_planes(frames: torch.Tensor) -> torch.Tensor:
    """uint8 [N, H, W, 3] BGR -> float32 [N, 3, H, W] RGB in 0..255."""
    return frames.permute(0, 3, 1, 2).float().flip(1)


class SegmenterForExport(nn.Module):
    """uint8 [N, S, S, 3] BGR -> float32 [N, L, S/4, S/4], softmax over labels."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.scale: torch.Tensor
        self.offset: torch.Tensor
        self.register_buffer("scale", 1.0 / (255.0 * torch.tensor(STD)).view(1, 3, 1, 1))
        self.register_buffer("offset", -(torch.tensor(MEAN) / torch.tensor(STD)).view(1, 3, 1, 1))

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        planes = _to_rgb_planes(frames) * self.scale + self.offset
        return self.network(pixel_values=planes).logits.softmax(dim=1)


class GeneratorForExport(nn.Module):
    """uint8 [N, S, S, 3] BGR -> uint8 [N, S, S, 3] BGR, for a generator of RGB in -1..1."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, crops: torch.Tensor) -> torch.Tensor:
        styled = self.network(_to_rgb_planes(crops) / 127.5 - 1.0)
        levels: torch.Tensor = ((styled + 1.0) * 127.5).round().clamp(0.0, 255.0)
        return levels.flip(1).permute(0, 2, 3, 1).to(torch.uint8)


def for_export(task: str, network: nn.Module) -> nn.Module:
    """The network wrapped for its task ("segmentation" or "stylization"), in evaluation mode."""
    wrappers: dict[str, type[nn.Module]] = {
        "segmentation": SegmenterForExport,
        "stylization": GeneratorForExport,
    }
    return wrappers[task](network).eval()
