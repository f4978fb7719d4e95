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

# float32 sums in another order differ in the last bits; 16 softmaxed labels stay far below this.
MAX_PROBABILITY_DIFFERENCE = 1e-3
# A value near x.5 may round to either side: one grey level, rarely.
MAX_LEVEL_DIFFERENCE = 1
MAX_SHARE_OF_DIFFERENT_LEVELS = 1e-3


@dataclass(frozen=True)
class Parity:
    """The largest difference seen (probability or grey levels) and the share of values that differ."""

    crops: int
    largest: float
    share_different: float


def check_parity(network: nn.Module, task: str, path: Path, crops: NDArray[np.uint8]) -> Parity:
    """Compare on uint8 [N, S, S, 3] BGR crops, one by one and as one batch.

    Raises UserError with the figures when the file answers otherwise than the network.
    """
    session, wrapped = Session(path, device="cpu"), for_export(task, network)
    with torch.no_grad():
        expected = np.concatenate([wrapped(torch.from_numpy(crop[None])).numpy() for crop in crops])
    single = np.concatenate([session.run(crop[None]) for crop in crops])
    largest, share = 0.0, 0.0
    for answer in (single, session.run(crops)):
        difference = np.abs(answer.astype(np.float64) - expected.astype(np.float64))
        largest = max(largest, float(difference.max()))
        share = max(share, float(np.count_nonzero(difference) / difference.size))
    result = Parity(len(crops), largest, share)
    if not _agrees(task, result):
        raise UserError(
            f"{path} does not answer as the checkpoint does: largest difference {largest:.4g}, "
            f"{share:.3%} of the values differ; the export is not kept."
        )
    return result


def _agrees(task: str, parity: Parity) -> bool:
    if task == "segmentation":
        return parity.largest <= MAX_PROBABILITY_DIFFERENCE
    return parity.largest <= MAX_LEVEL_DIFFERENCE and parity.share_different <= MAX_SHARE_OF_DIFFERENT_LEVELS
