"""Frames of videos with hands near the head, and masks of them, for the segmenter to learn from itself.

animirror prepare frames ../shared/data/videos/asl-*.mkv --folder runs/videos

Self-training (Xie et al., CVPR 2020, "Noisy Student"): of a frame is believed what the segmenter is sure of
in it and in its mirror image. Hands are MediaPipe's (see hand_masks); what lies around them is left open.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from animirror.realtime.locate import Locator, SegmenterLike
from animirror.realtime.regions import Crop, label_indices, region_probability
from animirror.realtime.segment import load_segmenter
from animirror.realtime.sources import VideoSource
from animirror.realtime.zoo import Zoo
from animirror.training.evaluate import to_frame
from animirror.training.hand_masks import NONE, FindHands, HandPoints, picture_hands
from animirror.training.head_labels import FACE_VALUE, HAIR_VALUE
from animirror.training.parsing_data import IGNORED_BYTE
from animirror.training.png import write_png

# One frame after another shows the same.
EVERY = 2
# What the segmenter is less sure of than this is left open, and so is face this near to a hand, px: the
# segmenter takes hands for face, and their outline is not exact.
SURE, NEAR_HAND = 0.8, 6
# Sides of the picture that is kept, in sides of the head's crop.
AROUND = 1.9


@dataclass(frozen=True)
class Labelled:
    """A picture (uint8 [H, W, 3] BGR), its mask and its hands (uint8 [H, W] each).

    ``mask``: coding "face_hair", before hands are taken out; ``hands``: values of hand_masks.
    """

    image: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    hands: NDArray[np.uint8]


def run(arguments: Namespace) -> int:
    """`animirror prepare frames VIDEO... --folder FOLDER [--model NAME]`."""
    segmenter = load_segmenter(Zoo(), arguments.model)
    folder = Path(arguments.folder)
    for name in ("images", "masks", "hands"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    with HandPoints() as find:
        for video in map(Path, arguments.videos):
            count = 0
            for place, found in labelled_frames(video, segmenter, find):
                name = f"{video.stem}_{place:05d}.png"
                write_png(folder / "images" / name, found.image)
                write_png(folder / "masks" / name, found.mask)
                write_png(folder / "hands" / name, found.hands)
                count += 1
            Console(stderr=True).print(f"{video.name}: {count} frames with hands", soft_wrap=True)
    return 0


def labelled_frames(video: Path, segmenter: SegmenterLike, find: FindHands) -> Iterator[tuple[int, Labelled]]:
    """Frames that show one person with a hand, by their numbers. Raises UserError naming the video."""
    locate = Locator(segmenter)
    with VideoSource(video) as source:
        for place, item in enumerate(source):
            if place % EVERY:
                continue
            heads = locate(item.frame, item.time)
            found = labelled(item.frame, heads[0].crop, segmenter, find) if len(heads) == 1 else None
            if found is not None:
                yield place, found


def labelled(
    frame: NDArray[np.uint8], crop: Crop, segmenter: SegmenterLike, find: FindHands
) -> Labelled | None:
    """What surrounds a head's crop in a frame (uint8 [H, W, 3] BGR); None where no hand is seen there."""
    mask = _sure_mask(frame, crop, segmenter)
    head = np.isin(mask, (FACE_VALUE, HAIR_VALUE))
    hands = picture_hands(frame, head, find)
    window = _window(crop, frame.shape[:2])
    if not hands[window].any():
        return None
    reach = 2 * NEAR_HAND + 1
    near = cv2.dilate((hands != NONE).astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0
    mask[near & head & (hands == NONE)] = IGNORED_BYTE
    return Labelled(*(np.ascontiguousarray(values[window]) for values in (frame, mask, hands)))


def _window(crop: Crop, shape: Sequence[int]) -> tuple[slice, slice]:
    around = Crop(crop.center_x, crop.center_y, AROUND * crop.side).box
    rows = slice(max(0, int(around.top)), min(shape[0], int(around.bottom)))
    return rows, slice(max(0, int(around.left)), min(shape[1], int(around.right)))


def _sure_mask(frame: NDArray[np.uint8], crop: Crop, segmenter: SegmenterLike) -> NDArray[np.uint8]:
    """Rest, face and hair, 0 to 2, where the segmenter is sure of a crop and of its mirror image alike."""
    shown = crop.extract(frame, segmenter.size)
    straight, mirrored = segmenter(np.stack([shown, shown[:, ::-1]]))
    answer = (straight + mirrored[..., ::-1]) / 2
    regions = [
        region_probability(answer, label_indices([name], segmenter.labels)) for name in ("face", "hair")
    ]
    face, hair = to_frame(np.stack(regions), crop, *frame.shape[:2])
    likely = np.stack([np.clip(1.0 - face - hair, 0.0, 1.0), face, hair])
    mask = likely.argmax(axis=0).astype(np.uint8)
    return np.where(likely.max(axis=0) < SURE, np.uint8(IGNORED_BYTE), mask)
