"""Cameras and network streams: opened, kept open through every loss, their frames put in order."""

from __future__ import annotations

import os
import threading
import time as clock
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.realtime.devices import CameraInfo, find_camera, quiet, trouble_with
from animirror.realtime.errors import UserError
from animirror.realtime.sources import letterboxed

# A camera that is gone is asked for this often, seconds.
REOPEN_SECONDS = 1.0
# Without a new frame for this long (seconds) the last one is shown again, with a note, this often.
STALL_SECONDS, HOLD_SECONDS = 0.7, 0.1
# Cameras answer with empty frames while they start or change their exposure; so many in a row are a loss.
EMPTY_FRAMES, EMPTY_PAUSE = 30, 0.02
# How long the end waits for a driver that hangs.
GRACE_SECONDS = 0.8
# For cameras that do not tell their rate.
FALLBACK_RATE = 30.0
# OpenCV waits 10 s for a V4L2 frame if not told otherwise; a pulled cable must be seen sooner (seconds).
V4L_TIMEOUT = "OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "2"
STREAM_TIMEOUT_MS = 5000


@dataclass(frozen=True)
class Shot:
    """A live picture: uint8 [H, W, 3] BGR, its time in seconds and what the user should know of it, or None.

    Times grow, except where a source begins again (a looped file).
    """

    frame: NDArray[np.uint8]
    time: float
    note: str | None = None


@dataclass(frozen=True)
class Wishes:
    """What is asked of a camera; it may have other ideas. None: what it likes best."""

    size: tuple[int, int] | None = None
    rate: float | None = None


class Capture(Protocol):
    """What Camera needs of a cv2.VideoCapture."""

    def isOpened(self) -> bool: ...  # noqa: N802 (OpenCV's name)

    def read(self) -> tuple[bool, Any]: ...

    def get(self, prop: int, /) -> float: ...

    def release(self) -> None: ...


class Camera:
    """A camera or stream as an endless source of :class:`Shot`, all in the size of the first frame.

    A thread reads it without pause, so that no driver's buffer makes frames old. When it is lost, the last
    picture comes with a note, and it is opened again every second until it is back. Opening raises UserError
    with ``trouble`` where there is no picture in the first place. ``open_capture`` opens the device.
    """

    def __init__(self, name: str, open_capture: Callable[[], Capture], trouble: Callable[[], str]) -> None:
        self.name = name
        self._open_capture = open_capture
        self._stopped = threading.Event()
        self._fresh = threading.Condition()
        self._newest: tuple[NDArray[np.uint8], float] | None = None
        capture = self._open()
        first = self._first_frame(capture) if capture is not None else None
        if capture is None or first is None:
            if capture is not None:
                capture.release()
            raise UserError(trouble())
        self._capture: Capture | None = capture
        self._first = first
        self.size = (first.shape[1], first.shape[0])
        self.rate = _told_rate(capture)

    def __iter__(self) -> Iterator[Shot]:
        grabber = threading.Thread(target=self._grab, name=f"animirror-grab-{self.name}", daemon=True)
        grabber.start()
        start, frame, seen = clock.perf_counter(), self._first, clock.perf_counter()
        try:
            while not self._stopped.is_set():
                newest = self._next(HOLD_SECONDS)
                if newest is not None:
                    frame, seen = newest
                    yield Shot(frame, seen - start)
                elif clock.perf_counter() - seen > STALL_SECONDS:
                    lost = f"{self.name} is lost: looking for it"
                    yield Shot(frame, clock.perf_counter() - start, lost)
        finally:
            self.stop()
            grabber.join(GRACE_SECONDS)

    def stop(self) -> None:
        """End the iteration; from any thread."""
        self._stopped.set()
        with self._fresh:
            self._fresh.notify_all()

    def close(self) -> None:
        """Let the camera go where the iteration never began (else it does that itself)."""
        self.stop()
        capture, self._capture = self._capture, None
        if capture is not None:
            capture.release()

    def _next(self, timeout: float) -> tuple[NDArray[np.uint8], float] | None:
        with self._fresh:
            self._fresh.wait_for(lambda: self._newest is not None or self._stopped.is_set(), timeout)
            newest, self._newest = self._newest, None
        return newest

    def _grab(self) -> None:
        """Read for as long as the camera is wanted; open it again whenever it is gone."""
        capture, self._capture = self._capture, None
        while not self._stopped.is_set():
            if capture is not None:
                self._read_on(capture)
                capture.release()
            if not self._stopped.wait(REOPEN_SECONDS):
                capture = self._open()
        # Opened in the moment of the end.
        if capture is not None:
            capture.release()

    def _read_on(self, capture: Capture) -> None:
        """Hand on frames until there are none for a while."""
        empty = 0
        while empty < EMPTY_FRAMES and not self._stopped.is_set():
            frame = _read(capture)
            if frame is None:
                empty += 1
                self._stopped.wait(EMPTY_PAUSE)
                continue
            empty = 0
            if (frame.shape[1], frame.shape[0]) != self.size:
                frame = letterboxed(frame, *self.size)
            with self._fresh:
                self._newest = frame, clock.perf_counter()
                self._fresh.notify_all()

    def _open(self) -> Capture | None:
        try:
            capture = self._open_capture()
        except cv2.error:
            return None
        if capture.isOpened():
            return capture
        capture.release()
        return None

    def _first_frame(self, capture: Capture) -> NDArray[np.uint8] | None:
        for _ in range(EMPTY_FRAMES):
            frame = _read(capture)
            if frame is not None:
                return frame
            clock.sleep(EMPTY_PAUSE)
        return None


def open_camera(device: int | str, wishes: Wishes) -> Camera:
    """A camera by its index, device file or (on Linux) a part of its name. Raises UserError."""
    found = find_camera(device)
    quiet()
    os.environ.setdefault(*V4L_TIMEOUT)
    return Camera(
        f"camera {found.name}",
        lambda: _device_capture(found, wishes),
        lambda: trouble_with(found),
    )


def open_stream(url: str) -> Camera:
    """A network stream (rtsp, http, udp...). Raises UserError."""
    quiet()
    timeouts = [
        cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
        STREAM_TIMEOUT_MS,
        cv2.CAP_PROP_READ_TIMEOUT_MSEC,
        STREAM_TIMEOUT_MS,
    ]
    return Camera(
        "the stream",
        lambda: cv2.VideoCapture(url, cv2.CAP_FFMPEG, timeouts),
        lambda: f"The stream {url} gives no picture: check its address, the network and that it is running.",
    )


def in_order(frame: Any) -> NDArray[np.uint8] | None:
    """Any captured picture as uint8 [H, W, 3] BGR: grey, with alpha, 16-bit; None where it is none."""
    if not isinstance(frame, np.ndarray) or frame.size == 0 or frame.ndim not in (2, 3):
        return None
    if frame.dtype == np.uint16:
        frame = (frame >> 8).astype(np.uint8)
    if frame.dtype != np.uint8:
        return None
    channels = 1 if frame.ndim == 2 else frame.shape[2]
    if channels == 1:
        frame = cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR)
    elif channels == 4:
        frame = cv2.cvtColor(frame, cv2.COLOR_BGRA2BGR)
    elif channels != 3:
        return None
    return np.ascontiguousarray(frame)


def _read(capture: Capture) -> NDArray[np.uint8] | None:
    try:
        good, frame = capture.read()
    except cv2.error:  # a damaged JPEG of the camera's
        return None
    return in_order(frame) if good else None


def _device_capture(camera: CameraInfo, wishes: Wishes) -> Capture:
    if camera.path is not None:
        capture = cv2.VideoCapture(camera.index if camera.index >= 0 else camera.path, cv2.CAP_V4L2)
    else:
        capture = cv2.VideoCapture(camera.index)
    if capture.isOpened():
        # The order matters: uncompressed, USB has no room for 30 large frames a second.
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        if wishes.size is not None:
            capture.set(cv2.CAP_PROP_FRAME_WIDTH, wishes.size[0])
            capture.set(cv2.CAP_PROP_FRAME_HEIGHT, wishes.size[1])
        if wishes.rate is not None:
            capture.set(cv2.CAP_PROP_FPS, wishes.rate)
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    return capture


def _told_rate(capture: Capture) -> float:
    rate = capture.get(cv2.CAP_PROP_FPS)
    return rate if 1.0 <= rate <= 1000.0 else FALLBACK_RATE
