"""The menu bar and the keys: every command once, with the key that does the same."""

from __future__ import annotations

import sys
import tkinter as tk
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from animirror.realtime.studio.preferences import THEMES
from animirror.realtime.studio.texts import LANGUAGES

if TYPE_CHECKING:
    from animirror.realtime.studio.app import Studio

LANGUAGE_NAMES = {"en": "English", "ro": "Română"}
# X sends a release and a press for every repeat of a key that is held: a release counts after this (ms).
RELEASE_MS = 60
NAMES = {"plus": "+", "minus": "-", "Control": "Ctrl"}


@dataclass(frozen=True)
class Command:
    """A command: its text's key, its key in Tk's words (None: none), what it does."""

    text: str
    key: str | None
    run: Callable[[], None]


def commands(studio: Studio) -> dict[str, list[Command]]:
    """All commands, by their menu."""
    pages = list(studio.pages)
    return {
        "menu_file": [
            Command("open_file", "Control-o", lambda: studio.pages["start"].ask_file()),  # type: ignore[attr-defined]
            Command("save_picture", "Control-s", lambda: _on_save(studio, "save")),
            Command("save_project", "Control-Shift-S", lambda: _on_save(studio, "save_project")),
            Command("quit", "Control-q", studio.quit),
        ],
        "menu_edit": [
            Command("undo", "Control-z", studio.desk.undo),
            Command("redo", "Control-y", studio.desk.redo),
            Command("reset", "Control-r", studio.desk.reset),
            Command("copy", "Control-c", lambda: _on_save(studio, "copy")),
        ],
        "menu_view": [
            Command("zoom_in", "Control-plus", lambda: studio.page.zoom(1)),
            Command("zoom_out", "Control-minus", lambda: studio.page.zoom(-1)),
            Command("zoom_fit", "Control-0", lambda: studio.page.zoom(0)),
        ],
        "menu_go": [
            Command(f"page_{name}", f"Control-Key-{number}", lambda name=name: studio.go(name))  # type: ignore[misc]
            for number, name in enumerate(pages, 1)
        ],
        "menu_help": [
            Command("keys", "F1", lambda: studio.tell(studio.texts("keys"), studio.texts("keys_text")))
        ],
    }


def build(studio: Studio) -> None:
    """Fill the menu bar and bind the keys."""
    root = studio.root
    bar = tk.Menu(root)
    for title, listed in commands(studio).items():
        entries = tk.Menu(bar, tearoff=False)
        for command in listed:
            if command.text == "quit":
                entries.add_separator()
            entries.add_command(
                label=studio.texts(command.text),
                accelerator=shown(command.key) if command.key else "",
                command=command.run,
            )
            if command.text == "open_file":
                studio.recent_menu = tk.Menu(entries, tearoff=False)  # type: ignore[attr-defined]
                entries.add_cascade(label=studio.texts("recent"), menu=studio.recent_menu)  # type: ignore[attr-defined]
            if command.key:
                root.bind(f"<{_event(command.key)}>", lambda _, run=command.run: _answer(run))  # type: ignore[misc]
        if title == "menu_view":
            _looks(studio, entries)
        bar.add_cascade(label=studio.texts(title), menu=entries)
    for key, other in (("Control-equal", 1), ("Control-KP_Add", 1), ("Control-KP_Subtract", -1)):
        root.bind(f"<{key}>", lambda _, steps=other: studio.page.zoom(steps))  # type: ignore[misc]
    root.bind("<Control-Shift-Z>", lambda _: _answer(studio.desk.redo))
    # Tk's buttons know the space bar only.
    for kind in ("TButton", "TCheckbutton", "TRadiobutton"):
        root.bind_class(kind, "<Return>", lambda event: event.widget.invoke())
    _bind_before(studio)
    root.configure(menu=bar)
    fill_recent(studio)
    root.after_idle(lambda: _dress(studio, bar))


def fill_recent(studio: Studio) -> None:
    """Show the files that were opened last in the menu."""
    entries: tk.Menu = studio.recent_menu  # type: ignore[attr-defined]
    entries.delete(0, "end")
    for name in studio.preferences.recent:
        entries.add_command(label=name, command=lambda name=name: studio.desk.open(Path(name)))  # type: ignore[misc]
    if not studio.preferences.recent:
        entries.add_command(label=studio.texts("recent_none"), state="disabled")


def shown(key: str) -> str:
    """A key as people read it: Control-Key-1 -> Ctrl+1."""
    parts = [NAMES.get(part, part) for part in key.split("-") if part != "Key"]
    words = "+".join(part.upper() if len(part) == 1 else part for part in parts)
    return words.replace("Ctrl", "⌘") if sys.platform == "darwin" else words


def _dress(studio: Studio, bar: tk.Menu) -> None:
    """Give the menus the theme's look, which sv-ttk does only when the theme changes."""
    if not bar.winfo_exists():
        return
    waiting: list[tk.Misc] = [bar]
    while waiting:
        menu = waiting.pop()
        menu.event_generate("<<ThemeChanged>>")
        waiting += menu.winfo_children()
    bar.configure(borderwidth=0, background=studio.look.palette.window)


def _event(key: str) -> str:
    return key.replace("Control", "Command") if sys.platform == "darwin" else key


def _answer(run: Callable[[], None]) -> str:
    run()
    return "break"


def _looks(studio: Studio, entries: tk.Menu) -> None:
    """Theme and language."""
    entries.add_separator()
    themes, languages = tk.Menu(entries, tearoff=False), tk.Menu(entries, tearoff=False)
    for name in THEMES:
        themes.add_command(label=studio.texts(f"theme_{name}"), command=partial(studio.set_theme, name))
    for language in LANGUAGES:
        languages.add_command(
            label=LANGUAGE_NAMES.get(language, language),
            command=partial(studio.set_language, language),
        )
    entries.add_cascade(label=studio.texts("theme"), menu=themes)
    entries.add_cascade(label=studio.texts("language"), menu=languages)


def _on_save(studio: Studio, what: str) -> None:
    """Do something of the save page; it is shown, so that the user sees what happens."""
    studio.go("save")
    if studio.page.name == "save":
        getattr(studio.page, what)()


def _bind_before(studio: Studio) -> None:
    """While B is held, the picture is shown as it was."""
    waiting: list[str] = []

    def pressed(event: Any) -> None:
        if waiting:
            studio.root.after_cancel(waiting.pop())
        elif event.widget.winfo_class() not in ("TEntry", "Entry", "TSpinbox", "TCombobox"):
            studio.page.before(True)

    def released(_: Any) -> None:
        def done() -> None:
            waiting.clear()
            studio.page.before(False)

        waiting.append(studio.root.after(RELEASE_MS, done))

    studio.root.bind("<KeyPress-b>", pressed)
    studio.root.bind("<KeyRelease-b>", released)
