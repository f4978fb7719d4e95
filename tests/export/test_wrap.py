from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from animirror.export.wrap import for_export


class Planes(nn.Module):
    """A segmenter whose logits are its standardised input: three labels."""

    def forward(self, pixel_values: torch.Tensor) -> SimpleNamespace:
        return SimpleNamespace(logits=pixel_values)


class Scale(nn.Module):
    """A generator that multiplies red, green and blue."""

    def __init__(self, *factors: float) -> None:
        super().__init__()
        self.factors = torch.tensor(factors).view(1, 3, 1, 1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images * self.factors


def test_every_level_survives_the_way_in_and_out() -> None:
    levels = torch.arange(256, dtype=torch.uint8).view(1, 16, 16, 1).repeat(1, 1, 1, 3)
    assert torch.equal(for_export("stylization", nn.Identity())(levels), levels)


def test_the_generator_sees_red_first_and_answers_blue_first() -> None:
    crops = torch.full((1, 2, 2, 3), 255, dtype=torch.uint8)
    # Red is kept, green set to grey (0 of -1..1), blue inverted.
    assert for_export("stylization", Scale(1, 0, -1))(crops)[0, 0, 0].tolist() == [0, 128, 255]


def test_answers_beyond_the_range_are_clamped() -> None:
    crops = torch.tensor([0, 100, 255], dtype=torch.uint8).view(1, 1, 1, 3)
    # 100 is (100 / 127.5 - 1) * 3 = -0.647 -> 45.0
    assert for_export("stylization", Scale(3, 3, 3))(crops).ravel().tolist() == [0, 45, 255]


def test_the_segmenter_is_given_standardised_rgb_and_answers_probabilities() -> None:
    frames = torch.tensor([10, 120, 250], dtype=torch.uint8).view(1, 1, 1, 3)
    logits = np.array([(250 / 255 - 0.485) / 0.229, (120 / 255 - 0.456) / 0.224, (10 / 255 - 0.406) / 0.225])
    expected = np.exp(logits) / np.exp(logits).sum()
    assert for_export("segmentation", Planes())(frames).ravel().tolist() == pytest.approx(expected, abs=1e-5)
