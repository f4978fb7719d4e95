"""Masks of hands in photos whose own masks call a hand before a face a face.

animirror prepare hands training/presets/segformer-faces-16.json

MediaPipe Hands (Zhang et al., 2020) finds points of hands; believed is what it finds in a photo and in its
mirror image alike, where an arm leads to it. GrabCut (Rother et al., 2004) finds the outline about them.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from animirror.training.labels import resolve_labels
from animirror.training.options import MaskSet, SegformerOptions
from animirror.training.options_file import load_options
from animirror.training.parsing_data import HeadMeter, read_codes, read_image
from animirror.training.prepared_masks import prepare_masks, wanted_sets
from animirror.training.teacher import Teacher

# Picture (uint8 [H, W, 3] BGR) to the points of each hand (float32 [21, 2]), as HandPoints.
FindHands = Callable[[NDArray[np.uint8]], list[NDArray[np.float32]]]

# The values of a mask of hands: a hand, and the stub of its arm beyond the wrist.
NONE, HAND, ARM = 0, 1, 2
# The longer side of a picture as hands are sought in it, px.
SHOWN_SIDE = 512
# Most faces have no hand before them, and few have more.
MOST_HANDS, MIN_CONFIDENCE = 4, 0.3
# Points of the mirror image may lie so far off, as a share of the diagonal of the hand's box.
AGREED = 0.12
# An arm leads to every hand: so much of one lies outside of face and hair. Ears and beards do not.
OUTSIDE = 0.15

# Points by MediaPipe's numbers: the wrist, the knuckles, the palm's outline, the bones.
_WRIST, _KNUCKLES = 0, (5, 9, 13, 17)
_PALM = (0, 1, 2, 5, 9, 13, 17)
_BONES = (
    *((0, 1), (1, 2), (2, 3), (3, 4), (0, 5), (5, 6), (6, 7), (7, 8), (5, 9), (9, 10), (10, 11), (11, 12)),
    *((9, 13), (13, 14), (14, 15), (15, 16), (13, 17), (0, 17), (17, 18), (18, 19), (19, 20)),
)
# Lengths, and by what share of each the palm is as wide: one or another may be seen foreshortened.
_WIDTHS = ((5, 17, 1.0), (0, 9, 0.6), (0, 5, 0.35), (0, 17, 0.35), (5, 8, 0.35), (9, 12, 0.35))
# Thickness of fingers, as shares of the palm's width: surely hand, and perhaps.
_SURE, _PERHAPS = 0.15, 0.42
# Thickness of the arm, and how long its stub is, alike.
_ARM, _STUB = 0.9, 1.0
# What GrabCut sees about a hand, in palm's widths; its rounds.
_MARGIN, _ROUNDS = 0.6, 4


class HandPoints(Teacher):
    """The points of a picture's hands."""

    def __init__(self) -> None:
        super().__init__(
            "hands",
            "Hands",
            max_num_hands=MOST_HANDS,
            model_complexity=1,
            min_detection_confidence=MIN_CONFIDENCE,
        )

    def __call__(self, image: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """Points, float32 [21, 2] (x, y) px, of each hand in a picture (uint8 [H, W, 3] BGR)."""
        return self.landmarks(image, "multi_hand_landmarks")


def run(arguments: Namespace) -> int:
    """`animirror prepare hands OPTIONS.json`."""
    options = load_options(SegformerOptions, Path(arguments.options))
    wanted = wanted_sets(options, arguments.options, "hands")
    labels = resolve_labels(options)
    with HandPoints() as find:
        for item in wanted:
            seen, count = prepare_hands(Path(options.data_root), item, labels, find)
            Console(stderr=True).print(f"{item.hands}: hands in {seen} of {count} pictures", soft_wrap=True)
    return 0


def prepare_hands(root: Path, item: MaskSet, labels: Sequence[str], find: FindHands) -> tuple[int, int]:
    """Write a mask (NONE, HAND or ARM) for every picture of a set; those that are there are kept.

    ``labels``: the run's, which the set's masks are about. Returns in how many pictures there are hands, and
    how many there are. Raises UserError naming a file that cannot be read.
    """
    meter = HeadMeter(labels)

    def hands(path: Path, mask: Path) -> NDArray[np.uint8]:
        image = read_image(path)
        head = meter.is_head(read_codes(mask, item.coding, labels, image.shape[:2]))
        return picture_hands(image, head, find)

    return prepare_masks(root, item, Path(item.hands), hands)


def picture_hands(image: NDArray[np.uint8], head: NDArray[np.bool_], find: FindHands) -> NDArray[np.uint8]:
    """The hands (uint8 [H, W]: NONE, HAND, ARM) of a picture (uint8 [H, W, 3] BGR).

    ``head``: where its mask has face or hair, bool [H, W].
    """
    height, width = head.shape
    scale = SHOWN_SIDE / max(height, width)
    shown = np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC), np.uint8)
    hands = np.zeros(head.shape, np.uint8)
    for points in agreed_hands(shown, find):
        found = hand_mask(shown, points)
        found = np.asarray(cv2.resize(found, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)
        there = found != NONE
        if np.count_nonzero(there & ~head) > OUTSIDE * np.count_nonzero(there):
            hands = np.where(there, found, hands)
    return hands


def agreed_hands(image: NDArray[np.uint8], find: FindHands) -> list[NDArray[np.float32]]:
    """Points of the hands that a picture and its mirror image show alike."""
    straight = find(image)
    if not straight:
        return []
    mirrored = find(np.ascontiguousarray(image[:, ::-1]))
    turned = [_turned(points, image.shape[1]) for points in mirrored]
    return [
        points
        for points in straight
        if any(
            np.linalg.norm(points - other, axis=1).mean() < AGREED * np.linalg.norm(np.ptp(points, axis=0))
            for other in turned
        )
    ]


def _turned(points: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    return np.stack([width - 1 - points[:, 0], points[:, 1]], axis=1)


def hand_mask(image: NDArray[np.uint8], points: NDArray[np.float32]) -> NDArray[np.uint8]:
    """One hand (uint8 [H, W]: NONE, HAND, ARM) of a picture (uint8 [H, W, 3] BGR)."""
    palm = max(share * float(np.linalg.norm(points[a] - points[b])) for a, b, share in _WIDTHS)
    along = points[_WRIST] - points[list(_KNUCKLES)].mean(0)
    along /= max(float(np.linalg.norm(along)), 1.0)
    sure, perhaps = (_bones(image.shape[:2], points, share * palm) for share in (_SURE, _PERHAPS))
    elbow = points[_WRIST] + along * _STUB * palm
    _line(perhaps, points[_WRIST], elbow, _ARM * palm)
    hand = _outlined(image, sure, perhaps, palm)
    rows, columns = np.indices(hand.shape)
    beyond = (columns - points[_WRIST, 0]) * along[0] + (rows - points[_WRIST, 1]) * along[1] > 0
    return np.where(hand, np.where(beyond, ARM, HAND), NONE).astype(np.uint8)


def _bones(shape: tuple[int, ...], points: NDArray[np.float32], thick: float) -> NDArray[np.uint8]:
    drawn = np.zeros(shape, np.uint8)
    palm = cv2.convexHull(np.rint(points[list(_PALM)]).astype(np.int32))
    cv2.fillPoly(drawn, [palm], 1)
    for first, second in _BONES:
        _line(drawn, points[first], points[second], thick)
    return drawn


def _line(
    drawn: NDArray[np.uint8], start: NDArray[np.float32], end: NDArray[np.float32], thick: float
) -> None:
    ends = [tuple(int(value) for value in np.rint(point)) for point in (start, end)]
    cv2.line(drawn, ends[0], ends[1], 1, max(1, round(thick)))


def _outlined(
    image: NDArray[np.uint8], sure: NDArray[np.uint8], perhaps: NDArray[np.uint8], palm: float
) -> NDArray[np.bool_]:
    """What GrabCut takes for the hand, bool [H, W], of what is perhaps hand."""
    left, top, width, height = cv2.boundingRect(perhaps)
    margin = max(1, round(_MARGIN * palm))
    box = np.s_[max(0, top - margin) : top + height + margin, max(0, left - margin) : left + width + margin]
    inner = cv2.erode(sure[box], np.ones((3, 3), np.uint8))
    guess = np.where(perhaps[box] > 0, cv2.GC_PR_FGD, cv2.GC_BGD)
    guess = np.where(inner > 0, cv2.GC_FGD, guess).astype(np.uint8)
    hand = perhaps > 0
    if (guess == cv2.GC_BGD).any() and (guess != cv2.GC_BGD).any():
        # With a mask there is no rectangle, and the colours' models are the function's own matter.
        models, nowhere = np.zeros((2, 1, 65)), (0, 0, 0, 0)
        shown = np.ascontiguousarray(image[box])
        cv2.grabCut(shown, guess, nowhere, models[0], models[1], _ROUNDS, cv2.GC_INIT_WITH_MASK)
        hand = np.zeros_like(hand)
        hand[box] = (guess == cv2.GC_FGD) | (guess == cv2.GC_PR_FGD)
    return hand
