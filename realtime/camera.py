"""Cameras and network streams: opened, kept open through every loss, their frames put in order."""

from __future__ import annotations

import os
import platform
import sys
import threading
import time as clock
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

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
# FFmpeg's number for no words at all.
FFMPEG_LOG = "OPENCV_FFMPEG_LOGLEVEL", "-8"
# Where Linux lists its cameras, and how many numbers are tried where nothing lists them.
LINUX_CAMERAS, PROBED_CAMERAS = Path("/sys/class/video4linux"), 5
REASONS = {
    "linux": "close the programs that may use it (a video call, a browser tab)",
    "darwin": (
        "close the programs that may use it, and allow your terminal the camera in "
        "System Settings > Privacy & Security > Camera"
    ),
    "win32": (
        "close the programs that may use it, and let desktop apps use the camera in "
        "Settings > Privacy & security > Camera"
    ),
}


@dataclass(frozen=True)
class Shot:
    """A live picture: uint8 [H, W, 3] BGR, its time in seconds and what the user should know of it, or None.

    Times grow, except where a source begins again (a looped file).
    """

    frame: NDArray[np.uint8]
    time: float
    note: str | None = None


@dataclass(frozen=True)
class CameraInfo:
    """A camera of this system: what ``--source`` takes (an index), its name and its device file, if any."""

    index: int
    name: str
    path: str | None = None


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
    _quiet()
    os.environ.setdefault(*V4L_TIMEOUT)
    return Camera(
        f"camera {found.name}",
        lambda: _device_capture(found, wishes),
        lambda: _trouble(found),
    )


def open_stream(url: str) -> Camera:
    """A network stream (rtsp, http, udp...). Raises UserError."""
    _quiet()
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


def list_cameras(probe: bool = False) -> list[CameraInfo]:
    """The cameras of this system. Only Linux lists them; elsewhere ``probe`` opens the first few numbers."""
    if LINUX_CAMERAS.is_dir():
        return _listed_cameras(LINUX_CAMERAS)
    if not probe or platform.system() == "Linux":
        return []
    _quiet()
    found = []
    for index in range(PROBED_CAMERAS):
        capture = cv2.VideoCapture(index)
        if capture.isOpened():
            found.append(CameraInfo(index, f"camera {index}"))
        capture.release()
    return found


def find_camera(device: int | str, cameras: list[CameraInfo] | None = None) -> CameraInfo:
    """The camera that is meant by an index, a device file or a part of a name. Raises UserError."""
    cameras = list_cameras() if cameras is None else cameras
    if isinstance(device, str) and device.isdecimal():
        device = int(device)
    if isinstance(device, int):
        known = next((camera for camera in cameras if camera.index == device), None)
        path = f"/dev/video{device}" if sys.platform.startswith("linux") else None
        return known or CameraInfo(device, str(device), path)
    if device.startswith("/dev/"):
        resolved = str(Path(device).resolve())
        known = next((camera for camera in cameras if camera.path == resolved), None)
        number = resolved.removeprefix("/dev/video")
        return known or CameraInfo(int(number) if number.isdecimal() else -1, device, device)
    matching = [camera for camera in cameras if device.lower() in camera.name.lower()]
    if not matching:
        names = ", ".join(f"{camera.index} ({camera.name})" for camera in cameras) or "none is listed"
        raise UserError(
            f"There is no camera, file or stream '{device}' (cameras: {names}); "
            "`animirror doctor` lists the cameras."
        )
    return matching[0]


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


def _trouble(camera: CameraInfo) -> str:
    """Why a camera gives no picture, and what to do, in one sentence."""
    path = camera.path
    if path is not None and not Path(path).exists():
        others = ", ".join(other.path or str(other.index) for other in list_cameras()) or "none"
        return (
            f"There is no camera {path} (there are: {others}): connect it, or choose another --source "
            "(a file, demo); `animirror doctor` lists the cameras."
        )
    if path is not None and not os.access(path, os.R_OK | os.W_OK):
        return (
            f"You may not open the camera {path}: add yourself to its group with "
            "`sudo usermod -aG video $USER` and log in again."
        )
    advice = REASONS.get(sys.platform, REASONS["linux"])
    return f"The camera {path or camera.name} gives no picture; it is absent or busy: {advice}."


def _listed_cameras(folder: Path) -> list[CameraInfo]:
    found = []
    for entry in folder.glob("video*"):
        # A camera has further device files for its metadata; the one with index 0 gives pictures.
        if entry.name[5:].isdecimal() and _text(entry / "index", "0") == "0":
            number = int(entry.name[5:])
            found.append(CameraInfo(number, _text(entry / "name", entry.name), f"/dev/{entry.name}"))
    return sorted(found, key=lambda camera: camera.index)


def _quiet() -> None:
    """Let OpenCV be silent about what cannot be opened: we say it ourselves, once and not every second."""
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    os.environ.setdefault(*FFMPEG_LOG)


def _text(path: Path, fallback: str) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return fallback
