"""One picture of the webcam, once it has found its exposure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from animirror.realtime.camera import Wishes, open_camera
from animirror.realtime.devices import list_cameras

# Cameras need about a second to set exposure and white balance.
SETTLE_SECONDS = 1.0
# What most cameras can give as a still picture of somebody before them.
SIZE = (1280, 720)


def take() -> NDArray[np.uint8]:
    """A picture of the first camera, uint8 [H, W, 3] BGR; waits a second. Raises UserError where none is."""
    cameras = list_cameras()
    camera = open_camera(cameras[0].index if cameras else 0, Wishes(SIZE))
    try:
        for shot in camera:
            if shot.time >= SETTLE_SECONDS:
                return shot.frame
        raise RuntimeError("a camera's pictures end only when they are told to")
    finally:
        camera.close()
