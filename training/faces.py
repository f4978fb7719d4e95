"""Photos of people in, head crops for training out: cut as the filter cuts them, bad ones left out by name.

animirror prepare faces photos/ heads/ --size 256 --workers 2
"""

from __future__ import annotations

import dataclasses
import functools
import json
import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from animirror.realtime.errors import UserError
from animirror.realtime.filter import MIN_SIDE
from animirror.realtime.images import read_picture
from animirror.realtime.locate import Locator
from animirror.realtime.segment import load_segmenter
from animirror.realtime.zoo import Zoo
from animirror.training.data import fit_into, is_grey
from animirror.training.face_list import LIST, FaceList, Head
from animirror.training.splits import PICTURE_SUFFIXES
from animirror.training.workers import answers

# Sharpness is measured on crops of this side, so that one limit fits all resolutions.
SHARPNESS_SIDE = 128
# Variance of the Laplacian (Pech-Pacheco et al., ICPR 2000) under which a head counts as blurred. 5 % of 230
# heads are below 105; after a blur by a Gaussian of 2 px at 256 px half of them fall to 61.
MIN_SHARPNESS = 60.0
# A head crop of fewer pixels than this share of the wanted side is enlarged too far to show lines and lashes.
MIN_SIDE_SHARE = 0.5
# The hash's picture and the corner of its cosine transform that becomes bits.
HASH_SIDE, HASH_CORNER = 32, 16
# Two crops are the same picture when their hashes differ in at most so many of 256 bits. Measured on 5,590
# heads: different ones differ in 50 or more; resized, recompressed, brightened ones in 24 (99 % of them),
# ones cut 4 px beside in 40 (90 %).
SAME_BITS = 40
WEBP_QUALITY = 92
FORMATS = (".webp", ".png")
SETTINGS = "faces.json"


@dataclass(frozen=True)
class FaceOptions:
    """What is kept and how. ``size``: side of the crops, px; ``min_side``: of the crop in the photo, px."""

    size: int = 256
    suffix: str = ".webp"
    min_side: float = 128.0
    min_sharpness: float = MIN_SHARPNESS
    keep_grey: bool = False
    model: str | None = None
    device: str = "auto"


@dataclass(frozen=True)
class Examined:
    """A head that a worker looked at: its line of the list, its crop as a file's bytes (None: left out)."""

    head: Head
    encoded: bytes | None = None


@dataclass(frozen=True)
class Summary:
    """What was done: pictures looked at now, crops kept now, heads and pictures left out now, by reason."""

    pictures: int
    skipped: int
    kept: int
    left_out: dict[str, int]
    unreadable: list[str]


def perceptual_hash(image: NDArray[np.uint8]) -> int:
    """256 bits of a picture (uint8 [H, W, 3] BGR): low frequencies above their median (Zauner, 2010)."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    small = cv2.resize(grey, (HASH_SIDE, HASH_SIDE), interpolation=cv2.INTER_AREA)
    corner = cv2.dct(small.astype(np.float32))[:HASH_CORNER, :HASH_CORNER].ravel()
    bits = corner > np.median(corner[1:])
    return sum(1 << place for place, bit in enumerate(bits.tolist()) if bit)


def sharpness(image: NDArray[np.uint8]) -> float:
    """Variance of the Laplacian of a square picture (uint8 [S, S, 3] BGR) at SHARPNESS_SIDE."""
    small = cv2.resize(image, (SHARPNESS_SIDE, SHARPNESS_SIDE), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    return float(cv2.Laplacian(grey, cv2.CV_64F).var())


def examine(root: Path, name: str, locator: Locator, options: FaceOptions) -> list[Examined]:
    """All heads of one photo, kept or left out with a reason; a photo without heads is one left out."""
    try:
        frame = read_picture(root / name).frame
    except UserError as error:
        return [Examined(Head(name, "unreadable", detail=str(error)))]
    height, width = frame.shape[:2]
    if min(height, width) < MIN_SIDE:
        return [Examined(Head(name, "tiny", detail=f"the photo has {width}x{height} pixels"))]
    crops = [fit_into(track.crop, height, width) for track in locator(frame, None)]
    found = [_examine_crop(name, crop.extract(frame, options.size), crop.side, options) for crop in crops]
    return found or [Examined(Head(name, "no head"))]


def _examine_crop(name: str, image: NDArray[np.uint8], side: float, options: FaceOptions) -> Examined:
    head = Head(name, None, side=round(side, 1), sharpness=round(sharpness(image), 1))
    if side < options.min_side:
        detail = f"the head's crop has {side:.0f} pixels, under {options.min_side:.0f}"
        return Examined(dataclasses.replace(head, reason="tiny", detail=detail))
    if is_grey(image) and not options.keep_grey:
        return Examined(dataclasses.replace(head, reason="grey"))
    if head.sharpness < options.min_sharpness:
        detail = f"sharpness {head.sharpness:.0f}, under {options.min_sharpness:.0f}"
        return Examined(dataclasses.replace(head, reason="blurred", detail=detail))
    settings = [cv2.IMWRITE_WEBP_QUALITY, WEBP_QUALITY] if options.suffix == ".webp" else []
    written, packed = cv2.imencode(options.suffix, image, settings)
    if not written:
        raise OSError(f"OpenCV cannot encode {options.suffix}")
    return Examined(dataclasses.replace(head, hash=perceptual_hash(image)), packed.tobytes())


@functools.cache
def _worker_locator(model: str | None, device: str) -> Locator:
    """The locator of this process: each of several runs on one thread."""
    return Locator(load_segmenter(Zoo(), model, device, threads=1))


def _examine_in_worker(root: Path, options: FaceOptions, name: str) -> list[Examined]:
    return examine(root, name, _worker_locator(options.model, options.device), options)


def source_names(source: Path) -> list[str]:
    """All pictures in ``source`` and the folders in it, as sorted paths from there. Raises UserError."""
    if not source.is_dir():
        raise UserError(f"The folder {source} does not exist; give a folder of photos.")
    found = sorted(
        path.relative_to(source).as_posix()
        for path in source.rglob("*")
        if path.suffix.lower() in PICTURE_SUFFIXES and path.is_file()
    )
    if not found:
        raise UserError(f"The folder {source} holds no pictures ({', '.join(sorted(PICTURE_SUFFIXES))}).")
    return found


def prepare_faces(
    source: Path,
    target: Path,
    options: FaceOptions,
    workers: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Summary:
    """Cut the heads of all photos in ``source`` into ``target``; what is listed there already is skipped.

    ``target`` gets the crops, LIST with a line for every head (kept or not, and why), and SETTINGS. Raises
    UserError for folders that cannot be used, and where ``target`` was made with other options.
    """
    if target.resolve().is_relative_to(source.resolve()):
        raise UserError(f"{target} lies in {source}: crops would be taken for photos; choose another folder.")
    if workers < 1:
        raise UserError(f"--workers must be at least 1, not {workers}.")
    names = source_names(source)
    _check_settings(target, options)
    faces = FaceList(target / LIST)
    todo = [name for name in names if name not in faces.sources]
    counts: Counter[str] = Counter()
    unreadable = []
    job = functools.partial(_examine_in_worker, source, options)
    with faces, answers(job, todo, workers) as results:
        for done, heads in enumerate(results, start=1):
            lines = [_settle(target, item, faces, options) for item in heads]
            faces.add(lines)
            counts.update(line.reason or "kept" for line in lines)
            unreadable += [f"{line.source}: {line.detail}" for line in lines if line.reason == "unreadable"]
            progress(done, len(todo))
    kept = counts.pop("kept", 0)
    return Summary(len(todo), len(names) - len(todo), kept, dict(counts.most_common()), unreadable)


def _settle(target: Path, item: Examined, faces: FaceList, options: FaceOptions) -> Head:
    """Write a crop that is no duplicate of an earlier one, and complete its line."""
    head = item.head
    if item.encoded is None or head.hash is None:
        return head
    twin = faces.twin(head.hash, SAME_BITS)
    if twin is not None:
        return dataclasses.replace(head, reason="duplicate", detail=f"of {twin}", hash=None)
    name = faces.free_name(head.source, options.suffix)
    partial = target / f".{name}.partial"
    try:
        partial.write_bytes(item.encoded)
        partial.replace(target / name)
    except OSError as error:
        raise UserError(f"The crop {target / name} cannot be written: {error.strerror}.") from error
    faces.remember(name, head.hash)
    return dataclasses.replace(head, crop=name)


def _check_settings(target: Path, options: FaceOptions) -> None:
    """Note the options in the target folder; one folder holds the crops of one set of options."""
    path, text = target / SETTINGS, json.dumps(dataclasses.asdict(options), indent=2) + "\n"
    try:
        target.mkdir(parents=True, exist_ok=True)
        if path.is_file() and path.read_text(encoding="utf-8") != text:
            raise UserError(
                f"{target} was made with other options ({path}); use them again or another folder."
            )
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"The folder {target} cannot be used: {error.strerror}.") from error


def run(arguments: Namespace) -> int:
    """`animirror prepare faces SRC DST [--size S] [--format F] [--workers N] ... [--json]`."""
    if not 64 <= arguments.size <= 1024:
        raise UserError(f"--size must be between 64 and 1024, not {arguments.size}.")
    options = FaceOptions(
        arguments.size,
        f".{arguments.format}",
        MIN_SIDE_SHARE * arguments.size if arguments.min_side is None else arguments.min_side,
        MIN_SHARPNESS if arguments.min_sharpness is None else arguments.min_sharpness,
        arguments.keep_grey,
        arguments.model,
        arguments.device,
    )
    source, target = Path(arguments.data), Path(arguments.target)
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(source.name, total=None)
        summary = prepare_faces(
            source,
            target,
            options,
            arguments.workers,
            lambda done, total: bar.update(task, completed=done, total=total),
        )
    _print(summary, target, arguments.json)
    return 0


def _print(summary: Summary, target: Path, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(dataclasses.asdict(summary), indent=2) + "\n")
        return
    table = Table("heads", "count")
    table.add_row("kept", str(summary.kept))
    for reason, count in summary.left_out.items():
        table.add_row(f"left out: {reason}", str(count))
    console = Console()
    console.print(table)
    console.print(
        f"{summary.pictures} pictures looked at, {summary.skipped} done before; "
        f"every head is listed in {target / LIST}",
        soft_wrap=True,
        highlight=False,
    )
    for line in summary.unreadable:
        console.print(f"unreadable: {line}", soft_wrap=True, highlight=False, markup=False)
