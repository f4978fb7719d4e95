"""The webcam's one picture."""

import time
from typing import Any

import numpy as np
import pytest

from animirror.realtime.camera import Camera
from animirror.realtime.errors import UserError
from animirror.realtime.studio import snapshot


class Webcam:
    """A cv2.VideoCapture that becomes brighter with time, as cameras do."""

    released = 0

    def __init__(self) -> None:
        self.begun = time.perf_counter()

    def isOpened(self) -> bool:  # noqa: N802 (OpenCV's name)
        return True

    def read(self) -> tuple[bool, Any]:
        time.sleep(0.01)
        level = min(200, int(400 * (time.perf_counter() - self.begun)))
        return True, np.full((48, 64, 3), level, np.uint8)

    def get(self, prop: int, /) -> float:
        return 30.0

    def release(self) -> None:
        Webcam.released += 1


def test_the_picture_is_taken_once_the_camera_has_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "open_camera", lambda *_: Camera("test", Webcam, lambda: "none"))
    monkeypatch.setattr(Webcam, "released", 0)
    assert (snapshot.take() == 200).all()
    deadline = time.monotonic() + 30
    while Webcam.released == 0 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert Webcam.released


def test_no_camera_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "list_cameras", list)

    def none(*_: object) -> Camera:
        raise UserError("There is no camera")

    monkeypatch.setattr(snapshot, "open_camera", none)
    with pytest.raises(UserError, match="no camera"):
        snapshot.take()
