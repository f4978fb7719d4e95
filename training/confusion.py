"""Confusion of labels: which label was predicted where which was true, and the scores that follow from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Code of pixels that nothing is known of, what letterboxing added around a picture: neither trained on nor
# compared. torch's losses leave out this value by default.
IGNORED = -100


@dataclass(frozen=True)
class LabelScore:
    """One label (or region). ``iou``, ``accuracy``: 0 to 1, None where the pictures cannot tell;

    ``pixels``: how many are truly it.
    """

    name: str
    iou: float | None
    accuracy: float | None
    pixels: int


@dataclass(frozen=True)
class Scores:
    """Scores over all pixels counted, 0 to 1; None where no pixel says anything.

    ``mean_iou``: of the labels that occur in the truth, each counting alike (Long et al., CVPR 2015,
    section 5); ``accuracy``: share of pixels that are right.
    """

    mean_iou: float | None
    accuracy: float | None
    labels: tuple[LabelScore, ...]
    regions: tuple[LabelScore, ...]


class Confusion:
    """Counts of pixels, int64 [L + groups, L]: row the true code, column the predicted label.

    Codes are those of parsing_data: a label's index, or L + g for "one of ``groups``[g]", which is all that
    some masks know. A group's pixel is right if the prediction is one of the group, and then says no more;
    a prediction outside it is wrong, and counts against the predicted label. Without groups all formulas
    are the ordinary ones.
    """

    def __init__(self, labels: Sequence[str], groups: Sequence[Sequence[int]] = ()) -> None:
        self.labels = tuple(labels)
        self._members = [{index} for index in range(len(labels))] + [set(group) for group in groups]
        self.counts = np.zeros((len(self._members), len(labels)), np.int64)

    def add(self, codes: NDArray[np.integer], predicted: NDArray[np.integer]) -> None:
        """Count pictures: two integer arrays of the same shape; where codes are IGNORED nothing counts.

        Raises ValueError for a code or prediction that is not known here.
        """
        seen = codes != IGNORED
        rows, columns = codes[seen].astype(np.int64), predicted[seen].astype(np.int64)
        if max(rows.max(initial=0) - len(self._members), columns.max(initial=0) - len(self.labels)) >= 0:
            raise ValueError(f"codes must be under {len(self._members)}, labels under {len(self.labels)}")
        flat = np.bincount(rows * len(self.labels) + columns, minlength=self.counts.size)
        self.counts += flat.reshape(self.counts.shape)

    def scores(self, regions: Mapping[str, Sequence[int]] | None = None) -> Scores:
        """Everything that the counts say. ``regions``: further sets of labels to score as one."""
        labels = tuple(self._score(name, {index}) for index, name in enumerate(self.labels))
        known = [score.iou for score in labels if score.iou is not None and score.pixels > 0]
        total = int(self.counts.sum())
        right = sum(int(self.counts[row, sorted(members)].sum()) for row, members in enumerate(self._members))
        return Scores(
            float(np.mean(known)) if known else None,
            right / total if total else None,
            labels,
            tuple(self._score(name, set(members)) for name, members in (regions or {}).items()),
        )

    def _score(self, name: str, chosen: set[int]) -> LabelScore:
        """``chosen`` labels as one: IoU = common / (true + predicted - common), accuracy = common / true."""
        columns = sorted(chosen)
        common = true = predicted = 0
        for members, row in zip(self._members, self.counts, strict=True):
            if members <= chosen:
                common += int(row[columns].sum())
                true += int(row.sum())
            # Of a group that is partly chosen, a prediction within says nothing about the choice.
            telling = chosen if members <= chosen else chosen - members
            predicted += int(row[sorted(telling)].sum())
        union = true + predicted - common
        return LabelScore(name, common / union if union else None, common / true if true else None, true)
