"""The real-time generator: space-to-depth in, residual blocks at 1/8, resize-convolutions out."""

from __future__ import annotations

import torch
from torch import nn

from animirror.training.networks.blocks import ResidualBlock, ResizeConv, norm_layer


class LiteGenerator(nn.Module):
    """float32 [N, 3, H, W] RGB in -1..1 -> the same shape and range; H and W multiples of 8.

    All the arithmetic happens where it is cheap: PixelUnshuffle(4) (Shi et al., CVPR 2016, section 3.2,
    turned round) moves the picture to 1/4, ``blocks`` residual blocks of 2 * ``width`` channels at 1/8 see
    the whole head, and two small blocks at 1/4 draw the details that the skip kept. The way out doubles
    in small steps with resize-convolutions, because one PixelShuffle(4) leaves a 4 px grid.
    """

    def __init__(self, width: int = 64, blocks: int = 6, detail_blocks: int = 2, norm: str = "batch") -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.PixelUnshuffle(4),
            nn.Conv2d(48, width, 3, padding=1),
            norm_layer(norm, width),
            nn.ReLU(inplace=True),
        )
        self.down = nn.Sequential(
            nn.Conv2d(width, width * 2, 3, stride=2, padding=1),
            norm_layer(norm, width * 2),
            nn.ReLU(inplace=True),
        )
        self.body = nn.Sequential(*[ResidualBlock(width * 2, norm) for _ in range(blocks)])
        self.up = ResizeConv(width * 2, width, norm)
        self.details = nn.Sequential(*[ResidualBlock(width, norm) for _ in range(detail_blocks)])
        self.out = nn.Sequential(
            ResizeConv(width, width // 2, norm),
            ResizeConv(width // 2, width // 4, norm),
            nn.Conv2d(width // 4, 3, 3, padding=1),
            nn.Tanh(),
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        fine = self.stem(images)
        coarse = self.body(self.down(fine))
        return self.out(self.details(fine + self.up(coarse)))  # type: ignore[no-any-return]
