"""Data sets of coloured ellipses in folders, as real files."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from animirror.training.options import CycleganOptions, PictureSet
from tests.conftest import HAIR, SKIN, draw_person, empty_frame


def write_people(folder: Path, count: int, masks: bool) -> None:
    """``count`` pictures of one person each in folder/images, with face and hair masks in folder/masks."""
    (folder / "images").mkdir(parents=True)
    if masks:
        (folder / "masks").mkdir()
    random = np.random.default_rng(count)
    for index in range(count):
        picture = empty_frame(96, 96, seed=index)
        draw_person(picture, *random.uniform(40, 56, 2), random.uniform(36, 48), details=False)
        cv2.imwrite(str(folder / "images" / f"{index:02d}.png"), picture)
        if masks:
            mask = np.zeros((96, 96), np.uint8)
            mask[(picture == SKIN).all(axis=2)] = 1
            mask[(picture == HAIR).all(axis=2)] = 2
            cv2.imwrite(str(folder / "masks" / f"{index:02d}.png"), mask)


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root with people (masks), drawings (no masks) and splits.json."""
    root = tmp_path_factory.mktemp("data")
    write_people(root / "people", 10, masks=True)
    write_people(root / "drawings", 8, masks=False)
    (root / "splits.json").write_text(
        json.dumps({"seed": 0, "validation": {"people": ["00", "01"], "drawings": ["00", "01"]}})
    )
    return root


def cyclegan_options(data: Path, runs: Path, **changes: object) -> CycleganOptions:
    options = CycleganOptions(
        name="run",
        data_root=str(data),
        photos=[PictureSet("people", "people/images", "people/masks")],
        drawings=[PictureSet("drawings", "drawings/images")],
        splits=str(data / "splits.json"),
        runs=str(runs),
        generator={"name": "lite", "width": 8, "blocks": 1, "detail_blocks": 1},
        discriminator={"name": "patchgan", "filters": 4},
        size=32,
        batch=2,
        epochs=3,
        steps_per_epoch=2,
        lambda_color=1.0,
        lambda_equivariance=1.0,
        pool=3,
        samples=2,
        score="none",
        workers=0,
    )
    return dataclasses.replace(options, **changes)  # type: ignore[arg-type]


@pytest.fixture
def no_plots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of a tiny run's time goes into its curves."""
    monkeypatch.setattr("animirror.training.monitor.plot", lambda *_: None)
