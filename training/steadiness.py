"""How steady a drawn video is: what changes from frame to frame besides what moves.

The warping error of Lai et al. (Learning Blind Video Temporal Consistency, ECCV 2018, section 4.2): the frame
before, moved along the optical flow of the real video, against this one, where nothing was covered or
uncovered.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.uint8]
Flow = NDArray[np.float32]

# Flow there and back that misses by more than this share of its squared length and this rest (square pixels)
# was covered or uncovered (Sundaram, Brox and Keutzer, ECCV 2010, equation 5).
MISSED_SHARE, MISSED_REST = 0.01, 0.5
# A pixel counts where the filter drew over it so far.
DRAWN = 0.5


@dataclass(frozen=True)
class Steadiness:
    """Mean absolute change besides motion, grey levels, of the video ``before`` and ``after`` drawing;

    ``frames``: pairs of frames with heads that were compared.
    """

    frames: int
    before: float
    after: float

    @property
    def ratio(self) -> float:
        """Below 1: steadier than the video itself; 0 where nothing changed."""
        return self.after / self.before if self.before > 0 else 0.0


def measure_steadiness(shots: Iterable[tuple[Frame, Frame, NDArray[np.float32]]]) -> Steadiness:
    """Compare frames with those before them, within the heads.

    ``shots``: in order, each frame as it was and as it was drawn (uint8 [H, W, 3] BGR) and where (float32
    [H, W] in 0..1). A frame of another size than the one before begins anew.
    """
    flows = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    last: tuple[Frame, Frame, Frame] | None = None
    frames, pixels, changed = 0, 0, np.zeros(2)
    for frame, drawn, mask in shots:
        grey = np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), np.uint8)
        if last is not None and last[2].shape == grey.shape and (mask > DRAWN).any():
            back = _flow(flows, grey, last[2])
            seen = _visible(back, _flow(flows, last[2], grey)) & (mask > DRAWN)
            if seen.any():
                for index, (now, earlier) in enumerate(((frame, last[0]), (drawn, last[1]))):
                    changed[index] += _change(now, moved(earlier, back))[seen].sum()
                frames, pixels = frames + 1, pixels + int(np.count_nonzero(seen))
        last = frame, drawn, grey
    before, after = changed / max(1, pixels)
    return Steadiness(frames, round(float(before), 4), round(float(after), 4))


def moved(values: NDArray[np.generic], flow: Flow) -> NDArray[np.float32]:
    """``values`` [H, W] or [H, W, C] taken from where ``flow`` (float32 [H, W, 2], x and y, px) points."""
    height, width = flow.shape[:2]
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    taken = cv2.remap(
        np.asarray(values, np.float32),
        columns + flow[..., 0],
        rows + flow[..., 1],
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(taken, np.float32)


def _flow(flows: cv2.DISOpticalFlow, start: Frame, end: Frame) -> Flow:
    return np.asarray(flows.calc(start, end, None), np.float32)  # type: ignore[call-overload]


def _visible(back: Flow, forth: Flow) -> NDArray[np.bool_]:
    there = moved(forth, back)
    missed = np.square(back + there).sum(axis=-1)
    length = np.square(back).sum(axis=-1) + np.square(there).sum(axis=-1)
    return np.asarray(missed <= MISSED_SHARE * length + MISSED_REST)


def _change(now: Frame, expected: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(np.abs(now.astype(np.float32) - expected).mean(axis=-1), np.float32)
