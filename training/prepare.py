"""Preparation of data: draws the validation splits of the house's data sets and writes them down.

animirror prepare splits ../shared/data training/presets/house-splits.json
"""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from animirror.training.splits import draw_splits, write_splits

# Set -> folder, prefix of its pictures, number of validation pictures: enough for steady figures
# (a standard error of an IoU under 0.01), few enough to leave the pictures to training.
HOUSE_SETS = {
    "celebamask": ("celebamask/images", "", 110),
    "flickr": ("facehair/images", "flickr_", 150),
    "ccp": ("facehair/images", "ccp_", 80),
    "selfies": ("selfie2anime/selfies", "", 100),
    "photos": ("photos", "", 100),
    "anime": ("selfie2anime/anime", "", 200),
    "cartoon": ("cartoon", "", 100),
    "illustration": ("illustration", "", 60),
}


def run(arguments: Namespace) -> int:
    """`animirror prepare splits DATA TARGET [--seed N]`."""
    root = Path(arguments.data)
    sets = {name: (root / folder, prefix, count) for name, (folder, prefix, count) in HOUSE_SETS.items()}
    write_splits(draw_splits(sets, arguments.seed), Path(arguments.target))
    return 0
