"""Where to cut a head's next crop: fast with the face, slow with the hair."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.realtime.regions import Box, Crop
from animirror.realtime.smoothing import OneEuro, mix

# Smoothing of the face's place and size, in units of the crop's side: half a Hz holds a talking head's crop
# still, and a head that crosses its own width in a second is followed within two frames.
CUTOFF, BETA, SPEED_CUTOFF = 0.6, 8.0, 5.0
# The smoothed place stays within this share of the side of the measured one: the margin of a head crop.
SLACK = 0.08
# How the crop stands around the face follows the hair, whose ends the segmenter knows less well, and in every
# crop differently: at once, the crop would swing between two opinions.
FRAMING_SECONDS = 0.6
# ... but not farther behind than this: shares of the face's size, and the logarithm of a ratio of sizes.
FRAMING_SLACK = np.array([0.35, 0.35, 0.35])
# Motion between two pictures of a crop: found on pictures of this side (pixels), believed up to this share of
# it and where so much of the spectrum agrees (cv2.phaseCorrelate's response: noise 0.1, heads 0.6 to 1).
MOTION_SIDE, MOST_MOTION, SURE_MOTION = 128, 0.15, 0.3
# The crop stays while it would move by less than this share of its side: in a still crop the drawing too.
HOLD = 0.004


class Follower:
    """One head's crops from frame to frame. The first answer is the first crop itself."""

    def __init__(self) -> None:
        self._filter = OneEuro(CUTOFF, BETA, SPEED_CUTOFF)
        # Offset of the crop's centre in face sizes, logarithm of its side in face sizes.
        self._framing: NDArray[np.float64] | None = None
        self._on_face = True
        self._crop: Crop | None = None

    def __call__(self, wanted: Crop, anchor: Box, on_face: bool, seconds: float) -> Crop:
        """The crop for the next frame, on whole pixels.

        ``wanted``: the crop that fits this frame (frame coordinates); ``anchor``: box of the face or, where
        none is seen (``on_face`` False), of the head; ``seconds`` since the last call. Speeds count in sides
        per second, so distance does not matter.
        """
        measured = np.array([*anchor.center, (anchor.width + anchor.height) / 2])
        if self._framing is not None and on_face != self._on_face and self._crop is not None:
            # Another anchor: the crop goes on from where it is.
            self._framing = _framing(self._crop, measured)
            self._filter = OneEuro(CUTOFF, BETA, SPEED_CUTOFF)
        self._on_face = on_face
        slack = SLACK * wanted.side
        smooth = np.clip(self._filter(measured, seconds, wanted.side), measured - slack, measured + slack)
        target = _framing(wanted, measured)
        if self._framing is None:
            self._framing = target
        self._framing = self._framing + mix(seconds, FRAMING_SECONDS) * (target - self._framing)
        self._framing = np.clip(self._framing, target - FRAMING_SLACK, target + FRAMING_SLACK)
        lead = self._filter.speed[:2] * seconds  # a lead in size would only add noise
        x, y = smooth[:2] + lead + self._framing[:2] * smooth[2]
        self._crop = self._held(Crop(float(x), float(y), float(smooth[2] * math.exp(self._framing[2]))))
        return self._crop

    def _held(self, crop: Crop) -> Crop:
        # A whole pixel is the smallest step there is: a crop that wavers between two stays on the first.
        if self._crop is not None and difference(crop, self._crop) < max(HOLD, 1.0 / crop.side):
            return self._crop
        return on_whole_pixels(crop)


def on_whole_pixels(crop: Crop) -> Crop:
    """The nearest crop whose edges are whole numbers.

    The drawing then goes back to exactly where it was cut out, by resizing alone.
    """
    side = max(1, round(crop.side))
    left, top = round(crop.center_x - side / 2), round(crop.center_y - side / 2)
    return Crop(left + side / 2, top + side / 2, float(side))


def motion(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> tuple[float, float]:
    """By how much of its side what is in the middle of a square moved, to the right and down; 0 if unsure.

    Phase correlation (Kuglin and Hines, 1975). Both: uint8 [S, S, 3] BGR.
    """
    size = (MOTION_SIDE, MOTION_SIDE)
    first, second = (
        cv2.cvtColor(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
        for picture in (before, after)
    )
    window = cv2.createHanningWindow(size, cv2.CV_32F)
    (x, y), response = cv2.phaseCorrelate(first.astype(np.float32), second.astype(np.float32), window)
    x, y = x / MOTION_SIDE, y / MOTION_SIDE
    return (x, y) if response >= SURE_MOTION and max(abs(x), abs(y)) <= MOST_MOTION else (0.0, 0.0)


def difference(a: Crop, b: Crop) -> float:
    """How far apart two crops are (centres or sides), as a share of the side."""
    return max(abs(a.center_x - b.center_x), abs(a.center_y - b.center_y), abs(a.side - b.side)) / b.side


def _framing(crop: Crop, measured: NDArray[np.float64]) -> NDArray[np.float64]:
    x, y, size = measured
    return np.array([(crop.center_x - x) / size, (crop.center_y - y) / size, math.log(crop.side / size)])
