"""Evaluation of what ships: intersection over union of the segmenter's face and hair on validation pictures.

animirror evaluate segmenter --data ../shared/data
"""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from animirror.realtime.regions import CELEBAMASK_LABELS, Crop, label_indices, whole_frame
from animirror.realtime.segment import load_segmenter
from animirror.realtime.zoo import Zoo
from animirror.training.options import SegformerOptions
from animirror.training.options_file import load_options
from animirror.training.parsing_data import FACE_GROUPS, HeadMeter, Sample, group_code, read_set
from animirror.training.splits import read_splits

HOUSE_OPTIONS = Path(__file__).parent / "presets" / "segformer-faces-2.json"
HOUSE_SPLITS = Path(__file__).parent / "presets" / "house-splits.json"

# uint8 [N, S, S, 3] BGR -> float32 [N, L, s, s]
Segment = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


@dataclass(frozen=True)
class View:
    """One way of showing a validation set to the segmenter."""

    set_name: str
    title: str
    # How large the picture stands in the segmenter's input; None: the filter's crop around the head.
    scale: float | None
    # How large it stood in the frame, as a share of the segmenter's input: a crop has only those pixels.
    pixels: float | None = None


VIEWS = (
    View("celebamask", "portraits, full scale", 1.0),
    View("celebamask", "portraits, half scale", 0.5),
    View("celebamask", "portraits, quarter scale", 0.25),
    View("celebamask", "portraits at full scale, head crop", None, 1.0),
    View("celebamask", "portraits at half scale, head crop", None, 0.5),
    View("celebamask", "portraits at quarter scale, head crop", None, 0.25),
    View("flickr", "flickr, whole picture", 1.0),
    View("flickr", "flickr, head crop", None),
    View("ccp", "street, whole picture", 1.0),
    View("ccp", "street, head crop", None),
)


@dataclass(frozen=True)
class Score:
    """Intersection over union, 0 to 1, summed over all pixels of all pictures of a view."""

    view: str
    pictures: int
    face: float
    hair: float


def three_classes(probabilities: NDArray[np.float32], labels: Sequence[str], ears: bool) -> NDArray[np.uint8]:
    """float32 [L, h, w] -> uint8 [h, w]: 0 rest, 1 face, 2 hair, by the largest summed probability.

    ``ears``: whether they count as face (CelebAMask) or as rest (the three-valued masks leave them out).
    """
    face = set(label_indices(["face"], labels))
    if not ears:
        face -= {index for index, label in enumerate(labels) if label.lower() == "ears"}
    hair = set(label_indices(["hair"], labels))
    rest = set(range(len(labels))) - face - hair
    sums = [probabilities[sorted(group)].sum(axis=0) for group in (rest, face, hair)]
    return np.argmax(np.stack(sums), axis=0).astype(np.uint8)


def truth(codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Codes of parsing_data over the CelebAMask labels -> 0 rest, 1 face, 2 hair."""
    table = np.zeros(256, np.uint8)
    table[list(label_indices(["face"], CELEBAMASK_LABELS))] = 1
    table[[group_code(name, len(CELEBAMASK_LABELS)) for name in FACE_GROUPS]] = 1
    table[list(label_indices(["hair"], CELEBAMASK_LABELS))] = 2
    return np.asarray(table[codes])


def score_view(
    view: View, samples: Sequence[Sample], segment: Segment, labels: Sequence[str], size: int
) -> Score:
    """Show every sample to the segmenter as ``view`` says and compare at the mask's own resolution."""
    common, either = np.zeros(3), np.zeros(3)
    ears = view.set_name == "celebamask"
    for sample, crop in _crops(view, samples):
        border = cv2.BORDER_REPLICATE if view.scale is None else cv2.BORDER_CONSTANT
        image = sample.image if view.pixels is None else with_pixels(sample.image, round(view.pixels * size))
        probabilities = segment(crop.extract(image, size, border)[None])[0]
        height, width = sample.codes.shape
        found = three_classes(to_frame(probabilities, crop, height, width), labels, ears)
        wanted = truth(sample.codes)
        for index in (1, 2):
            common[index] += np.count_nonzero((found == index) & (wanted == index))
            either[index] += np.count_nonzero((found == index) | (wanted == index))
    face, hair = (float(common[i] / either[i]) if either[i] else 0.0 for i in (1, 2))
    return Score(view.title, len(samples), round(face, 4), round(hair, 4))


def _crops(view: View, samples: Iterable[Sample]) -> Iterator[tuple[Sample, Crop]]:
    meter = HeadMeter(CELEBAMASK_LABELS)
    for sample in samples:
        whole = whole_frame(*sample.codes.shape)
        crop = meter.crop(sample.codes) if view.scale is None else whole
        if crop is None:
            continue
        yield sample, Crop(crop.center_x, crop.center_y, crop.side / (view.scale or 1.0))


def with_pixels(image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """A picture, uint8 [H, W, 3], with what its longer side shows in ``side`` pixels; same shape."""
    height, width = image.shape[:2]
    scale = side / max(height, width)
    small = cv2.resize(image, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def to_frame(probabilities: NDArray[np.float32], crop: Crop, height: int, width: int) -> NDArray[np.float32]:
    """float32 [L, s, s] over a crop -> float32 [L, height, width] over the frame, bilinear; 0 outside."""
    matrix = crop.to_frame(probabilities.shape[-1])
    warped = [
        cv2.warpAffine(plane, matrix, (width, height), flags=cv2.INTER_LINEAR) for plane in probabilities
    ]
    return np.stack(warped)


def score_segmenter(segment: Segment, labels: Sequence[str], size: int, data: Path) -> list[Score]:
    """All views of the house's validation split. Raises UserError where the data is not there."""
    options, splits = load_options(SegformerOptions, HOUSE_OPTIONS), read_splits(HOUSE_SPLITS)
    scores = []
    for item in options.sets:
        views = [view for view in VIEWS if view.set_name == item.name]
        if views:
            samples = read_set(data, item, splits, CELEBAMASK_LABELS, validation=True)
            scores += [score_view(view, samples, segment, labels, size) for view in views]
    return scores


def run(arguments: Namespace) -> int:
    """`animirror evaluate segmenter --data FOLDER [--model NAME] [--record] [--json]`."""
    zoo = Zoo()
    entry = zoo.get(arguments.model) if arguments.model else zoo.default("segmentation")
    segmenter = load_segmenter(zoo, entry.name, device=arguments.device)
    scores = score_segmenter(segmenter, segmenter.labels, segmenter.size, Path(arguments.data))
    if arguments.record:
        command = f"animirror evaluate segmenter --model {entry.name} --data {arguments.data}"
        zoo.add(replace(entry, scores=[{**asdict(score), "command": command} for score in scores]))
    if arguments.json:
        sys.stdout.write(json.dumps([asdict(score) for score in scores], indent=2) + "\n")
        return 0
    table = Table("validation pictures", "count", "face IoU", "hair IoU")
    for score in scores:
        table.add_row(score.view, str(score.pictures), f"{score.face:.3f}", f"{score.hair:.3f}")
    Console().print(table)
    return 0
