"""Keys as people read them, files that are dropped, and the screen's scale."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("tkinter")

from animirror.realtime.studio import drop, menu
from animirror.realtime.studio.theme import screen_scale


def test_keys_as_people_read_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    keys = ("Control-o", "Control-Shift-S", "Control-Key-4", "Control-plus", "Control-minus", "F1")
    assert [menu.shown(key) for key in keys] == ["Ctrl+O", "Ctrl+Shift+S", "Ctrl+4", "Ctrl++", "Ctrl+-", "F1"]
    monkeypatch.setattr("sys.platform", "darwin")
    assert menu.shown("Control-z") == "⌘+Z"


class Window:
    """Stands for a TkinterDnD window."""

    def __init__(self) -> None:
        self.tk = SimpleNamespace(splitlist=lambda data: tuple(data.split("|")))
        self.bound: dict[str, Any] = {}
        self.kinds: tuple[str, ...] = ()

    def drop_target_register(self, *kinds: str) -> None:
        self.kinds = kinds

    def dnd_bind(self, event: str, run: Any) -> None:
        self.bound[event] = run

    def after_idle(self, run: Any) -> None:
        run()


def test_the_first_of_the_dropped_files_is_opened() -> None:
    window: Any = Window()
    opened: list[Path] = []
    assert drop.takes_files(window)
    drop.accept(window, opened.append)
    assert window.kinds == ("DND_Files",)
    event = SimpleNamespace(data="/tmp/with space.png|/tmp/b.png", action="copy")
    assert window.bound["<<Drop>>"](event) == "copy"
    assert opened == [Path("/tmp/with space.png")]


def test_without_the_package_nothing_is_bound() -> None:
    plain: Any = SimpleNamespace()
    assert not drop.takes_files(plain)
    drop.accept(plain, lambda path: pytest.fail("nothing can be dropped"))


@pytest.mark.parametrize(
    ("dots", "told", "scale"),
    [
        (96.0, "", 1.0),
        (100.3, "", 1.0),
        (192.0, "", 2.0),
        (96.0, "1.5", 1.5),
        (0.1, "", 0.75),
        (1e6, "x", 4.0),
    ],
)
def test_the_screens_scale(monkeypatch: pytest.MonkeyPatch, dots: float, told: str, scale: float) -> None:
    monkeypatch.setenv("ANIMIRROR_SCALE", told)
    screen: Any = SimpleNamespace(winfo_fpixels=lambda length: dots)
    assert screen_scale(screen) == scale
