"""Probability maps over a crop: moved to another crop, and held steady over time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from animirror.realtime.regions import Crop, region_probability
from animirror.realtime.smoothing import mix

# Masks: where the segmenter wavers between yes and no, the average over this time is shown.
MASK_SECONDS = 0.12
# A probability that changed by less than the first is noise, by more than the second a movement.
SMALL_CHANGE, LARGE_CHANGE = 0.1, 0.6


def inside_frame(crop: Crop, frame: NDArray[np.uint8], cells: int) -> NDArray[np.float32]:
    """float32 [cells, cells] over a crop: 1 where the cell's centre lies in the frame, else 0."""
    box, cell = crop.box, crop.side / cells
    centers = (np.arange(cells) + 0.5) * cell
    columns = (centers + box.left >= 0) & (centers + box.left <= frame.shape[1])
    rows = (centers + box.top >= 0) & (centers + box.top <= frame.shape[0])
    return (rows[:, None] & columns[None, :]).astype(np.float32)


def steadied(
    new: NDArray[np.float32],
    previous: NDArray[np.float32],
    head_labels: tuple[int, ...],
    seconds: float,
) -> NDArray[np.float32]:
    """Average over time where the new answer wavers, the new answer itself where it is sure or quite another.

    float32 [L, s, s] each. How sure: the square of |2 p - 1| for the probability p of face or hair. So the
    place that a head has just left is free at once (no ghost), and edges do not flicker.
    """
    now, before = region_probability(new, head_labels), region_probability(previous, head_labels)
    sure = np.square(2 * now - 1)
    moved = (np.abs(now - before) - SMALL_CHANGE) / (LARGE_CHANGE - SMALL_CHANGE)
    weight = np.clip(np.maximum(sure, moved), mix(seconds, MASK_SECONDS), 1.0)
    return np.asarray(previous + weight * (new - previous), np.float32)


def moved(probabilities: NDArray[np.float32], old: Crop, new: Crop, cells: int) -> NDArray[np.float32]:
    """A probability map over one crop as a map of ``cells`` a side over another."""
    before = probabilities.shape[-1]
    if old == new and before == cells:
        return probabilities
    ratio, old_box, new_box = new.side / old.side * before / cells, old.box, new.box
    columns = _resampling(before, cells, ratio, (new_box.left - old_box.left) / old.side * before)
    rows = _resampling(before, cells, ratio, (new_box.top - old_box.top) / old.side * before)
    return np.asarray(rows @ probabilities @ columns.T, np.float32)


def _resampling(before: int, cells: int, ratio: float, shift: float) -> NDArray[np.float32]:
    """float32 [cells, before]: linear interpolation along one axis, border replicated, as a matrix.

    Cell i of the result lies at ``shift`` + ``ratio`` (i + 0.5) of the source. Two products move all
    planes at once; a warp for each would take longer.
    """
    at = np.clip(shift + ratio * (np.arange(cells) + 0.5) - 0.5, 0, before - 1)
    return np.maximum(0.0, 1.0 - np.abs(at[:, None] - np.arange(before))).astype(np.float32)
