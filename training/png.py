"""PNG files that are there whole or not at all."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray


def write_png(path: Path, picture: NDArray[np.uint8]) -> None:
    """A picture (uint8 [H, W, 3] BGR) or mask (uint8 [H, W]), written beside and then renamed. OSError."""
    beside = path.with_suffix(".tmp")
    beside.write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    beside.replace(path)
