"""Which cameras this system has, which one is meant, and what to do where one gives no picture."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path

import cv2

from animirror.realtime.errors import UserError

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
class CameraInfo:
    """A camera of this system: what ``--source`` takes (an index), its name and its device file, if any."""

    index: int
    name: str
    path: str | None = None


def list_cameras(probe: bool = False) -> list[CameraInfo]:
    """The cameras of this system. Only Linux lists them; elsewhere ``probe`` opens the first few numbers."""
    if LINUX_CAMERAS.is_dir():
        return _listed_cameras(LINUX_CAMERAS)
    if not probe or platform.system() == "Linux":
        return []
    quiet()
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


def trouble_with(camera: CameraInfo) -> str:
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


def quiet() -> None:
    """Let OpenCV be silent about what cannot be opened: we say it ourselves, once and not every second."""
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    os.environ.setdefault(*FFMPEG_LOG)


def _listed_cameras(folder: Path) -> list[CameraInfo]:
    found = []
    for entry in folder.glob("video*"):
        # A camera has further device files for its metadata; the one with index 0 gives pictures.
        if entry.name[5:].isdecimal() and _text(entry / "index", "0") == "0":
            number = int(entry.name[5:])
            found.append(CameraInfo(number, _text(entry / "name", entry.name), f"/dev/{entry.name}"))
    return sorted(found, key=lambda camera: camera.index)


def _text(path: Path, fallback: str) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return fallback
