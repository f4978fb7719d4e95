"""Drawings held steady over time: what stands still in the picture stands still in its drawing.

A generator decides anew in every frame, by a camera's noise, where a line runs and where a lock of hair has
its light. Where the picture shows the same as before at the same place, the drawing is averaged with the last
one; where anything moves or changes it is the new one alone, so that nothing lags, smears or goes soft. As in
Lai et al. (Learning Blind Video Temporal Consistency, ECCV 2018, section 3.2) the last picture, moved along
the optical flow, tells where; here the average is enough, without a network.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.realtime.regions import Crop, resampled
from animirror.realtime.smoothing import mix

# Still places are averaged over this time. Over twice as much flickers no less: what is left is where
# something moves.
HOLD_SECONDS = 0.12
# A place is still that moves by less than the first in a frame, px of 256; from the second on it moves.
STILL, MOVING = 0.3, 0.9
# ... and that changed by less than the first, grey levels; from the second on it shows something else.
SAME, CHANGED = 4.0, 12.0
# Flow is measured in pictures of this side, px; changes are averaged over so much of them, against noise.
SIDE, AROUND = 128, 1.5
# Drawn lines lie beside what they were drawn from: nothing is held with a change in a square of this, px.
APART = 7


@dataclass(frozen=True)
class _Last:
    """A frame's drawing (uint8 [S, S, 3] BGR), what was drawn (uint8 [SIDE, SIDE] grey), and where."""

    drawing: NDArray[np.uint8]
    shown: NDArray[np.uint8]
    crop: Crop


class HeldDrawing:
    """The drawing of one head from frame to frame."""

    def __init__(self) -> None:
        self._flows: cv2.DISOpticalFlow | None = None
        self._last: _Last | None = None

    def __call__(
        self, drawing: NDArray[np.uint8], shown: NDArray[np.uint8], crop: Crop, seconds: float
    ) -> NDArray[np.uint8]:
        """The drawing (uint8 [S, S, 3] BGR) held, ``seconds`` after the frame before (0: there is none).

        ``shown``: uint8 [S, S, 3] BGR, what was drawn; ``crop``: where in the frame.
        """
        grey = cv2.cvtColor(shown, cv2.COLOR_BGR2GRAY)
        small = np.asarray(cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)
        if self._last is not None and seconds > 0:
            drawing = self._held(drawing, small, crop, self._last, seconds)
        self._last = _Last(drawing, small, crop)
        return drawing

    def _held(
        self,
        drawing: NDArray[np.uint8],
        small: NDArray[np.uint8],
        crop: Crop,
        last: _Last,
        seconds: float,
    ) -> NDArray[np.uint8]:
        to_last = _between(crop, last.crop)
        inverse = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        before = np.asarray(
            cv2.warpAffine(last.shown, to_last, (SIDE, SIDE), flags=inverse, borderMode=cv2.BORDER_REPLICATE),
            np.uint8,
        )
        flow = self._flow(small, before)
        speed = _averaged(cv2.magnitude(flow[0], flow[1])) * np.float32(256 / SIDE)
        still = _falling(speed, STILL, MOVING)
        if not still.any():
            return drawing
        places = np.mgrid[0:SIDE, 0:SIDE][::-1].astype(np.float32) + flow
        known = _taken(before, places, cv2.INTER_LINEAR)
        change = _averaged(cv2.absdiff(small, known).astype(np.float32))
        same = cv2.erode(still * _falling(change, SAME, CHANGED), np.ones((APART, APART), np.uint8))
        weight = resampled(same * np.float32(1.0 - mix(seconds, HOLD_SECONDS)), len(drawing))
        held = _taken(last.drawing, _sources(places, to_last, len(last.drawing), len(drawing)))
        return np.asarray(cv2.blendLinear(held, drawing, weight, 1.0 - weight), np.uint8)

    def _flow(self, now: NDArray[np.uint8], before: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Where each place of a grey picture was ``before``: float32 [2, SIDE, SIDE], x and y, px."""
        if self._flows is None:
            self._flows = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        flow = self._flows.calc(now, before, None)  # type: ignore[call-overload]
        return np.ascontiguousarray(np.moveaxis(flow, -1, 0), np.float32)


def _between(crop: Crop, last: Crop) -> NDArray[np.float64]:
    """Places in pictures of SIDE px of one crop -> in those of the last one: float64 [2, 3]."""
    return np.asarray(last.to_crop(SIDE) @ np.vstack([crop.to_frame(SIDE), (0.0, 0.0, 1.0)]), np.float64)


def _sources(
    places: NDArray[np.float32], to_last: NDArray[np.float64], last: int, size: int
) -> NDArray[np.float32]:
    """For each pixel of a drawing of ``size`` its place in the last one, of ``last`` px: [2, size, size]."""
    moved = np.tensordot(to_last[:, :2], places, 1) + to_last[:, 2, None, None]
    moved = ((moved + 0.5) * (last / SIDE) - 0.5).astype(np.float32)
    return np.stack([resampled(plane, size) for plane in moved])


def _taken(
    values: NDArray[np.uint8], places: NDArray[np.float32], way: int = cv2.INTER_CUBIC
) -> NDArray[np.uint8]:
    """The values at places (x and y); cubic, since averages of averages of linear ones go soft."""
    taken = cv2.remap(values, places[0], places[1], way, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(taken, np.uint8)


def _averaged(values: NDArray[np.floating] | cv2.Mat) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), AROUND), np.float32)


def _falling(values: NDArray[np.float32], first: float, last: float) -> NDArray[np.float32]:
    """1 up to ``first``, 0 from ``last`` on."""
    return np.clip((last - values) / np.float32(last - first), 0.0, 1.0)
