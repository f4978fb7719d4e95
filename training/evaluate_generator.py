"""Evaluation of a style as users see it: likeness to drawings, what is kept of a face, steadiness in a video.

animirror evaluate generator --photos ../shared/data/photos --drawings ../shared/data/selfie2anime/anime \
    --video clip.mp4 --sheet sheet.jpg
"""

from __future__ import annotations

import itertools
import json
import shlex
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from animirror.realtime.errors import UserError
from animirror.realtime.filter import MIN_SIDE, FaceFilter
from animirror.realtime.images import read_picture
from animirror.realtime.match import color_groups
from animirror.realtime.regions import region_probability
from animirror.realtime.scene import Filtered
from animirror.realtime.segment import load_segmenter
from animirror.realtime.sources import VideoSource
from animirror.realtime.stylize import load_stylizer
from animirror.realtime.zoo import ModelEntry, Zoo
from animirror.training.features import Extractor, load_extractor
from animirror.training.kept import Kept, measure_kept, seen
from animirror.training.metrics import frechet_distance, kernel_distance
from animirror.training.sheets import make_room, write_sheet
from animirror.training.skin_tone import SkinTone, measure_tone
from animirror.training.splits import pictures, read_splits
from animirror.training.steadiness import Frame, Steadiness, measure_steadiness

# Heads and drawings are compared at the side that generators draw at, px.
SIDE = 256
# Fewer pictures than this say nothing of a distribution.
FEWEST = 2


@dataclass(frozen=True)
class Distances:
    """Fréchet and kernel distance to the drawings, named by ``features``: FID and KID are Inception's alone.

    ``*_photos``: of the untouched heads, to compare with.
    """

    features: str
    drawings: int
    frechet: float
    kernel: float
    frechet_photos: float
    kernel_photos: float


@dataclass(frozen=True)
class GeneratorScore:
    """All that was measured of a style; None: not asked for."""

    model: str
    photos: int
    kept: Kept
    skin: SkinTone
    distances: Distances | None
    video: str | None
    steadiness: Steadiness | None
    # Change in the drawn video over that in the real one.
    steadiness_ratio: float | None


@dataclass(frozen=True)
class DrawnHead:
    """One head: its crop, its drawing, and the crop of the blended result: uint8 [SIDE, SIDE, 3]."""

    photo: Frame
    drawing: Frame
    result: Frame


def draw_heads(face_filter: FaceFilter, files: Sequence[Path]) -> list[DrawnHead]:
    """The largest head of each photo through the filter; photos without one give none. Raises UserError."""
    heads = []
    for file in files:
        frame = read_picture(file).frame
        if min(frame.shape[:2]) < MIN_SIDE:
            continue
        scene = face_filter.stylize(face_filter.segment(frame))
        result = face_filter.blend(scene).frame
        if scene.heads:
            head = max(scene.heads, key=lambda one: one.crop.side)
            assert head.styled is not None  # strength is 1
            heads.append(
                DrawnHead(
                    head.crop.extract(frame, SIDE),
                    np.asarray(cv2.resize(head.styled, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8),
                    head.crop.extract(result, SIDE),
                )
            )
    return heads


def measure_distances(
    heads: Sequence[DrawnHead], drawings: Sequence[Path], extractor: Extractor
) -> Distances:
    """Drawings of heads, and the heads themselves, against real drawings. Raises UserError."""
    if min(len(heads), len(drawings)) < FEWEST:
        raise UserError(f"Distances need at least {FEWEST} heads and {FEWEST} drawings.")
    real = extractor(np.stack([_square(read_picture(file).frame) for file in drawings]))
    drawn = extractor(np.stack([head.drawing for head in heads]))
    photos = extractor(np.stack([head.photo for head in heads]))
    return Distances(
        f"{extractor.frechet}, {extractor.kernel} ({extractor.source})",
        len(drawings),
        round(frechet_distance(drawn, real), 3),
        round(kernel_distance(drawn, real), 5),
        round(frechet_distance(photos, real), 3),
        round(kernel_distance(photos, real), 5),
    )


def _square(picture: Frame) -> Frame:
    """The middle square of a picture at SIDE."""
    height, width = picture.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    cut = picture[top : top + side, left : left + side]
    return np.asarray(cv2.resize(cut, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def draw_video(
    face_filter: FaceFilter,
    video: Path,
    frames: int,
    watch: Callable[[Filtered], None] = lambda filtered: None,
) -> Iterator[tuple[Frame, Frame, NDArray[np.float32]]]:
    """The first ``frames`` frames: as they are, as they are drawn, and where. Raises UserError.

    ``watch`` is told of each frame's result before it is yielded.
    """
    face_filter.reset()
    with VideoSource(video) as source:
        for timed in itertools.islice(source, frames):
            if min(timed.frame.shape[:2]) < MIN_SIDE:
                raise UserError(f"{video} is too small: its sides must be {MIN_SIDE} px at least.")
            filtered = face_filter(timed.frame, timed.time)
            watch(filtered)
            yield timed.frame, filtered.frame, filtered.mask


def chosen(folder: Path, splits: Path | None, set_name: str | None, count: int) -> list[Path]:
    """Up to ``count`` pictures of a folder, spread evenly; with splits the validation pictures of a set.

    Raises UserError where there are none.
    """
    files = pictures(folder)
    if splits is not None:
        kept = set(read_splits(splits).validation.get(set_name or folder.name, []))
        files = [file for file in files if file.name in kept or file.stem in kept]
    if not files:
        raise UserError(f"{folder} holds no pictures{' of these splits' if splits else ''}.")
    return [files[place] for place in np.linspace(0, len(files) - 1, min(count, len(files))).astype(int)]


def score_generator(arguments: Namespace, zoo: Zoo, entry: ModelEntry) -> GeneratorScore:
    """All that the command was asked to measure. Raises UserError."""
    segmenter = load_segmenter(zoo, device=arguments.device)
    face_filter = FaceFilter(segmenter, load_stylizer(zoo, entry.name, arguments.device))
    files = [
        file
        for folder, name in _folders(arguments.photos)
        for file in chosen(folder, arguments.splits, name, arguments.count)
    ]
    drawings = chosen(arguments.drawings, None, None, sys.maxsize) if arguments.drawings else []
    if arguments.sheet:
        make_room(arguments.sheet)
    steadiness = _measure_video(face_filter, arguments.video, arguments.frames) if arguments.video else None
    heads = draw_heads(face_filter, files)
    if not heads:
        raise UserError(f"Nobody was found in the photos of {', '.join(arguments.photos)}.")
    if arguments.sheet:
        write_sheet([(head.photo, head.result) for head in heads], arguments.sheet)
    distances = None
    if drawings:
        on_gpu = arguments.device in ("auto", "cuda", "tensorrt") and torch.cuda.is_available()
        extractor = load_extractor("auto", torch.device("cuda" if on_gpu else "cpu"))
        distances = measure_distances(heads, drawings, extractor)
    photos = [seen(segmenter, head.photo) for head in heads]
    drawn = [seen(segmenter, head.drawing) for head in heads]
    skin = color_groups(segmenter.labels)[0].pure
    return GeneratorScore(
        entry.name,
        len(files),
        measure_kept(photos, drawn, segmenter.labels),
        measure_tone(
            (head.photo, head.result, region_probability(maps, skin))
            for head, maps in zip(heads, photos, strict=True)
        ),
        distances,
        arguments.video.name if arguments.video else None,
        steadiness,
        round(steadiness.ratio, 3) if steadiness else None,
    )


def _measure_video(face_filter: FaceFilter, video: Path, frames: int) -> Steadiness:
    steadiness = measure_steadiness(draw_video(face_filter, video, frames))
    if not steadiness.frames:
        raise UserError(f"Nobody was found in two frames of {video} one after the other.")
    return steadiness


def _folders(named: Sequence[str]) -> list[tuple[Path, str | None]]:
    """Each FOLDER or FOLDER:SET as the folder and the set's name in the splits."""
    folders: list[tuple[Path, str | None]] = []
    for text in named:
        folder, _, name = text.rpartition(":")
        whole = Path(text)
        folders.append((whole, None) if not folder or whole.is_dir() else (Path(folder), name))
    return folders


def run(arguments: Namespace) -> int:
    """`animirror evaluate generator --photos FOLDER... [--drawings FOLDER] [--video FILE] [--sheet FILE]`."""
    if arguments.count < 1 or arguments.frames < FEWEST:
        raise UserError(f"--count must be at least 1, --frames at least {FEWEST}.")
    zoo = Zoo()
    entry = zoo.for_style(arguments.model) if arguments.model else zoo.default("stylization")
    score = score_generator(arguments, zoo, entry)
    if arguments.record:
        zoo.add(replace(entry, scores=[{**asdict(score), "command": _command(arguments, entry)}]))
    if arguments.json:
        sys.stdout.write(json.dumps(asdict(score), indent=2) + "\n")
        return 0
    Console().print(_table(score))
    return 0


def _command(arguments: Namespace, entry: ModelEntry) -> str:
    words = ["animirror", "evaluate", "generator", "--model", entry.name, "--photos", *arguments.photos]
    words += ["--count", str(arguments.count)]
    for name in ("splits", "drawings", "video"):
        value = getattr(arguments, name)
        words += [f"--{name}", str(value)] if value else []
    return shlex.join([*words, "--frames", str(arguments.frames)] if arguments.video else words)


def _table(score: GeneratorScore) -> Table:
    table = Table(f"{score.model}, {score.kept.heads} heads of {score.photos} photos", "drawn", "untouched")
    table.add_row("face in the same place (IoU)", f"{score.kept.face:.3f}", "1")
    table.add_row("hair in the same place (IoU)", f"{score.kept.hair:.3f}", "1")
    skin = score.skin
    table.add_row(f"skin's tone off by, {skin.heads} heads (CIE76)", _number(skin.off), "0")
    table.add_row(f"... that of dark skin, {skin.dark_heads} heads", _number(skin.dark), "0")
    table.add_row("... and lighter by (L*)", _number(skin.dark_lighter), "0")
    if score.distances:
        far = score.distances
        frechet, kernel = (name.strip(",") for name in far.features.split()[:2])
        table.add_row(f"{frechet} to the drawings", f"{far.frechet:.2f}", f"{far.frechet_photos:.2f}")
        table.add_row(f"{kernel} to the drawings", f"{far.kernel:.4f}", f"{far.kernel_photos:.4f}")
    if score.steadiness:
        change = score.steadiness
        table.add_row(
            f"change besides motion, {score.video}, {change.frames} frames (levels)",
            f"{change.after:.2f}",
            f"{change.before:.2f}",
        )
        table.add_row("... over that of the video", f"{score.steadiness_ratio:.2f}", "1")
    return table


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.1f}"
