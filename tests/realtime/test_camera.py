"""Cameras by a scripted capture: losses, returns, odd frames; and the words for what goes wrong."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest

from animirror.realtime import camera as cameras
from animirror.realtime.camera import (
    Camera,
    Shot,
    in_order,
)
from animirror.realtime.errors import UserError
from animirror.realtime.pipeline import Packet, Pipeline, Step


@pytest.fixture(autouse=True)
def _no_lost_thread() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second takes a twentieth of one."""
    for name in ("REOPEN_SECONDS", "STALL_SECONDS", "HOLD_SECONDS", "EMPTY_PAUSE"):
        monkeypatch.setattr(cameras, name, getattr(cameras, name) / 20)


class Script:
    """Opens captures that follow a script: how many frames each life has; 0: it cannot be opened."""

    def __init__(self, *lives: int, frame: Callable[[int], object] | None = None) -> None:
        self.lives, self.opened, self.released, self.frames = list(lives), 0, 0, 0
        self.frame = frame or (lambda index: np.full((48, 64, 3), index % 250, np.uint8))

    def __call__(self) -> "ScriptedCapture":
        self.opened += 1
        return ScriptedCapture(self, self.lives.pop(0) if self.lives else 0)


class ScriptedCapture:
    def __init__(self, script: Script, frames: int) -> None:
        self.script, self.left = script, frames

    def isOpened(self) -> bool:  # noqa: N802
        return self.left > 0

    def read(self) -> tuple[bool, object]:
        if self.left == 0:
            return False, None
        self.left -= 1
        time.sleep(0.002)
        self.script.frames += 1
        return True, self.script.frame(self.script.frames)

    def get(self, prop: int) -> float:
        return 25.0 if prop == cv2.CAP_PROP_FPS else 0.0

    def release(self) -> None:
        self.script.released += 1


def scripted(script: Script) -> Camera:
    return Camera("camera test", script, lambda: "The camera test gives no picture.")


class Kept:
    name = "kept"

    def __init__(self) -> None:
        self.shots: list[Shot] = []

    def write(self, packet: Packet[Shot]) -> None:
        self.shots.append(packet.value)

    def close(self) -> None:
        pass


@pytest.mark.usefixtures("hurried")
def test_a_camera_dies_and_returns_ten_times() -> None:
    """Eleven lives, between them failed attempts to open it; the session never ends, no thread is lost."""
    lives = [20]
    for _ in range(10):
        lives += [0, 20]
    script, kept = Script(*lives), Kept()
    camera = scripted(script)
    pipeline: Pipeline[Shot] = Pipeline(
        camera, [[Step("same", lambda packet: packet.value)]], [kept], live=True
    )
    counts: list[int] = []

    def watch() -> None:
        deadline = time.monotonic() + 60
        while script.opened < 23 and time.monotonic() < deadline:
            counts.append(threading.active_count())
            time.sleep(0.02)
        pipeline.stop()

    watcher = threading.Thread(target=watch)
    watcher.start()
    pipeline.run()
    watcher.join()
    assert script.frames == 11 * 20
    assert script.released == script.opened >= 23
    assert len(set(counts[5:])) == 1  # lost threads would add up
    notes = [shot.note for shot in kept.shots]
    losses = sum(1 for a, b in itertools.pairwise(notes) if a is None and b is not None)
    assert losses >= 11
    assert all("camera test is lost" in note for note in notes if note is not None)
    for before, after in itertools.pairwise(kept.shots):
        assert after.time >= before.time
        if after.note is not None:
            assert np.array_equal(after.frame, before.frame)  # the last picture is held


def test_frames_come_in_order_and_young() -> None:
    camera = scripted(Script(50))
    ages, values = [], []
    start = None
    for shot in camera:
        start = start if start is not None else time.perf_counter() - shot.time
        ages.append(time.perf_counter() - start - shot.time)
        values.append(int(shot.frame[0, 0, 0]))
        if len(values) == 20:
            camera.stop()
    assert values == sorted(values)
    assert max(ages) < 0.1
    assert (camera.size, camera.rate) == ((64, 48), 25.0)


@pytest.mark.usefixtures("hurried")
def test_odd_frames_are_survived() -> None:
    odd = {
        2: np.zeros((48, 64), np.uint8) + 9,
        3: np.zeros((0, 0, 3), np.uint8),
        4: None,
        5: np.full((48, 64, 4), 7, np.uint8),
        6: np.full((48, 64, 1), 8, np.uint8),
        7: np.full((96, 128, 3), 77, np.uint8),
        8: np.full((48, 64), 0x4000, np.uint16),
        9: np.zeros((48, 64, 3), np.float32),
        10: np.full((48, 64, 3), 99, np.uint8),
    }
    camera = scripted(Script(11, frame=lambda index: odd.get(index, np.full((48, 64, 3), 1, np.uint8))))
    seen = set()
    for shot in camera:
        assert shot.frame.shape == (48, 64, 3)
        assert shot.frame.dtype == np.uint8
        seen.add(int(shot.frame[24, 32, 0]))
        if shot.note:
            break
    assert seen <= {1, 7, 8, 9, 0x40, 77, 99}
    assert len(seen) >= 5


def test_in_order() -> None:
    assert in_order(None) is None
    assert in_order(np.zeros((4, 4, 2), np.uint8)) is None
    grey = in_order(np.full((2, 3), 5, np.uint8))
    assert grey is not None
    assert grey.shape == (2, 3, 3)
    assert (grey == 5).all()


def test_a_read_that_throws_is_an_empty_frame() -> None:
    capture = ScriptedCapture(Script(1), 1)

    def broken() -> tuple[bool, object]:
        raise cv2.error("bad JPEG")

    capture.read = broken  # type: ignore[method-assign]
    assert cameras._read(capture) is None


def test_a_camera_without_a_picture_is_one_sentence_and_released(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cameras, "EMPTY_PAUSE", 0.0)
    script = Script(3, frame=lambda index: None)
    with pytest.raises(UserError, match="gives no picture"):
        scripted(script)
    assert (script.opened, script.released) == (1, 1)


def test_a_camera_that_is_never_iterated_is_let_go() -> None:
    script = Script(5)
    scripted(script).close()
    assert script.released == 1
