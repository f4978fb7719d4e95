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
from animirror.realtime.strands import HAIR_LABEL, calmer
from animirror.realtime.zoo import Zoo
from animirror.training.beards import grow_beard
from animirror.training.data import Picture
from animirror.training.drawing_tasks import COPIES, MARGIN, Change, Task, drawing_tasks, seed_of
from animirror.training.glasses import MATERIALS, METAL, PALE, Glasses, choose_glasses
from animirror.training.head_labels import BORDER, HAND_CODING, hand_labels, seen_labels
from animirror.training.jaw_shade import shade_jaw
from animirror.training.look import Look
from animirror.training.open_mouth import open_mouth
from animirror.training.options import DistillOptions
from animirror.training.options_file import load_options
from animirror.training.pen.beard import Worn
from animirror.training.pen.hand import HANDS
from animirror.training.pen.paint import Map
from animirror.training.pen.pen import draw_head
from animirror.training.png import write_png
from animirror.training.shut_eyes import shut_eyes
from animirror.training.splits import read_splits
from animirror.training.workers import answers

# Pairs are stored at PAIR_SIZE px a side (256 px a crop), drawn at DRAWN_SIZE and averaged down: smooth
# lines.
PAIR_SIZE, DRAWN_SIZE = 320, 400
PHOTOS, DRAWINGS, ABOUT = "photos", "drawings", "drawings.json"
PARTS = ("train", "validation")
# Photos that a process is given at once: each takes half a second.
CHUNK = 8
# Changes that move parts of a face, and what frames are made of in each that puts glasses on.
MOVES = {Change.OPEN_MOUTH: open_mouth, Change.SHUT_EYES: shut_eyes}
FRAMES = {Change.GLASSES: MATERIALS, Change.WIRES: (METAL,), Change.PALE_FRAMES: (PALE,)}


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
        tasks = [
            task for item in options.photos for task in drawing_tasks(options, item, splits, part, count)
        ]
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
    names = ("hand", "eyes", "studio_light", "beards_seen", *COPIES)
    wanted = {name: getattr(options, name) for name in names}
    about = folder / ABOUT
    if about.exists():
        known = {"beards_seen": ""} | dict.fromkeys(COPIES, 0.0) | _read_about(about)
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
        labels, random = self._labels(task), np.random.default_rng(seed_of(task.stem))
        if labels is None:
            return
        head = _changed(_Head(task.picture.view(DRAWN_SIZE, BORDER), labels, task.worn), task.change, random)
        pair = None if head is None else _drawn(head, task, random)
        if pair is None:
            return
        photo, drawing = pair
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


@dataclass(frozen=True)
class _Head:
    """What is drawn: uint8 [S, S, 3] BGR, its labels, the beard it is known to wear, glasses to put on."""

    photo: NDArray[np.uint8]
    labels: dict[str, Map]
    worn: Worn | None
    glasses: Glasses | None = None


def _changed(head: _Head, change: Change | None, random: np.random.Generator) -> _Head | None:
    """The head with the change that comes before drawing; None where it cannot be made."""
    if change in MOVES:
        moved = MOVES[change](head.photo, head.labels, random)
        return None if moved is None else replace(head, photo=moved[0], labels=moved[1])
    if change is Change.BEARD:
        grown = grow_beard(head.photo, head.labels, random, head.worn)
        return None if grown is None else replace(head, photo=grown[0], worn=grown[1])
    if change in FRAMES:
        glasses = choose_glasses(head.labels, random, FRAMES[change])
        return None if glasses is None else replace(head, glasses=glasses)
    return head


def _drawn(
    head: _Head, task: Task, random: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]] | None:
    """Photo and drawing with the changes that come after drawing; None where it cannot be drawn."""
    photo = calmer(head.photo, head.labels[HAIR_LABEL], DRAWN_SIZE / MARGIN)
    drawing = draw_head(photo, head.labels, HANDS[task.hand], head.worn)
    if drawing is None:
        return None
    if task.change is Change.SHADE:
        shaded = shade_jaw(photo, head.labels, random, head.worn)
        return None if shaded is None else (shaded, drawing)
    if head.glasses is not None:
        return head.glasses.onto_photo(photo), head.glasses.onto_drawing(drawing)
    return photo, drawing


def _write(picture: NDArray[np.uint8], path: Path) -> None:
    small = cv2.resize(picture, (PAIR_SIZE, PAIR_SIZE), interpolation=cv2.INTER_AREA)
    write_png(path, np.asarray(small, np.uint8))
