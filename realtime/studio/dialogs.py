"""The studio's dialogs: tell something, or ask with two or three answers, in the program's language."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Sequence
from tkinter import ttk

from animirror.realtime.studio.theme import Theme

# Where a sentence breaks, pixels of a usual screen.
WRAP = 420


def ask(root: tk.Tk, look: Theme, title: str, text: str, answers: Sequence[str]) -> int:
    """Show a text and buttons; the place of the chosen answer. Return takes the one with the focus.

    That is the first to begin with. Escape takes the last.
    """
    focused = root.focus_get()
    window = tk.Toplevel(root)
    window.withdraw()
    window.title(title)
    window.transient(root)
    window.resizable(False, False)
    chosen = tk.IntVar(window, len(answers) - 1)
    body = ttk.Frame(window, padding=look.px(20))
    body.pack(fill="both", expand=True)
    ttk.Label(body, text=title, style="Subtitle.TLabel").pack(anchor="w")
    ttk.Label(body, text=text, wraplength=look.px(WRAP), justify="left").pack(
        anchor="w", pady=(look.px(8), look.px(20))
    )
    row = ttk.Frame(body)
    row.pack(anchor="e")

    def choose(index: int) -> None:
        chosen.set(index)
        window.destroy()

    for index, answer in enumerate(answers):
        style = "TButton" if index else "Accent.TButton"
        button = ttk.Button(row, text=answer, style=style, command=lambda index=index: choose(index))  # type: ignore[misc]
        button.pack(side="left", padx=(look.px(8) if index else 0, 0))
        if index == 0:
            button.focus_set()
    window.bind("<Escape>", lambda _: choose(len(answers) - 1))
    _center(window, root)
    window.deiconify()
    window.wait_visibility()
    window.grab_set()
    root.wait_window(window)
    if focused is not None and focused.winfo_exists():
        focused.focus_set()
    return int(chosen.get())


def tell(root: tk.Tk, look: Theme, title: str, text: str, answer: str) -> None:
    """Show a text until it is answered."""
    ask(root, look, title, text, (answer,))


def _center(window: tk.Toplevel, root: tk.Tk) -> None:
    window.update_idletasks()
    x = root.winfo_rootx() + (root.winfo_width() - window.winfo_reqwidth()) // 2
    y = root.winfo_rooty() + (root.winfo_height() - window.winfo_reqheight()) // 3
    window.geometry(f"+{max(0, x)}+{max(0, y)}")
