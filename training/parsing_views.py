"""Whole pictures for the segmenter, letterboxed: what validation shows, and what the thesis trained on."""

from __future__ import annotations

from typing import Protocol

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from animirror.realtime.regions import whole_frame
from animirror.training.confusion import IGNORED
from animirror.training.parsing_data import Sample, normalise

# Brightness, contrast, saturation, hue: the thesis names ColorJitter only, these are the strengths of
# Hugging Face's guide to fine-tuning a SegFormer.
COLOR_JITTER = (0.25, 0.25, 0.25, 0.1)


class Samples(Protocol):
    """Pictures with codes, decoded at once or when asked for."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Sample: ...


class WholePictures(Dataset[dict[str, torch.Tensor]]):
    """Every picture of all sets, fitted into a square.

    ``pixel_values`` float32 [3, S, S], standardised, black where the picture ends; ``labels`` int64 [S, S],
    codes of parsing_data, IGNORED where the picture ends. ``jitter``: light and colours changed at random
    (COLOR_JITTER), by torch's own generator.
    """

    def __init__(self, sets: list[Samples], size: int, jitter: bool = False) -> None:
        self._places = [(samples, index) for samples in sets for index in range(len(samples))]
        self._size, self._jitter = size, jitter

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        image, codes = self.view(index)
        if self._jitter:
            image = color_jittered(image)
        return {"pixel_values": normalise(image), "labels": torch.from_numpy(codes)}

    def view(self, index: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """A picture (uint8 [S, S, 3] BGR) and its codes (int64 [S, S]) without jitter."""
        samples, place = self._places[index]
        sample = samples[place]
        crop, size = whole_frame(*sample.codes.shape), self._size
        codes = cv2.warpAffine(
            sample.codes.astype(np.int16),
            crop.to_crop(size),
            (size, size),
            flags=cv2.INTER_NEAREST,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=IGNORED,
        )
        return crop.extract(sample.image, size, cv2.BORDER_CONSTANT), codes.astype(np.int64)


def color_jittered(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8 [H, W, 3] BGR with brightness, contrast, saturation and hue changed at random."""
    from torchvision.transforms import ColorJitter

    planes = torch.from_numpy(np.ascontiguousarray(image[..., ::-1])).movedim(-1, 0)
    changed = ColorJitter(*COLOR_JITTER)(planes).movedim(0, -1).numpy()
    return np.ascontiguousarray(changed[..., ::-1])
