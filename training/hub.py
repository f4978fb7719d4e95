"""Data sets of the Hugging Face hub as samples, each decoded when it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from animirror.realtime.errors import UserError
from animirror.training.options import HubSet
from animirror.training.parsing_data import Sample, decode_mask


class HubSamples:
    """Some rows of a data set with pictures and masks of label indices, as samples of their full size."""

    def __init__(self, rows: Any, item: HubSet, labels: Sequence[str]) -> None:
        self._rows, self._item, self._labels = rows, item, labels

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> Sample:
        """Raises UserError naming the row whose mask does not fit its picture or the labels."""
        row = self._rows[index]
        image = np.asarray(row[self._item.image].convert("RGB"))[..., ::-1]
        values = np.asarray(row[self._item.mask])
        values = values[..., 0] if values.ndim == 3 else values
        if values.shape != image.shape[:2]:
            raise UserError(
                f"Row {index} of {self._item.name}: the mask's size differs from the picture's, "
                f"{values.shape} against {image.shape[:2]}."
            )
        try:
            codes = decode_mask(values.astype(np.uint8), "labels", self._labels)
        except ValueError as error:
            raise UserError(
                f"Row {index} of {self._item.name} has a mask of other labels: {error}."
            ) from error
        return Sample(np.ascontiguousarray(image, np.uint8), codes)


def read_hub(item: HubSet, labels: Sequence[str], seed: int) -> tuple[HubSamples, HubSamples]:
    """The training and the validation part, drawn from the split by the seed.

    Raises UserError where `datasets` is not installed, the set cannot be had (offline), or does not fit.
    """
    rows = _load(item)
    missing = {item.image, item.mask} - set(rows.column_names)
    if missing:
        raise UserError(
            f"The data set {item.name} has no column {', '.join(sorted(missing))}; "
            f"it has {', '.join(rows.column_names)}: change the hub's options 'image' and 'mask'."
        )
    wanted = item.validation + max(1, item.train)
    if len(rows) < wanted:
        raise UserError(
            f"The data set {item.name} has {len(rows)} pictures, but training and validation need {wanted}."
        )
    order = np.random.default_rng(seed).permutation(len(rows))
    end = item.validation + item.train if item.train else len(rows)
    parts = (order[item.validation : end], order[: item.validation])
    training, validation = (HubSamples(rows.select(part), item, labels) for part in parts)
    return training, validation


def _load(item: HubSet) -> Any:
    try:
        import datasets
    except ModuleNotFoundError as error:
        raise UserError(
            f"The data set {item.name} needs the package 'datasets': pip install 'animirror[hub]'."
        ) from error
    try:
        return datasets.load_dataset(item.name, split=item.split)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(
            f"The data set {item.name} (split '{item.split}') could not be loaded: {reason.rstrip('.')}. "
            "Go online once (it is kept in the cache), name a folder of its files, or use sets of pictures."
        ) from error
