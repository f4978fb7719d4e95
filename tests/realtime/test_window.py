"""Real windows on a virtual display, real keys sent to them."""

import os
import shutil
import subprocess
import sys
import time

import pytest

from animirror.realtime.window import display_answers

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Xvfb is a Linux program")

PROGRAM = """
import numpy as np
from animirror.realtime.controls import Panel
from animirror.realtime.pipeline import Packet
from animirror.realtime.view import View
from animirror.realtime.window import LiveWindow

kept = []
panel = Panel(["anime", "cartoon"], ["skin", "hair"])
window = LiveWindow(panel, lambda: ["figures"], lambda: None, kept.append)
picture = np.full((240, 320, 3), 90, np.uint8)
number, going = 0, window.poll(None)
while going and number < 3000:
    view = View(picture, picture, None, panel.controls, number / 30)
    going = window.poll(Packet(view, 0.0, number))
    if number == 5:
        print("ready", flush=True)
    number += 1
window.close()
controls = panel.controls
print(going, controls.mask, controls.split, controls.style, controls.full_screen, len(kept))
"""


def test_no_display_is_found_out_without_a_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert not display_answers()
    monkeypatch.setenv("DISPLAY", ":98")  # nobody serves it
    assert not display_answers()


def test_a_real_window_shows_frames(xvfb: str) -> None:
    program = (
        "import numpy as np\n"
        "from animirror.realtime.window import Window, display_answers\n"
        "assert display_answers()\n"
        "with Window('test') as window:\n"
        "    assert all(window.show(np.full((120, 160, 3), i, np.uint8)) for i in range(5))\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"DISPLAY": xvfb},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr


@pytest.mark.skipif(shutil.which("xdotool") is None, reason="xdotool is not installed")
def test_keys_and_mouse_reach_the_panel(xvfb: str) -> None:
    environment = os.environ | {"DISPLAY": xvfb}
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], env=environment, stdout=subprocess.PIPE, text=True
    )

    def do(*command: str) -> str:
        answer = subprocess.run(
            ["xdotool", *command], env=environment, capture_output=True, text=True, timeout=30, check=True
        )
        return answer.stdout

    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        window = do("search", "--sync", "--name", "^AniMirror$").split()[0]
        do("windowfocus", "--sync", window)
        for key in ("m", "b", "2", "s", "o"):  # OpenCV forgets a key when the next one comes too soon
            do("key", key)
            time.sleep(1.0)
        do("mousemove", "--sync", "--window", window, "30", "50")
        do("key", "q")
        result, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    assert result.split() == ["False", "True", "0.5", "1", "True", "1"]
