"""What a student learns from: photos, or pairs of photo and drawing, jittered alike.

Datasets of training/distill.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from animirror.training.beard_marks import read_marks
from animirror.training.data import Jitter, Picture, jittered, jitters, read_pictures, to_tensor
from animirror.training.drawing_tasks import MARGIN, Change, original
from animirror.training.drawings import read_pairs
from animirror.training.look import as_filtered
from animirror.training.nod import nodded
from animirror.training.options import DistillOptions
from animirror.training.splits import Splits
from animirror.training.spoil import shaded, worn

# How far pairs are zoomed and shifted, at most. All that their pictures show is shown at times (what lies
# past it is mirrored): under long hair faces are small, and got lines under noses.
PAIR_JITTER = {"zoom_out": MARGIN, "zoom_in": 0.85, "shift": 0.05}


@dataclass(frozen=True)
class Lessons:
    """What a student learns from: so many pictures, and the dataset of items from ``start`` to ``end``."""

    pictures: int
    dataset: Callable[[int, int], Dataset[torch.Tensor]]


def photo_lessons(options: DistillOptions, splits: Splits | None) -> Lessons:
    """Photos alone: a teacher draws them as they come. Raises UserError where there are none."""
    photos = as_filtered(read_pictures(Path(options.data_root), options.photos, splits, False), options)
    jitter = jitters(options)[0]
    return Lessons(
        len(photos), lambda start, end: Photos(photos, options.size, start, end, options.seed, jitter)
    )


def pair_lessons(options: DistillOptions) -> Lessons:
    """Photos with their drawings, of the folder ``pairs``. Raises UserError where there are none."""
    pairs = _some_often(read_pairs(Path(options.pairs), "train"), options)
    # Pairs are stored with no more margin than this needs.
    jitter = replace(jitters(options)[0], **PAIR_JITTER)
    return Lessons(
        len(pairs),
        lambda start, end: Pairs(pairs, options.size, start, end, options.seed, jitter, options.nods),
    )


def _some_often(
    pairs: Sequence[tuple[Picture, Picture]], options: DistillOptions
) -> list[tuple[Picture, Picture]]:
    """All pairs, and once more those that are to be shown more often than others."""
    wearing = _bearded(options)
    bearded = [pair for pair in pairs if original(pair[0].path.stem) in wearing]
    shaded = _copies(pairs, Change.SHADE) * (options.shades_often - 1)
    framed = _copies(pairs, Change.WIRES, Change.PALE_FRAMES) * (options.frames_often - 1)
    return [*pairs, *bearded * (options.beards_often - 1), *shaded, *framed]


def _copies(pairs: Sequence[tuple[Picture, Picture]], *changes: Change) -> list[tuple[Picture, Picture]]:
    """The pairs that were changed so before they were drawn."""
    endings = tuple(f"-{change.value}" for change in changes)
    return [pair for pair in pairs if pair[0].path.stem.endswith(endings)]


def _bearded(options: DistillOptions) -> set[str]:
    """Names of the pairs of photos on which a person saw a beard."""
    if not options.beards_seen:
        return set()
    return {
        f"{name}-{stem}"
        for name, marks in read_marks(Path(options.beards_seen)).items()
        for stem, worn_there in marks.items()
        if worn_there.kind is not None
    }


T = TypeVar("T")


class _Items(Dataset[torch.Tensor], Generic[T]):
    """Items start to end, each drawn from ``pictures`` by a generator seeded with (seed, start + i)."""

    def __init__(
        self, pictures: Sequence[T], size: int, start: int, end: int, seed: int, jitter: Jitter
    ) -> None:
        self._pictures, self._size, self._jitter = pictures, size, jitter
        self._start, self._end, self._seed = start, end, seed

    def __len__(self) -> int:
        return self._end - self._start

    def _random(self, index: int) -> np.random.Generator:
        return np.random.default_rng((self._seed, self._start + index))

    def _drawn(self, random: np.random.Generator) -> T:
        return self._pictures[int(random.integers(len(self._pictures)))]


class Photos(_Items[Picture]):
    """Item i: a photo drawn and jittered, float32 [3, S, S]."""

    def __getitem__(self, index: int) -> torch.Tensor:
        random = self._random(index)
        return to_tensor(jittered(self._drawn(random), self._size, self._jitter, random))


class Pairs(_Items[tuple[Picture, Picture]]):
    """Item i: a photo and its drawing, jittered alike, float32 [2, 3, S, S].

    ``nods``: the share of pairs that is foreshortened. The photo alone loses detail as a webcam's pictures
    do: drawings stay clean.
    """

    def __init__(
        self,
        pictures: Sequence[tuple[Picture, Picture]],
        size: int,
        start: int,
        end: int,
        seed: int,
        jitter: Jitter,
        nods: float = 0.0,
    ) -> None:
        super().__init__(pictures, size, start, end, seed, jitter)
        self._nods = nods

    def __getitem__(self, index: int) -> torch.Tensor:
        random = self._random(index)
        pair = [
            jittered(picture, self._size, self._jitter, self._random(index))
            for picture in self._drawn(random)
        ]
        # Without nods nothing is drawn for them, so that older trainings can be repeated.
        if self._nods and random.random() < self._nods:
            pair = nodded(pair, random)
        photo, drawing = pair
        seen = worn(shaded(photo, random), random)
        return torch.stack([to_tensor(seen), to_tensor(drawing)])


def spread(
    pairs: Sequence[tuple[Picture, Picture]], count: int, size: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Photos and drawings of up to ``count`` pairs, evenly taken: both uint8 [N, size, size, 3] BGR."""
    places = np.linspace(0, len(pairs) - 1, min(count, len(pairs))).astype(int)
    photos, drawings = ([pairs[place][side].view(size) for place in places] for side in (0, 1))
    return np.stack(photos), np.stack(drawings)
