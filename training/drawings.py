"""Pairs to learn drawing from: each photo as a generator sees it, and what the pen makes of it.

animirror prepare drawings training/presets/anime-drawn-1.json --workers 2

CycleGAN keeps every shape and must find a style out of unpaired pictures: days on a GPU. Where the labels of
a head are known, a program can draw it (training/pen), slowly and only with good labels; a generator that has
learnt from such pairs draws from the photo alone, in milliseconds, and its style can go on being trained
against real drawings.
"""

from __future__ import annotations

import functools
import json
import sys
import zlib
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from animirror.realtime.errors import UserError
from animirror.realtime.files import write_json
from animirror.realtime.regions import Crop
from animirror.realtime.segment import Segmenter, load_segmenter
from animirror.realtime.zoo import Zoo
from animirror.training.data import Picture, read_pictures
from animirror.training.glasses import choose_glasses
from animirror.training.head_labels import BORDER, HAND_CODING, hand_labels, seen_labels
from animirror.training.look import Look, as_filtered
from animirror.training.open_mouth import open_mouth
from animirror.training.options import DistillOptions, PictureSet, load_options
from animirror.training.pen.hand import HANDS
from animirror.training.pen.paint import Map
from animirror.training.pen.pen import draw_head
from animirror.training.png import write_png
from animirror.training.splits import Splits, read_splits
from animirror.training.workers import answers

# A pair shows this many times the crop's side, so that jitter finds no border; stored at PAIR_SIZE px a side
# (256 px a crop), drawn at DRAWN_SIZE and averaged down: smooth lines.
MARGIN, PAIR_SIZE, DRAWN_SIZE = 1.25, 320, 400
PHOTOS, DRAWINGS, ABOUT = "photos", "drawings", "drawings.json"
PARTS = ("train", "validation")
# Options that have photos drawn once more.
COPIES = ("open_mouths", "glasses", "plain_eyes")
# Of the enlargement of eyes, photos with plain eyes get a random share up to this.
PLAIN = 0.6
# Photos that a process is given at once: each takes half a second.
CHUNK = 8


@dataclass(frozen=True)
class Task:
    """One photo to draw: ``picture`` with the margin, the head's own crop, its mask, where the pair goes.

    ``opened``: with its mouth opened first; ``glasses``: wearing a pair put on it; ``parts``: a mask of
    what a face mesh sees in it (animirror prepare parts).
    """

    picture: Picture
    inner: Crop
    mask: Path | None
    coding: str
    hand: str
    folder: Path
    stem: str
    opened: bool = False
    glasses: bool = False
    parts: Path | None = None


def run(arguments: Namespace) -> int:
    """`animirror prepare drawings OPTIONS.json [--workers N] [--count N]`."""
    if arguments.workers < 1 or (arguments.count is not None and arguments.count < 1):
        raise UserError("--workers and --count must be at least 1.")
    options = load_options(DistillOptions, Path(arguments.options))
    counts = prepare_drawings(options, arguments.workers, arguments.count)
    Console(stderr=True).print(
        f"{options.pairs}: " + ", ".join(f"{count} pairs for {part}" for part, count in counts.items()),
        soft_wrap=True,
    )
    return 0


def prepare_drawings(options: DistillOptions, workers: int = 1, count: int | None = None) -> dict[str, int]:
    """Draw the photos of ``options`` into its folder ``pairs``; pairs that are there already are kept.

    ``count``: at most so many photos of each set. Returns the number of pairs for training and validation.
    Raises UserError where options name no pairs, or no photo of theirs could be drawn.
    """
    if not options.pairs:
        raise UserError("Drawings are prepared for a training by pairs: name a folder in the option 'pairs'.")
    folder = Path(options.pairs)
    _check_same_hand(folder, options)
    splits = read_splits(Path(options.splits)) if options.splits else None
    counts = {}
    for part in PARTS:
        tasks = [task for item in options.photos for task in _tasks(options, item, splits, part, count)]
        missing = [task for task in tasks if not _drawing(task).exists()]
        _draw_all(missing, workers, part)
        counts[part] = len(list((folder / part / DRAWINGS).glob("*.png")))
    if not counts["train"]:
        raise UserError(f"None of the photos could be drawn; {folder} is empty. Are there faces in them?")
    return counts


def read_pairs(folder: Path, part: str) -> list[tuple[Picture, Picture]]:
    """Photos with their drawings. Raises UserError where there are none."""
    found = sorted((folder / part / DRAWINGS).glob("*.png"))
    if not found:
        raise UserError(
            f"{folder / part} holds no pairs; draw them with `animirror prepare drawings OPTIONS.json`."
        )
    crop = Crop(PAIR_SIZE / 2, PAIR_SIZE / 2, PAIR_SIZE / MARGIN)
    return [(Picture(folder / part / PHOTOS / path.name, crop), Picture(path, crop)) for path in found]


def _check_same_hand(folder: Path, options: DistillOptions) -> None:
    names = ("hand", "eyes", "studio_light", *COPIES)
    wanted = {name: getattr(options, name) for name in names}
    about = folder / ABOUT
    if about.exists():
        known = dict.fromkeys(COPIES, 0.0) | _read_about(about)
        if known != wanted:
            raise UserError(
                f"{folder} holds drawings made otherwise ({known}, now {wanted}); name another "
                "folder in the option 'pairs' or delete it."
            )
        return
    hand = asdict(HANDS[options.hand])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_json(about, {"made": wanted, "hand": hand})
    except OSError as error:
        raise UserError(f"{folder} cannot be written: {error.strerror}.") from error


def _read_about(about: Path) -> dict[str, Any]:
    try:
        made: dict[str, Any] = json.loads(about.read_text(encoding="utf-8"))["made"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{about} cannot be read ({error}); delete {about.parent} and draw again.") from error
    return made


def _tasks(
    options: DistillOptions, item: PictureSet, splits: Splits | None, part: str, count: int | None
) -> list[Task]:
    validation, root = part == "validation", Path(options.data_root)
    if validation and not (splits and splits.validation.get(item.name)):
        return []
    pictures = read_pictures(root, [item], splits, validation)[:count]
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
        )
        for picture in shown
    ]
    if validation:
        return tasks
    return [
        *tasks,
        *_opened(tasks, options.open_mouths),
        *_wearing(tasks, options.glasses),
        *_with_plain_eyes(tasks, options.plain_eyes),
    ]


def _parts(item: PictureSet, photo: Path) -> Path | None:
    path = Path(item.parts) / f"{photo.stem}.png" if item.parts else None
    return path if path is not None and path.is_file() else None


def _opened(tasks: Sequence[Task], share: float) -> list[Task]:
    """``share`` of the photos with labels made by hand once more, mouths open; the same ones each time."""
    return [
        replace(task, stem=f"{task.stem}-open", opened=True)
        for task in tasks
        if task.coding == HAND_CODING and _among(task.stem, share)
    ]


def _wearing(tasks: Sequence[Task], share: float) -> list[Task]:
    """``share`` of the photos once more with glasses; the same ones each time."""
    named = [(task, f"{task.stem}-glasses") for task in tasks]
    return [replace(task, stem=stem, glasses=True) for task, stem in named if _among(stem, share)]


def _with_plain_eyes(tasks: Sequence[Task], share: float) -> list[Task]:
    """``share`` of the photos once more, their eyes less enlarged; the same ones each time."""
    copies = []
    for task in tasks:
        stem, look = f"{task.stem}-eyes", task.picture.look
        if isinstance(look, Look) and look.amount > 1 and _among(stem, share):
            part = PLAIN * float(np.random.default_rng(_seed(stem)).random())
            plain = replace(look, amount=1.0 + part * (look.amount - 1.0))
            copies.append(replace(task, stem=stem, picture=replace(task.picture, look=plain)))
    return copies


def _among(stem: str, share: float) -> bool:
    return _seed(stem) % 1000 < 1000 * share


def _seed(stem: str) -> int:
    return zlib.crc32(stem.encode())


def _widened(crop: Crop) -> Crop:
    return Crop(crop.center_x, crop.center_y, crop.side * MARGIN)


def _drawing(task: Task) -> Path:
    return task.folder / DRAWINGS / f"{task.stem}.png"


def _draw_all(tasks: Sequence[Task], workers: int, part: str) -> None:
    if not tasks:
        return
    for name in (PHOTOS, DRAWINGS):
        (tasks[0].folder / name).mkdir(parents=True, exist_ok=True)
    with answers(_draw, tasks, workers, CHUNK) as drawn:
        for _ in track(
            drawn,
            f"drawing, {part}",
            len(tasks),
            console=Console(stderr=True),
            disable=not sys.stderr.isatty(),
        ):
            pass


def _draw(task: Task) -> None:
    _drawer()(task)


@functools.cache
def _drawer() -> _Drawer:
    """A process's own: its segmenter is loaded once."""
    return _Drawer()


class _Drawer:
    """Draws one photo after another."""

    def __init__(self) -> None:
        self._segmenter: Segmenter = load_segmenter(Zoo(), threads=1)

    def __call__(self, task: Task) -> None:
        """Write the pair, the drawing last: its file says that the pair is whole."""
        picture = task.picture
        photo = picture.view(DRAWN_SIZE, BORDER)
        labels = self._labels(task)
        if task.opened and labels:
            opened = open_mouth(photo, labels, np.random.default_rng(_seed(task.stem)))
            photo, labels = opened or (photo, None)
        glasses = None
        if task.glasses and labels:
            glasses = choose_glasses(labels, np.random.default_rng(_seed(task.stem)))
            labels = labels if glasses else None
        drawing = draw_head(photo, labels, HANDS[task.hand]) if labels else None
        if drawing is None:
            return
        if glasses is not None:
            photo, drawing = glasses.onto_photo(photo), glasses.onto_drawing(drawing)
        _write(photo, task.folder / PHOTOS / f"{task.stem}.png")
        _write(drawing, _drawing(task))

    def _labels(self, task: Task) -> dict[str, Map] | None:
        """Each label's map in the view, with eyes enlarged as the photo's are; None: not seen well enough."""
        picture = task.picture
        if task.coding == HAND_CODING and task.mask is not None:
            maps: dict[str, Map] | None = hand_labels(task.mask, picture, DRAWN_SIZE)
        else:
            maps = seen_labels(self._segmenter, picture, task.mask, task.inner, DRAWN_SIZE, task.parts)
        if maps is None or not isinstance(picture.look, Look):
            return maps
        matrix = picture.crop.to_crop(DRAWN_SIZE)
        return {name: picture.look.enlarged(values, matrix) for name, values in maps.items()}


def _write(picture: NDArray[np.uint8], path: Path) -> None:
    small = cv2.resize(picture, (PAIR_SIZE, PAIR_SIZE), interpolation=cv2.INTER_AREA)
    write_png(path, np.asarray(small, np.uint8))
