"""The virtual camera: other programs see the picture as a webcam's, at a steady pace."""

from __future__ import annotations

import sys
import threading
import time as clock

import numpy as np
import pyvirtualcam
from numpy.typing import NDArray

from animirror.realtime.errors import UserError
from animirror.realtime.pipeline import Packet
from animirror.realtime.sources import letterboxed
from animirror.realtime.view import View

# A new picture is sent at once, but not sooner than this share of a period after the last one: those who
# watch take pictures at the camera's rate, and would miss one of two that come together.
SOONEST = 0.7
INSTALL = {
    "linux": (
        "install v4l2loopback (Debian, Ubuntu: sudo apt install v4l2loopback-dkms) and load it with "
        "`sudo modprobe v4l2loopback devices=1 video_nr=10 card_label=AniMirror exclusive_caps=1`"
    ),
    "darwin": (
        "install OBS Studio 30 or newer from obsproject.com, press its Start Virtual Camera once, allow its "
        "system extension, and quit it"
    ),
    "win32": "install OBS Studio from obsproject.com (its virtual camera comes with it), or Unity Capture",
}


class VirtualCamera:
    """A pipeline.Sink of views that shows them as a webcam, ``rate`` times a second.

    When pictures are late, the last one is sent again, by a thread of its own. The camera's size is
    ``width`` x ``height`` made even, as video formats want it; other sizes are fitted into it. ``device``: as
    pyvirtualcam takes it; None: the first that is free. Raises UserError, with what to install, where there
    is none.
    """

    name = "camera"

    def __init__(self, width: int, height: int, rate: float, device: str | None = None) -> None:
        self.size = max(2, width - width % 2), max(2, height - height % 2)
        self._period = 1.0 / rate
        try:
            self._camera = pyvirtualcam.Camera(
                *self.size, rate, fmt=pyvirtualcam.PixelFormat.BGR, device=device
            )
        except (RuntimeError, OSError) as error:
            raise UserError(missing(str(error), device)) from error
        self.device = self._camera.device
        self._changed = threading.Condition()
        self._fresh: NDArray[np.uint8] | None = None
        self._closing = False
        self._error: Exception | None = None
        self._pacer = threading.Thread(target=self._pace, name="animirror-camera-pace", daemon=True)

    def write(self, packet: Packet[View]) -> None:
        """Hand a view to the pace thread. Raises what the camera raised since."""
        frame = packet.value.after
        width, height = self.size
        if frame.shape[1] - width in (0, 1) and frame.shape[0] - height in (0, 1):
            frame = frame[:height, :width]
        else:
            frame = letterboxed(frame, width, height)
        with self._changed:
            self._fresh = np.ascontiguousarray(frame)
            self._changed.notify_all()
        if self._pacer.ident is None:
            self._pacer.start()
        self._check()

    def close(self) -> None:
        """End the pace and let the camera go."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._pacer.ident is not None:
            self._pacer.join()
        self._camera.close()
        self._check()

    def _check(self) -> None:
        if self._error is not None:
            raise UserError(f"The virtual camera {self.device} takes no more pictures: {self._error}.")

    def _pace(self) -> None:
        frame, last = None, -self._period
        try:
            while True:
                with self._changed:
                    soonest = last + SOONEST * self._period - clock.perf_counter()
                    self._changed.wait_for(lambda: self._closing, max(0.0, soonest))
                    latest = last + self._period - clock.perf_counter()
                    self._changed.wait_for(lambda: self._closing or self._fresh is not None, max(0.0, latest))
                    if self._closing:
                        return
                    frame, self._fresh = self._fresh if self._fresh is not None else frame, None
                if frame is not None:
                    last = clock.perf_counter()
                    self._camera.send(frame)
        except Exception as error:  # any backend's; raised to the pipeline by the next write
            self._error = error


def missing(reasons: str, device: str | None = None) -> str:
    """What to do where no virtual camera can be opened, in one sentence; ``reasons``: the backends' own."""
    told = "; ".join(line.strip().rstrip(".") for line in reasons.splitlines() if line.strip())
    which = f"the virtual camera {device}" if device else "a virtual camera"
    advice = INSTALL.get(sys.platform, INSTALL["linux"])
    return f"Cannot open {which}: {advice} ({told})."
