"""The exported file against PyTorch on real crops: an export that differs beyond rounding fails."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from animirror.export.wrap import for_export
from animirror.realtime.errors import UserError
from animirror.realtime.runtime import Session


@dataclass(frozen=True)
class Parity:
    """The largest difference seen (probability or grey levels) and the share of values that differ."""

    crops: int
    largest: float
    share_different: float


@dataclass(frozen=True)
class Tolerance:
    """What may be rounding: difference of a probability, of a grey level, share of levels that differ."""

    probability: float
    level: int
    share_of_levels: float


# Measured on twelve photos. fp32 sums in another order: 2.4e-6 (SegFormer B0), one level in 2.5e-5 of the
# values (light generator), where a value near x.5 rounds to the other side. fp16 stores rounded weights:
# 7.1e-4, and one level in 0.9 % of the values; w8 bytes: 5.8e-2 (SegFormer B0 beside EfficientNet-Lite2).
# Each with room for other weights; a swapped channel, a wrong scale or a missing layer is far beyond.
TOLERANCES = {
    "fp32": Tolerance(probability=1e-4, level=1, share_of_levels=1e-3),
    "fp16": Tolerance(probability=5e-3, level=2, share_of_levels=0.05),
    "w8": Tolerance(probability=0.1, level=2, share_of_levels=0.05),
}


def check_parity(
    network: nn.Module, task: str, path: Path, crops: NDArray[np.uint8], precision: str = "fp32"
) -> Parity:
    """Compare on uint8 [N, S, S, 3] BGR crops, one by one and as one batch.

    ``precision`` (a key of TOLERANCES) says how the file's weights are stored. Raises UserError with the
    figures when the file answers otherwise than the network.
    """
    session, wrapped = Session(path, device="cpu", side=crops.shape[1]), for_export(task, network)
    with torch.no_grad():
        expected = np.concatenate([wrapped(torch.from_numpy(crop[None])).numpy() for crop in crops])
    single = np.concatenate([session.run(crop[None]) for crop in crops])
    largest, share = 0.0, 0.0
    for answer in (single, session.run(crops)):
        difference = np.abs(answer.astype(np.float64) - expected.astype(np.float64))
        largest = max(largest, float(difference.max()))
        share = max(share, float(np.count_nonzero(difference) / difference.size))
    result = Parity(len(crops), largest, share)
    if not _agrees(task, result, TOLERANCES[precision]):
        raise UserError(
            f"{path} does not answer as the checkpoint does: largest difference {largest:.4g}, "
            f"{share:.3%} of the values differ; the export is not kept."
        )
    return result


def _agrees(task: str, parity: Parity, tolerance: Tolerance) -> bool:
    if task == "segmentation":
        return parity.largest <= tolerance.probability
    return parity.largest <= tolerance.level and parity.share_different <= tolerance.share_of_levels
