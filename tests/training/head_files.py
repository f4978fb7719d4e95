"""Heads of ellipses in files, with masks of 19 labels, and options that have them drawn."""

import dataclasses
import json
from pathlib import Path

import cv2
import numpy as np

from animirror.training.options import DistillOptions, PictureSet

# Values of CelebAMask-HQ: skin, nose, eyes, lips, hair.
SKIN, NOSE, LEFT_EYE, RIGHT_EYE, UPPER, LOWER, HAIR = 1, 2, 4, 5, 11, 12, 13


def write_head(root: Path, stem: str, shift: int) -> None:
    """A head of ellipses, 200 px, with its mask of 19 labels."""
    mask = np.zeros((200, 200), np.uint8)
    x = 100 + shift
    for value, center, axes in (
        (HAIR, (x, 90), (62, 74)),
        (SKIN, (x, 105), (43, 55)),
        (NOSE, (x, 115), (6, 11)),
        (LEFT_EYE, (x - 18, 97), (11, 7)),
        (RIGHT_EYE, (x + 18, 97), (11, 7)),
        (UPPER, (x, 136), (12, 3)),
        (LOWER, (x, 141), (12, 3)),
    ):
        cv2.ellipse(mask, center, axes, 0, 0, 360, value, -1)
    colors = np.full((19, 3), 60, np.uint8)
    colors[[SKIN, NOSE]], colors[[UPPER, LOWER]], colors[HAIR] = (140, 170, 215), (90, 90, 190), (30, 45, 70)
    colors[[LEFT_EYE, RIGHT_EYE]] = 235
    noise = np.random.default_rng(shift + 50).normal(0, 5, (200, 200, 3))
    picture = np.clip(colors[mask] + noise, 0, 255).astype(np.uint8)
    for eye in (-18, 18):
        cv2.circle(picture, (x + eye, 97), 5, (40, 30, 25), -1)
    for folder, image in (("images", picture), ("masks", mask)):
        (root / folder).mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(root / folder / f"{stem}.png"), image)


def write_heads(folder: Path) -> Path:
    """Four heads side by side a little apart, the last one for validation."""
    for index in range(4):
        write_head(folder, f"{index:02d}", shift=4 * index - 6)
    (folder / "splits.json").write_text(json.dumps({"seed": 0, "validation": {"heads": ["03"]}}))
    return folder


def options_for(root: Path, folder: Path, **changes: object) -> DistillOptions:
    options = DistillOptions(
        name="student",
        pairs=str(folder / "pairs"),
        data_root=str(root),
        photos=[PictureSet("heads", "images", "masks", "celebamask19")],
        splits=str(root / "splits.json"),
        runs=str(folder / "runs"),
        generator={"name": "lite", "width": 8, "blocks": 1, "detail_blocks": 1},
        discriminator={"name": "patchgan", "filters": 4},
        size=32,
        batch=2,
        epochs=2,
        steps_per_epoch=2,
        samples=2,
        score="none",
        workers=0,
    )
    return dataclasses.replace(options, **changes)  # type: ignore[arg-type]
