"""Which photos are drawn, and which once more: mouths, eyes, glasses, beards or the light changed."""

from __future__ import annotations

import enum
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from animirror.realtime.regions import Crop
from animirror.training.beard_marks import read_marks
from animirror.training.data import Picture, read_pictures
from animirror.training.head_labels import HAND_CODING
from animirror.training.look import Look, as_filtered
from animirror.training.options import DistillOptions, PictureSet
from animirror.training.pen.beard import Worn
from animirror.training.splits import Splits

# A pair shows this many times the crop's side, so that jitter seldom finds a border.
MARGIN = 1.25
# Options that have photos drawn once more.
COPIES = ("open_mouths", "shut_eyes", "glasses", "wires", "pale_frames", "beards", "shades", "plain_eyes")
# How the names of copies with plainer eyes end.
PLAIN_EYES = "eyes"
# Of the enlargement of eyes, photos with plain eyes get a random share up to this.
PLAIN = 0.6


class Change(enum.Enum):
    """What is done to a photo before it is drawn once more, and how its copy's name ends."""

    OPEN_MOUTH = "open"
    SHUT_EYES = "shut"
    GLASSES = "glasses"
    WIRES = "wires"
    PALE_FRAMES = "pale"
    BEARD = "beard"
    SHADE = "shade"


@dataclass(frozen=True)
class Task:
    """One photo to draw: ``picture`` with the margin, the head's own crop, its mask, where the pair goes.

    ``change``: what is done to it first; ``parts``: a mask of what a face mesh sees in it (animirror prepare
    parts); ``worn``: the beard that a person saw on it, None where nobody looked.
    """

    picture: Picture
    inner: Crop
    mask: Path | None
    coding: str
    hand: str
    folder: Path
    stem: str
    change: Change | None = None
    parts: Path | None = None
    worn: Worn | None = None


def drawing_tasks(
    options: DistillOptions, item: PictureSet, splits: Splits | None, part: str, count: int | None
) -> list[Task]:
    """Each photo of ``item`` in ``part`` of the splits; in training its copies, too.

    ``count``: the first so many alone, and those with a beard that a person saw, for they are few.
    """
    validation, root = part == "validation", Path(options.data_root)
    if validation and not (splits and splits.validation.get(item.name)):
        return []
    marks = read_marks(Path(options.beards_seen)).get(item.name, {}) if options.beards_seen else {}
    found = read_pictures(root, [item], splits, validation)
    pictures = [
        picture
        for place, picture in enumerate(found)
        if count is None or place < count or _bearded(marks.get(picture.path.stem))
    ]
    # What a generator is shown, but for the place of the square: jitter moves that.
    shown = as_filtered(pictures, options)
    folder = Path(options.pairs) / part
    tasks = [
        Task(
            replace(picture, crop=_widened(picture.crop)),
            picture.crop,
            root / item.masks / f"{picture.path.stem}.png" if item.masks else None,
            item.coding,
            options.hand,
            folder,
            f"{item.name}-{picture.path.stem}",
            parts=_parts(item, picture.path),
            worn=marks.get(picture.path.stem),
        )
        for picture in shown
    ]
    if validation:
        return tasks
    return [
        *tasks,
        *_opened(tasks, options.open_mouths),
        *_changed(tasks, Change.SHUT_EYES, options.shut_eyes),
        *_changed(tasks, Change.GLASSES, options.glasses),
        *_changed(tasks, Change.WIRES, options.wires),
        *_changed(tasks, Change.PALE_FRAMES, options.pale_frames),
        *_changed(tasks, Change.BEARD, options.beards),
        *_changed(tasks, Change.SHADE, options.shades),
        *_with_plain_eyes(tasks, options.plain_eyes),
    ]


def _bearded(worn: Worn | None) -> bool:
    return worn is not None and worn.kind is not None


def _parts(item: PictureSet, photo: Path) -> Path | None:
    path = Path(item.parts) / f"{photo.stem}.png" if item.parts else None
    return path if path is not None and path.is_file() else None


def _opened(tasks: Sequence[Task], share: float) -> list[Task]:
    """``share`` of the photos with labels made by hand once more, mouths open; the same ones each time."""
    return [
        _copy(task, Change.OPEN_MOUTH)
        for task in tasks
        if task.coding == HAND_CODING and _among(task.stem, share)
    ]


def _changed(tasks: Sequence[Task], change: Change, share: float) -> list[Task]:
    """``share`` of the photos once more, changed so; the same ones each time."""
    copies = [_copy(task, change) for task in tasks]
    return [copy for copy in copies if _among(copy.stem, share)]


def _copy(task: Task, change: Change) -> Task:
    return replace(task, stem=f"{task.stem}-{change.value}", change=change)


def _with_plain_eyes(tasks: Sequence[Task], share: float) -> list[Task]:
    """``share`` of the photos once more, their eyes less enlarged; the same ones each time."""
    copies = []
    for task in tasks:
        stem, look = f"{task.stem}-{PLAIN_EYES}", task.picture.look
        if isinstance(look, Look) and look.amount > 1 and _among(stem, share):
            part = PLAIN * float(np.random.default_rng(seed_of(stem)).random())
            plain = replace(look, amount=1.0 + part * (look.amount - 1.0))
            copies.append(replace(task, stem=stem, picture=replace(task.picture, look=plain)))
    return copies


def original(stem: str) -> str:
    """The name of the pair that a copy is of: its own, where it is no copy."""
    for ending in (*(change.value for change in Change), PLAIN_EYES):
        if stem.endswith(f"-{ending}"):
            return stem.removesuffix(f"-{ending}")
    return stem


def _among(stem: str, share: float) -> bool:
    return seed_of(stem) % 1000 < 1000 * share


def seed_of(stem: str) -> int:
    """A number that is the same each time."""
    return zlib.crc32(stem.encode())


def _widened(crop: Crop) -> Crop:
    return Crop(crop.center_x, crop.center_y, crop.side * MARGIN)
