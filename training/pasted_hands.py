"""Hands of other people laid before a face, in its skin's colours, for the segmenter to tell them apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.realtime.regions import Box, mask_box
from animirror.training.hand_masks import ARM, HAND, NONE
from animirror.training.parsing_data import Sample
from animirror.training.spoil import log_uniform

# Hands of fewer pixels than this across are too small to show what a hand looks like before a large face.
LEAST_SIDE = 40
# A hand is about as long as a face is high; nearer to the camera it is larger.
LENGTH = (0.55, 1.3)
# Where its middle lies, from the face's, as shares of the face's sides: most hands come from below.
ACROSS, DOWN = 0.4, (0.0, 0.7)
# How far its skin's tone goes to the face's: before one's own face it is nearly the same.
SAME_TONE = (0.5, 1.0)
# A tone's step in lightness, L* of 100: a hand is nearer to the lamp or farther.
LIGHTER = 6.0
# Share of hands that are followed by an arm, and of those that are bare.
WITH_ARM, BARE = 0.75, 0.5
# How much darker a bare arm is at its sides.
SHADED = 0.25
# The square of an arm's thickness, as a share of the hand's area, at least.
THIN = 0.12
# Arms come from below, give or take so many degrees; hands without one lie as they did.
ARM_TURNS, TURNS = 50.0, 30.0


@dataclass(frozen=True)
class Cutout:
    """A hand (uint8 [H, W, 3] BGR), where it is (uint8 [H, W], values of hand_masks) and where its arm goes.

    ``arm``: unit vector (x, y) from the hand to its arm; None where no arm is seen.
    """

    image: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    arm: tuple[float, float] | None


def cut_out_hands(samples: Sequence[Sample]) -> list[Cutout]:
    """All hands of the samples that are large enough."""
    return [hand for sample in samples if sample.hands is not None for hand in _cutouts(sample)]


def _cutouts(sample: Sample) -> list[Cutout]:
    assert sample.hands is not None
    count, parts = cv2.connectedComponents((sample.hands != NONE).astype(np.uint8))
    found = []
    for index in range(1, count):
        box = mask_box(parts == index)
        if box is None or max(box.width, box.height) < LEAST_SIDE:
            continue
        window = np.s_[int(box.top) : int(box.bottom), int(box.left) : int(box.right)]
        mask = np.where(parts[window] == index, sample.hands[window], NONE).astype(np.uint8)
        found.append(Cutout(sample.image[window].copy(), mask, _arm(mask)))
    return found


def _arm(mask: NDArray[np.uint8]) -> tuple[float, float] | None:
    hand, arm = (np.argwhere(mask == value) for value in (HAND, ARM))
    if not len(hand) or not len(arm):
        return None
    down, across = arm.mean(0) - hand.mean(0)
    length = max(math.hypot(across, down), 1e-6)
    return float(across / length), float(down / length)


def lay_hand(
    image: NDArray[np.uint8],
    skin: NDArray[np.bool_],
    hand: Cutout,
    sleeve: NDArray[np.uint8],
    random: np.random.Generator,
) -> NDArray[np.bool_]:
    """Lay a hand before a face of ``image`` (uint8 [S, S, 3] BGR, changed); returns where it covers, [S, S].

    ``skin``: the face's pixels, one at least, whose colour it takes; ``sleeve``: uint8 [h, w, 3] BGR, the
    texture of an arm that is not bare.
    """
    size, face = image.shape[0], mask_box(skin)
    assert face is not None
    matrix = _placement(hand, face, random)
    toned = _in_tone(hand, image[skin], random)
    laid = cv2.warpAffine(toned, matrix, (size, size), borderMode=cv2.BORDER_REPLICATE)
    covered = cv2.warpAffine((hand.mask != NONE).astype(np.float32), matrix, (size, size))
    if hand.arm is not None and random.random() < WITH_ARM:
        arm = _arm_before(size, hand, matrix)
        bare = random.random() < BARE
        texture = arm.bare(np.median(toned[hand.mask != NONE], axis=0)) if bare else sleeve
        laid = np.where((covered > 0.5)[..., None], laid, cv2.resize(texture, (size, size)))
        covered = np.maximum(covered, arm.covered())
    image[:] = np.rint(image + (laid.astype(np.float32) - image) * covered[..., None])
    return np.asarray(covered > 0.5)


def _placement(hand: Cutout, face: Box, random: np.random.Generator) -> NDArray[np.float64]:
    """2x3 matrix that lays the cutout before the face: scaled, turned, perhaps mirrored."""
    height, width = hand.mask.shape
    scale = log_uniform(random, *LENGTH) * face.height / max(height, width)
    mirror = -1.0 if random.random() < 0.5 else 1.0
    angle = random.normal(0, TURNS)
    if hand.arm is not None:
        # OpenCV turns anticlockwise, and directions of pictures run clockwise from the right.
        below = 90.0 + random.normal(0, ARM_TURNS)
        angle = math.degrees(math.atan2(hand.arm[1], mirror * hand.arm[0])) - below
    middle = (width - 1) / 2, (height - 1) / 2
    turn = np.asarray(cv2.getRotationMatrix2D((0, 0), angle, scale)) @ np.diag([mirror, 1.0, 1.0])
    x, y = face.center
    goal = (x + random.uniform(-ACROSS, ACROSS) * face.width, y + random.uniform(*DOWN) * face.height)
    turn[:, 2] += np.array(goal) - turn @ (*middle, 1.0)
    return np.asarray(turn)


def _in_tone(hand: Cutout, skin: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
    """The hand's picture with its median colour brought near the skin's (uint8 [P, 3] BGR), in L*a*b*."""
    lab = cv2.cvtColor(hand.image.astype(np.float32) / 255, cv2.COLOR_BGR2LAB)
    goal = cv2.cvtColor(skin[None].astype(np.float32) / 255, cv2.COLOR_BGR2LAB)[0]
    step = np.median(goal, axis=0) - np.median(lab[hand.mask != NONE], axis=0)
    lab += step * random.uniform(*SAME_TONE) + (random.normal(0, LIGHTER), 0, 0)
    toned = cv2.cvtColor(lab.astype(np.float32), cv2.COLOR_LAB2BGR)
    return np.asarray(np.rint(np.clip(toned, 0, 1) * 255), np.uint8)


@dataclass(frozen=True)
class _Arm:
    """A straight arm in a picture of ``size`` px a side, from ``start`` (x, y) ``along`` and out of it."""

    size: int
    start: NDArray[np.float64]
    along: NDArray[np.float64]
    thick: float

    def covered(self) -> NDArray[np.float32]:
        """float32 [S, S], 0 to 1."""
        drawn = np.zeros((self.size, self.size), np.uint8)
        ends = np.rint([self.start, self.start + self.along * 2 * self.size]).astype(np.int32)
        cv2.polylines(drawn, [ends], False, 255, max(1, round(self.thick)), cv2.LINE_AA)
        return drawn.astype(np.float32) / np.float32(255)

    def bare(self, tone: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Skin of one tone (BGR), darker to the arm's sides: uint8 [S, S, 3]."""
        rows, columns = np.indices((self.size, self.size), dtype=np.float32)
        aside = (columns - self.start[0]) * self.along[1] - (rows - self.start[1]) * self.along[0]
        shade = 1.0 - SHADED * np.clip(2 * aside / self.thick, -1, 1) ** 2
        return np.asarray(tone * shade[..., None], np.uint8)


def _arm_before(size: int, hand: Cutout, matrix: NDArray[np.float64]) -> _Arm:
    assert hand.arm is not None
    scale = math.hypot(matrix[0, 0], matrix[0, 1])
    stub = np.argwhere(hand.mask == ARM)
    start = matrix @ (*stub.mean(0)[::-1], 1.0)
    # The stub is about as long as wide; where it is hardly seen, the arm is as a hand needs it at least.
    thick = math.sqrt(max(len(stub), THIN * np.count_nonzero(hand.mask)))
    return _Arm(size, start, matrix[:, :2] @ hand.arm / scale, thick * scale)
