import sys
from pathlib import Path

import pytest

from animirror.realtime import devices
from animirror.realtime.camera import Wishes, open_camera
from animirror.realtime.devices import CameraInfo, find_camera, list_cameras, trouble_with
from animirror.realtime.errors import UserError


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="device files are Linux's")
def test_absent_forbidden_and_busy_cameras(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match=r"no camera /dev/video87 .*doctor"):
        open_camera(87, Wishes())
    path = tmp_path / "video0"
    path.touch()
    busy = trouble_with(CameraInfo(0, "C920", str(path)))
    assert "absent or busy: close the programs" in busy
    monkeypatch.setattr(devices.os, "access", lambda *_: False)
    assert "usermod -aG video" in trouble_with(CameraInfo(0, "C920", str(path)))


def test_cameras_are_listed_and_found_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, index, name in ((0, 0, "HD Webcam C920"), (1, 1, "HD Webcam C920"), (10, 0, "OBS Virtual")):
        folder = tmp_path / f"video{number}"
        folder.mkdir()
        (folder / "index").write_text(f"{index}\n")
        (folder / "name").write_text(f"{name}\n")
    monkeypatch.setattr(devices, "LINUX_CAMERAS", tmp_path)
    found = list_cameras()
    assert [(camera.index, camera.path) for camera in found] == [(0, "/dev/video0"), (10, "/dev/video10")]
    assert find_camera("webcam", found).index == 0
    assert find_camera("10", found).name == "OBS Virtual"
    assert find_camera(3, found).index == 3
    assert find_camera("/dev/video10", found).name == "OBS Virtual"
    with pytest.raises(UserError, match=r"no camera, file or stream 'elgato' .*10 \(OBS Virtual\)"):
        find_camera("elgato", found)
