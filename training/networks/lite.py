"""The real-time generators: space-to-depth in, residual blocks at 1/8, resize-convolutions out."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import nn

from animirror.training.networks.blocks import ResidualBlock, ResizeConv, norm_layer, rectifier


class LiteGenerator(nn.Module):
    """float32 [N, 3, H, W] RGB in -1..1 -> the same shape and range; H and W multiples of 8.

    All the arithmetic happens where it is cheap: PixelUnshuffle(4) (Shi et al., CVPR 2016, section 3.2,
    turned round) moves the picture to 1/4, ``blocks`` residual blocks of 2 * ``width`` channels at 1/8 see
    the whole head, and two small blocks at 1/4 draw the details that the skip kept. The way out doubles
    in small steps with resize-convolutions, because one PixelShuffle(4) leaves a 4 px grid. ``ceiling``: see
    :func:`rectifier`.
    """

    def __init__(
        self,
        width: int = 64,
        blocks: int = 6,
        detail_blocks: int = 2,
        norm: str = "batch",
        ceiling: float = 0.0,
    ) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.PixelUnshuffle(4),
            nn.Conv2d(48, width, 3, padding=1),
            norm_layer(norm, width),
            rectifier(ceiling),
        )
        self.down = nn.Sequential(
            nn.Conv2d(width, width * 2, 3, stride=2, padding=1),
            norm_layer(norm, width * 2),
            rectifier(ceiling),
        )
        self.body = nn.Sequential(*[ResidualBlock(width * 2, norm, ceiling=ceiling) for _ in range(blocks)])
        self.up = ResizeConv(width * 2, width, norm, ceiling)
        self.details = nn.Sequential(
            *[ResidualBlock(width, norm, ceiling=ceiling) for _ in range(detail_blocks)]
        )
        self.out = nn.Sequential(
            ResizeConv(width, width // 2, norm, ceiling),
            ResizeConv(width // 2, width // 4, norm, ceiling),
            nn.Conv2d(width // 4, 3, 3, padding=1),
            nn.Tanh(),
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.sketch(images)[1].tanh()

    def sketch(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The last features [N, width / 4, H, W] and the picture [N, 3, H, W] before its tanh."""
        fine = self.stem(images)
        coarse = self.body(self.down(fine))
        features = self.out[:2](self.details(fine + self.up(coarse)))
        return features, self.out[2](features)


class LiteEnhancedGenerator(nn.Module):
    """A :class:`LiteGenerator` at half size and a local enhancer at full size, as in pix2pixHD.

    float32 [N, 3, H, W] RGB in -1..1 -> the same shape and range; H and W multiples of 16. Wang et al.
    (CVPR 2018, section 3.1): the coarse network, trained first on small pictures, sees the whole face; the
    enhancer adds to its upsampled picture the edges that only the full picture shows. The enhancer's last
    convolution starts at zero, so that training goes on from what the coarse network can already draw.
    """

    def __init__(
        self,
        width: int = 64,
        blocks: int = 6,
        detail_blocks: int = 2,
        norm: str = "batch",
        enhance: int = 32,
        ceiling: float = 0.0,
    ) -> None:
        super().__init__()
        self.coarse = LiteGenerator(width, blocks, detail_blocks, norm, ceiling)
        self.fine = nn.Sequential(
            nn.PixelUnshuffle(2),
            nn.Conv2d(12, enhance, 3, padding=1),
            norm_layer(norm, enhance),
            rectifier(ceiling),
        )
        self.join = nn.Conv2d(width // 4, enhance, 3, padding=1)
        self.body = ResidualBlock(enhance, norm, ceiling=ceiling)
        self.up = ResizeConv(enhance, enhance // 2, norm, ceiling)
        self.out = nn.Conv2d(enhance // 2, 3, 3, padding=1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)  # type: ignore[arg-type]

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        features, sketch = self.coarse.sketch(F.avg_pool2d(images, 2))
        details = self.out(self.up(self.body(self.fine(images) + self.join(features))))
        sketch = F.interpolate(sketch, scale_factor=2.0, mode="bilinear", align_corners=False)
        return (sketch + details).tanh()

    def load_coarse(self, weights: Mapping[str, torch.Tensor]) -> None:
        """Start from a LiteGenerator that was trained at half the size."""
        self.coarse.load_state_dict(weights)
