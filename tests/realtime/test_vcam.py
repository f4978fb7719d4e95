"""The virtual camera, through a backend of our own."""

import sys
import threading
import time
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import pytest
import pyvirtualcam
from pyvirtualcam import camera as backends

from animirror.realtime import vcam
from animirror.realtime.controls import Controls
from animirror.realtime.errors import UserError
from animirror.realtime.pipeline import Packet
from animirror.realtime.vcam import VirtualCamera
from animirror.realtime.view import View


class Loopback:
    """A backend as pyvirtualcam describes it; keeps what was sent and when."""

    opened: ClassVar[list["Loopback"]] = []

    def __init__(self, *, width: int, height: int, fps: float, fourcc: int, device: str | None) -> None:
        if device == "busy":
            raise RuntimeError("device busy is in use")
        # libyuv's 24BG: three bytes a pixel, blue first in memory.
        assert fourcc == int.from_bytes(b"24BG", "little")
        self.size, self.fps, self.broken = (width, height), fps, False
        self.sent: list[tuple[float, np.ndarray]] = []
        self.closings = 0
        Loopback.opened.append(self)

    def send(self, frame: np.ndarray) -> None:
        if self.broken:
            raise RuntimeError("unplugged")
        self.sent.append((time.perf_counter(), frame.reshape(self.size[1], self.size[0], 3).copy()))

    def close(self) -> None:
        self.closings += 1

    def device(self) -> str:
        return "loopback"

    def native_fourcc(self) -> int | None:
        return None


@pytest.fixture(autouse=True)
def _backend(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(backends, "BACKENDS", {})
    pyvirtualcam.register_backend("loopback", Loopback)
    Loopback.opened.clear()
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


def packet(frame: np.ndarray, number: int = 0) -> Packet[View]:
    return Packet(View(frame, frame, None, Controls(), 0.0), time.perf_counter(), number)


def wait_for(condition: Any) -> None:
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    assert condition()


def test_red_arrives_red() -> None:
    sink = VirtualCamera(64, 48, 30)
    (camera,) = Loopback.opened
    red = np.zeros((48, 64, 3), np.uint8)
    red[..., 2] = 255  # BGR
    sink.write(packet(red))
    wait_for(lambda: camera.sent)
    sink.close()
    assert (camera.sent[0][1] == (0, 0, 255)).all()
    assert (camera.size, camera.fps, camera.closings) == ((64, 48), 30, 1)


def test_the_pace_is_kept_when_no_pictures_come() -> None:
    sink = VirtualCamera(64, 48, 50)
    (camera,) = Loopback.opened
    sink.write(packet(np.full((48, 64, 3), 7, np.uint8)))
    time.sleep(1.0)
    sink.close()
    assert 40 <= len(camera.sent) <= 52
    assert all((frame == 7).all() for _, frame in camera.sent)


def test_pictures_that_come_too_fast_are_thinned_and_the_newest_wins() -> None:
    sink = VirtualCamera(64, 48, 25)
    (camera,) = Loopback.opened
    start = time.perf_counter()
    for index in range(200):
        sink.write(packet(np.full((48, 64, 3), index, np.uint8)))
        time.sleep(0.004)
    seconds = time.perf_counter() - start
    wait_for(lambda: camera.sent[-1][1][0, 0, 0] == 199)
    sink.close()
    times = np.array([when for when, _ in camera.sent])
    values = [int(frame[0, 0, 0]) for _, frame in camera.sent]
    assert values == sorted(values)
    assert np.diff(times).min() > 0.6 / 25
    assert len(values) <= seconds * 25 / 0.7 + 3


@pytest.mark.parametrize(
    ("size", "expected"), [((65, 49), (64, 48)), ((64, 48), (64, 48)), ((641, 360), (640, 360))]
)
def test_sizes_are_made_even(size: tuple[int, int], expected: tuple[int, int]) -> None:
    sink = VirtualCamera(*size, 30)
    (camera,) = Loopback.opened
    sink.write(packet(np.full((size[1], size[0], 3), 5, np.uint8)))
    wait_for(lambda: camera.sent)
    sink.close()
    assert camera.size == expected
    assert (camera.sent[0][1] == 5).all()


def test_another_size_is_fitted_in() -> None:
    sink = VirtualCamera(64, 48, 30)
    (camera,) = Loopback.opened
    sink.write(packet(np.full((96, 64, 3), 200, np.uint8)))
    wait_for(lambda: camera.sent)
    sink.close()
    frame = camera.sent[0][1]
    assert (frame[:, :15] == 0).all()
    assert (frame[:, 20:44] == 200).all()


@pytest.mark.parametrize(
    ("system", "words"),
    [
        (
            "linux",
            "sudo modprobe v4l2loopback devices=1 video_nr=10 card_label=AniMirror exclusive_caps=1",
        ),
        ("darwin", "Start Virtual Camera"),
        ("win32", "Unity Capture"),
    ],
)
def test_a_missing_camera_says_what_to_install(
    system: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vcam.sys, "platform", system)
    with pytest.raises(UserError) as caught:
        VirtualCamera(64, 48, 30, device="busy")
    assert words in str(caught.value)
    assert "device busy is in use" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the backend of Linux")
def test_the_real_backend_without_a_device(monkeypatch: pytest.MonkeyPatch) -> None:
    real = pytest.importorskip("pyvirtualcam._native_linux_v4l2loopback")
    backends.BACKENDS.clear()
    pyvirtualcam.register_backend("v4l2loopback", real.Camera)
    with pytest.raises(UserError, match="exclusive_caps=1"):
        VirtualCamera(64, 48, 30, device="/dev/video93")


def test_a_camera_that_breaks_is_heard_of() -> None:
    sink = VirtualCamera(64, 48, 50)
    (camera,) = Loopback.opened
    frame = np.zeros((48, 64, 3), np.uint8)
    sink.write(packet(frame))
    wait_for(lambda: camera.sent)
    camera.broken = True
    wait_for(lambda: sink._error is not None)
    with pytest.raises(UserError, match="loopback takes no more pictures: unplugged"):
        sink.write(packet(frame))
    with pytest.raises(UserError, match="unplugged"):
        sink.close()
    assert camera.closings == 1


def test_a_camera_that_was_never_written_to_closes() -> None:
    VirtualCamera(64, 48, 30).close()
    assert Loopback.opened[0].closings == 1
