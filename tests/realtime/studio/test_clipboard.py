"""Pictures into the clipboard: the real one of a virtual display, stand-ins for each system's program."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from animirror.realtime.errors import UserError
from animirror.realtime.studio.clipboard import copy_png

pytestmark = pytest.mark.skipif(os.name != "posix", reason="programs are shell scripts here")


def pretend(folder: Path, name: str, ends: int = 0) -> None:
    program = folder / name
    program.write_text(
        f'#!/bin/sh\necho "$@" > "{folder}/arguments"\ncat > "{folder}/content"\nexit {ends}\n'
    )
    program.chmod(0o755)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    return tmp_path


def test_xclip_gets_the_png(programs: Path) -> None:
    pretend(programs, "xclip")
    copy_png(b"\x89PNG picture")
    assert (programs / "content").read_bytes() == b"\x89PNG picture"
    assert (programs / "arguments").read_text().split() == ["-selection", "clipboard", "-target", "image/png"]


@pytest.mark.skipif(shutil.which("xclip") is None, reason="xclip is not installed (CI installs it)")
def test_another_program_can_paste_what_was_copied(xvfb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", xvfb)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    png = b"\x89PNG\r\n" + bytes(range(256)) * 400
    copy_png(png)
    paste = ["xclip", "-selection", "clipboard", "-target", "image/png", "-o"]
    # xclip forks first and tells the display that the clipboard is its own a moment later.
    deadline = time.monotonic() + 10
    while (pasted := subprocess.run(paste, capture_output=True, timeout=10, check=False)).returncode:
        assert time.monotonic() < deadline, pasted.stderr
        time.sleep(0.05)
    assert pasted.stdout == png


def test_wayland_goes_first_where_it_runs(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(programs, "xclip")
    pretend(programs, "wl-copy")
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    copy_png(b"picture")
    assert (programs / "arguments").read_text().split() == ["--type", "image/png"]


def test_what_to_install_where_there_is_none(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(programs))
    with pytest.raises(UserError, match="install xclip"):
        copy_png(b"picture")


def test_a_program_that_fails_is_named(programs: Path) -> None:
    pretend(programs, "xclip", ends=1)
    with pytest.raises(UserError, match="xclip failed"):
        copy_png(b"picture")
