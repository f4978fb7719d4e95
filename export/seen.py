"""What a model is shown by the filter: its inputs for real pictures, and where the heads are in them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.realtime.errors import UserError
from animirror.realtime.filter import MIN_SIDE, FaceFilter
from animirror.realtime.images import read_picture
from animirror.realtime.regions import label_indices, region_probability
from animirror.realtime.scene import Head
from animirror.realtime.segment import Segmenter, load_segmenter
from animirror.realtime.stylize import load_stylizer
from animirror.realtime.zoo import ModelEntry, Zoo
from animirror.training.splits import pictures

# A pixel belongs to a head when it is likelier than not.
LIKELY = 0.5


@dataclass(frozen=True)
class Seen:
    """``inputs``: uint8 [N, S, S, 3] BGR; ``masks``: bool [N, s, s], where heads are, s as of the answer."""

    inputs: NDArray[np.uint8]
    masks: NDArray[np.bool_]


class _Recorder:
    """A stylizer that keeps what it is shown and draws nothing."""

    def __init__(self, size: int, eyes: float) -> None:
        self.size, self.eyes = size, eyes
        self.sizes: tuple[int, ...] = (size,)
        self.shown: NDArray[np.uint8] | None = None

    def __call__(self, crops: NDArray[np.uint8]) -> NDArray[np.uint8]:
        self.shown = crops
        return crops


def look(zoo: Zoo, entry: ModelEntry, folder: Path, *counts: int) -> list[Seen]:
    """What the filter shows to a model for the pictures of a folder, dealt in turns into parts of ``counts``.

    Heads are cut by the zoo's segmenter, or where it has none, by the one that ships. Raises UserError.
    """
    segmenter = load_segmenter(zoo if zoo.has("segmentation") else Zoo(), device="cpu", precision="fp32")
    drawing = entry.task == "stylization"
    stylizer = load_stylizer(zoo, entry.name, "cpu", precision="fp32") if drawing else None
    recorder = _Recorder(entry.size, 1.0 if stylizer is None else stylizer.eyes)
    face_filter = FaceFilter(segmenter, recorder)
    parts: list[list[tuple[NDArray[np.uint8], NDArray[np.bool_]]]] = [[] for _ in counts]
    if not folder.is_dir():
        raise UserError(f"There is no folder {folder}; --crops takes a folder with pictures of people.")
    paths = pictures(folder)
    wanted = sum(counts)
    # A third more than asked for: some pictures show no head.
    chosen = np.unique(np.linspace(0, len(paths) - 1, min(len(paths), wanted * 4 // 3)).astype(int))
    for turn, index in enumerate(chosen):
        part, count = parts[turn % len(counts)], counts[turn % len(counts)]
        if len(part) >= count:
            continue
        part += [
            (shown, mask) for shown, mask in _shown(face_filter, recorder, segmenter, paths[index], drawing)
        ]
    return [_stacked(part[:count], entry.size) for part, count in zip(parts, counts, strict=True)]


def _shown(
    face_filter: FaceFilter, recorder: _Recorder, segmenter: Segmenter, path: Path, drawing: bool
) -> list[tuple[NDArray[np.uint8], NDArray[np.bool_]]]:
    frame = read_picture(path).frame
    if min(frame.shape[:2]) < MIN_SIDE:
        return []
    scene = face_filter.segment(frame)
    if not scene.heads:
        return []
    if not drawing:
        return [(head.image, _mask(head, segmenter, None)) for head in scene.heads]
    face_filter.stylize(scene)
    assert recorder.shown is not None  # stylize has just called it
    return [
        (shown, _mask(head, segmenter, recorder.size))
        for shown, head in zip(recorder.shown, scene.heads, strict=True)
    ]


def _mask(head: Head, segmenter: Segmenter, size: int | None) -> NDArray[np.bool_]:
    chosen = label_indices(["face", "hair"], segmenter.labels)
    mask: NDArray[Any] = region_probability(head.probabilities, chosen) * head.own
    if size is not None:
        mask = cv2.resize(mask, (size, size), interpolation=cv2.INTER_LINEAR)
    return np.asarray(mask > LIKELY)


def _stacked(part: list[tuple[NDArray[np.uint8], NDArray[np.bool_]]], size: int) -> Seen:
    if not part:
        return Seen(np.zeros((0, size, size, 3), np.uint8), np.zeros((0, size, size), np.bool_))
    inputs, masks = zip(*part, strict=True)
    return Seen(np.stack(inputs), np.stack(masks))
