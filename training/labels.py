"""Label sets: read from a run's options, and what of them is face and hair."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from animirror.realtime.errors import UserError
from animirror.realtime.regions import CELEBAMASK_LABELS, DEFAULT_REGIONS, REGIONS
from animirror.training.options import SegformerOptions

# Masks are bytes, and two codes are groups of labels.
MAX_LABELS = 250


def resolve_labels(options: SegformerOptions) -> tuple[str, ...]:
    """The run's labels: named in the options, or in a file, or CelebAMask-HQ's. Raises UserError."""
    labels = tuple(options.labels) or CELEBAMASK_LABELS
    where = "The option 'labels'"
    if options.labels_file:
        if options.labels:
            raise UserError("The options name labels and labels_file; keep one of them.")
        path = Path(options.labels_file)
        labels, where = read_labels(path), f"The label file {path}"
    if not 2 <= len(labels) <= MAX_LABELS or len(set(labels)) != len(labels):
        raise UserError(f"{where} must name 2 to {MAX_LABELS} labels, each once.")
    return labels


def read_labels(path: Path) -> tuple[str, ...]:
    """Label names from JSON: a list, or an object {"0": name, "1": name, ...}. Raises UserError."""
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"The label file {path} cannot be read: {error}.") from error
    if isinstance(content, dict) and content.keys() == {str(index) for index in range(len(content))}:
        content = [content[str(index)] for index in range(len(content))]
    if not isinstance(content, list) or not all(isinstance(name, str) for name in content):
        raise UserError(f'The label file {path} must hold a list of names or {{"0": name, "1": name, ...}}.')
    return tuple(content)


def head_regions(labels: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Label indices of the regions face and hair, as far as these labels know them."""
    regions = {
        name: tuple(index for index, label in enumerate(labels) if label.lower() in REGIONS[name])
        for name in DEFAULT_REGIONS
    }
    return {name: members for name, members in regions.items() if members}
