"""Masks that a teacher makes once for every picture of a set, kept beside the set's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from animirror.realtime.errors import UserError
from animirror.training.options import MaskSet, SegformerOptions
from animirror.training.parsing_data import masked_pictures, read_mask
from animirror.training.png import write_png

# The coding of masks that know of a face no more than where it is.
FACE_HAIR = "face_hair"


def wanted_sets(options: SegformerOptions, source: str, kind: str, coding: str = "") -> list[MaskSet]:
    """The sets that name a folder for masks of a ``kind`` (a field of MaskSet). ``coding``: the only one that
    they may have. Raises UserError naming ``source``, the options' file, or the set.
    """
    wanted = [item for item in options.sets if getattr(item, kind)]
    if not wanted:
        raise UserError(f"No set of {source} names a folder in '{kind}', where these masks are kept.")
    other = next((item.name for item in wanted if coding and item.coding != coding), None)
    if other is not None:
        raise UserError(f"The masks of the set '{other}' know more already; '{kind}' is for '{coding}'.")
    return wanted


def prepare_masks(
    root: Path, item: MaskSet, folder: Path, make: Callable[[Path, Path], NDArray[np.uint8]]
) -> tuple[int, int]:
    """Write what ``make`` says of a picture and its mask (uint8 [H, W]); masks that are there are kept.

    Returns how many masks hold something, and how many there are. Raises UserError naming a file that cannot
    be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    seen = count = 0
    pairs = masked_pictures(root, item)
    for image, mask in track(pairs, item.name, console=Console(stderr=True), transient=True):
        target = folder / mask.name
        if not target.exists():
            write_png(target, make(image, mask))
        count += 1
        seen += bool(read_mask(target).any())
    return seen, count
