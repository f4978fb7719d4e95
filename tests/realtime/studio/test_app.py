"""The studio's window as a user meets it: real keys and a real mouse on a virtual display."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from animirror.realtime.images import Picture, read_picture, write_picture
from animirror.realtime.zoo import Zoo
from tests.conftest import GROUND, SKIN, draw_person, empty_frame

pytest.importorskip("tkinter")
pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") or shutil.which("xdotool") is None, reason="needs Xvfb and xdotool"
)
# Slow machines take their time; nothing waits so long where things work.
PATIENCE = 90.0
# A dialog that has heard a key is gone after this many seconds, even where other tests run beside.
ANSWERED = 10.0
SIZE = 360, 300
FACE = 180, 150, 120

# The studio on tiny models, telling now and then how it stands.
PROGRAM = """
import json, sys
from pathlib import Path
from animirror.realtime.studio import page_start
from animirror.realtime.studio.app import Studio
from animirror.realtime.studio.drop import make_root
from animirror.realtime.studio.models import Models
from animirror.realtime.zoo import Zoo

zoo, folder, *image = map(Path, sys.argv[1:])
page_start.intro_pictures = lambda *_: [page_start.sample_portrait()] * 3
root = make_root()
studio = Studio(root, Models(Zoo(zoo), "cpu", 1), folder / "studio.json", "dark", "en")

NAME = ".__tk_filedialog.contents.f2.ent"  # where Tk's file dialog takes a name

def corner(widget):
    border = int(widget["highlightthickness"])
    return widget.winfo_rootx() + border, widget.winfo_rooty() + border

def report():
    document, view = studio.desk.document, studio.pages["select"].canvas.view
    generate = studio.pages["generate"]
    told = {
        "page": studio.page.name,
        "busy": studio.worker.working,
        "windows": [window.title() for window in root.winfo_children() if window.winfo_class() == "Toplevel"
                    and not window.overrideredirect()],
        "file_dialog": bool(int(root.tk.eval("winfo exists .__tk_filedialog"))
                            and int(root.tk.eval("winfo viewable .__tk_filedialog"))),
        "file_name": root.tk.eval(f"{NAME} get") if int(root.tk.eval(f"winfo exists {NAME}")) else None,
        "focus": root.tk.eval("focus"),
        "full": generate.gallery.full,
        "cells": {f"{v.style} {v.color}": corner(c) for v, c in generate.gallery._cells.items()},
        "canvas": corner(studio.pages["select"].canvas),
    }
    if document is not None:
        told |= {"name": document.name, "edited": document.edited, "redo": document.can_redo,
                 "unsaved": document.unsaved, "variant": str(document.choices.variant),
                 "regions": document.choices.regions}
    if view is not None:
        told["view"] = [view.scale, view.left, view.top]
    partial = folder / "state.partial"
    partial.write_text(json.dumps(told))
    partial.replace(folder / "state.json")
    root.after(50, report)

report()
for path in image:
    root.after_idle(lambda path=path: studio.desk.open(path))
root.mainloop()
"""


class User:
    """Somebody before the studio: looks at how it stands, presses keys, moves the mouse."""

    def __init__(self, display: str, zoo: Zoo, folder: Path, *arguments: Path) -> None:
        self._folder = folder
        (folder / "state.json").unlink(missing_ok=True)  # an earlier user's
        state = {f"XDG_{name}_HOME": str(folder / name) for name in ("CONFIG", "CACHE", "STATE", "DATA")}
        self._environment = os.environ | {"DISPLAY": display, "ANIMIRROR_SCALE": "1"} | state
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(zoo.folder), str(folder), *map(str, arguments)],
            env=self._environment,
            stderr=subprocess.PIPE,
            text=True,
        )

    def state(self) -> dict[str, Any]:
        path = self._folder / "state.json"
        return dict(json.loads(path.read_text())) if path.exists() else {}

    def until(self, holds: Callable[[dict[str, Any]], Any], what: str) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            state = self.state()
            if state and holds(state):
                return state
            assert self.process.poll() is None, self.process.communicate()[1]
            time.sleep(0.05)
        raise AssertionError(f"never happened: {what}; {self.state()}")

    def do(self, *command: object) -> str:
        answer = subprocess.run(
            ["xdotool", *map(str, command)],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=True,
        )
        return answer.stdout

    def focus(self, title: str = "AniMirror Studio") -> None:
        """There is no window manager that would do it."""
        window = self.do("search", "--sync", "--onlyvisible", "--name", title).split()[-1]
        self.do("windowfocus", "--sync", window)

    def type_name(self, path: Path) -> None:
        """Answer Tk's file dialog."""
        self.until(lambda state: state["file_dialog"] and state["focus"].endswith(".ent"), "the file dialog")
        self.do("key", "End", "shift+Home")
        self.do("type", "--delay", "8", path)
        self.until(lambda state: state["file_name"] == str(path), "the name in the dialog")
        self.do("key", "Return")

    def answer(self, title: str, key: str) -> None:
        """Answer a dialog; again where it was not ready to hear."""
        self.until(lambda state: state["windows"] == [title], title)
        deadline = time.monotonic() + PATIENCE
        while title in self.state()["windows"] and time.monotonic() < deadline:
            self.focus(title)
            self.do("key", key)
            heard = time.monotonic() + ANSWERED
            while title in self.state()["windows"] and time.monotonic() < heard:
                time.sleep(0.05)
        assert title not in self.state()["windows"]

    def point(self, x: float, y: float) -> tuple[int, int]:
        """A place of the picture on the screen."""
        state = self.state()
        scale, left, top = state["view"]
        return round(state["canvas"][0] + left + x * scale), round(state["canvas"][1] + top + y * scale)

    def drag(self, button: int, start: tuple[float, float], end: tuple[float, float]) -> None:
        self.do("mousemove", "--sync", *self.point(*start), "mousedown", button)
        self.do("mousemove", "--sync", *self.point(*end), "mouseup", button)


@pytest.fixture
def portrait(tmp_path: Path) -> Path:
    frame = empty_frame(*SIZE)
    draw_person(frame, *FACE)
    path = tmp_path / "portrait.png"
    write_picture(Picture(frame), path)
    return path


@pytest.fixture
def start(xvfb: str, small_zoo: Zoo, tmp_path: Path) -> Iterator[Callable[..., User]]:
    users: list[User] = []

    def begin(*arguments: Path) -> User:
        users.append(User(xvfb, small_zoo, tmp_path, *arguments))
        return users[-1]

    yield begin
    for user in users:
        user.process.kill()
        user.process.wait()


def test_open_erase_undo_pick_and_save(start: Callable[..., User], portrait: Path, tmp_path: Path) -> None:
    user = start()
    user.until(lambda state: state["page"] == "start" and not state["busy"], "the start page")
    user.focus()
    user.do("key", "ctrl+o")
    user.type_name(portrait)
    user.until(lambda state: state["page"] == "select" and state.get("name") == portrait.name, "the picture")
    # The forehead is erased; the chin too, and that is taken back.
    user.drag(3, (165, 110), (195, 110))
    user.until(lambda state: state["edited"] and state["unsaved"], "a stroke that erases")
    user.drag(3, (165, 185), (195, 185))
    user.focus()
    user.do("key", "ctrl+z")
    user.until(lambda state: state["redo"] and state["edited"], "undo")
    user.do("key", "ctrl+3")
    state = user.until(lambda state: state["page"] == "generate" and state["full"], "all thumbnails")
    x, y = state["cells"]["other original"]
    user.do("mousemove", "--sync", x + 40, y + 40, "click", 1)
    user.until(lambda state: "'other'" in state["variant"] and not state["busy"], "the other style")
    target = tmp_path / "result.png"
    user.do("key", "ctrl+s")
    user.type_name(target)
    user.until(lambda state: target.exists() and not state["unsaved"], "the saved picture")
    user.do("key", "ctrl+q")
    assert user.process.wait(PATIENCE) == 0
    _check_saved(read_picture(portrait).frame, read_picture(target).frame)


def _check_saved(before: np.ndarray, after: np.ndarray) -> None:
    changed = (before != after).any(axis=2)
    x, y, face = FACE
    rows, columns = np.nonzero(changed)
    # The head, its soft edge, and nothing else.
    reach = 0.75 * face
    assert abs(columns - x).max() < reach
    assert np.abs(rows - (y - 0.15 * face)).max() < 0.85 * face
    assert not changed[108:112, 165:195].any()  # erased
    assert changed[183:187, 165:195].all()  # erased, and taken back
    # Drawn as its negative: far from skin.
    assert np.abs(after[185, 180].astype(int) - SKIN).max() > 60
    assert np.abs(after[20, 20].astype(int) - GROUND).max() <= 6


def test_bad_input_is_a_dialog_and_the_studio_goes_on(
    start: Callable[..., User], portrait: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n no more")
    user = start(broken)
    user.answer("That cannot be done", "Escape")
    user.until(lambda state: not state["windows"] and state["page"] == "start", "the start page again")
    user.focus()
    user.do("key", "ctrl+o")
    user.type_name(portrait)
    user.until(lambda state: state["page"] == "select" and state.get("name") == portrait.name, "the picture")
    # Unsaved work is asked for: Escape stays.
    user.drag(1, (30, 30), (60, 30))
    user.until(lambda state: state["unsaved"], "a stroke")
    user.focus()
    user.do("key", "ctrl+q")
    user.answer("Not saved yet", "Escape")
    user.until(lambda state: not state["windows"], "the studio, still there")
    # After a crash the work is offered again.
    autosave = user.until(lambda state: not state["busy"], "the autosave")
    assert autosave["edited"]
    user.process.kill()
    user.process.wait()
    again = start(portrait)
    again.answer("Work from last time", "Return")
    again.until(lambda state: state.get("edited"), "the stroke of last time")
