"""The studio's window: its pages, what they share (document, worker, texts, theme), its beginning and end."""

from __future__ import annotations

import logging
import tkinter as tk
from dataclasses import replace
from pathlib import Path
from tkinter import ttk
from typing import Any

from animirror.realtime.errors import UserError
from animirror.realtime.studio import autosave, dialogs, drop, menu
from animirror.realtime.studio.desk import Desk
from animirror.realtime.studio.models import Models
from animirror.realtime.studio.page import Page
from animirror.realtime.studio.page_generate import GeneratePage
from animirror.realtime.studio.page_live import LivePage
from animirror.realtime.studio.page_save import SavePage
from animirror.realtime.studio.page_select import SelectPage
from animirror.realtime.studio.page_start import StartPage
from animirror.realtime.studio.preferences import Preferences, load_preferences, save_preferences
from animirror.realtime.studio.texts import Texts
from animirror.realtime.studio.theme import Theme
from animirror.realtime.studio.tooltip import Tooltip
from animirror.realtime.studio.worker import Cancelled, Worker

log = logging.getLogger(__name__)

PAGES: tuple[type[Page], ...] = (StartPage, SelectPage, GeneratePage, SavePage, LivePage)
# Pixels of a usual screen: fits a laptop's 1366 x 768 with its task bar.
SIZE, SMALLEST = (1180, 700), (920, 600)


class Studio:
    """The program: builds the window in ``root`` and answers what happens in it."""

    def __init__(
        self, root: tk.Tk, models: Models, settings: Path, theme: str | None, language: str | None
    ) -> None:
        self.root, self.models, self._settings = root, models, settings
        self.preferences: Preferences = load_preferences(settings)
        self.look = Theme(root, theme or self.preferences.theme)
        self.texts = Texts(language or self.preferences.language)
        self.worker = Worker(root.after, self.fail, self._busy)
        self.desk = Desk(self)
        self._frame: ttk.Frame | None = None
        # Whether it ended by Ctrl-C or the like; the autosave stays then.
        self.interrupted = False
        root.report_callback_exception = self._surprised
        root.protocol("WM_DELETE_WINDOW", self.quit)
        size = tuple(
            min(self.look.px(wanted), screen - self.look.px(60))
            for wanted, screen in zip(
                SIZE, (root.winfo_screenwidth(), root.winfo_screenheight()), strict=True
            )
        )
        root.geometry(f"{size[0]}x{size[1]}")
        root.minsize(*(min(self.look.px(length), have) for length, have in zip(SMALLEST, size, strict=True)))
        drop.accept(root, self.desk.open)
        self._build("start")

    # -- the window -------------------------------------------------------------------------------------

    def _build(self, page: str) -> None:
        """Make (or, in another language, make again) everything in the window."""
        if self._frame is not None:
            for old in self.pages.values():
                old.close()
            self._frame.destroy()
        self._frame = ttk.Frame(self.root)
        self._frame.pack(fill="both", expand=True)
        self._step = tk.StringVar(self.root, page)
        self._steps: dict[str, ttk.Radiobutton] = {}
        header = ttk.Frame(self._frame, padding=(self.look.px(12), self.look.px(10), self.look.px(12), 0))
        header.pack(fill="x")
        self._status_line()
        body = ttk.Frame(self._frame)
        body.pack(fill="both", expand=True)
        body.rowconfigure(0, weight=1)
        body.columnconfigure(0, weight=1)
        self.pages: dict[str, Page] = {}
        for kind in PAGES:
            self.pages[kind.name] = made = kind(self, body)
            made.grid(row=0, column=0, sticky="nsew")
            self._header_button(header, kind)
        menu.build(self)
        self.page = self.pages[page]
        if self.desk.document is not None:
            for made in self.pages.values():
                made.opened()
        self.titled()
        self.go(page)

    def _header_button(self, header: ttk.Frame, kind: type[Page]) -> None:
        number = len(self._steps) + 1
        text = self.texts(f"page_{kind.name}")
        button = ttk.Radiobutton(
            header,
            text=f"{number}  {text}" if kind.needs_picture or number == 1 else text,
            value=kind.name,
            variable=self._step,
            style="Toggle.TButton",
            command=lambda: self.go(kind.name),
        )
        # The live picture is no step on the way of a photo.
        side = "left" if kind.needs_picture or number == 1 else "right"
        button.pack(side=side, padx=(0, self.look.px(6)))  # type: ignore[arg-type]
        Tooltip(
            button,
            f"{self.texts(f'page_{kind.name}_tip')} ({menu.shown(f'Control-Key-{number}')})",
            self.look,
        )
        self._steps[kind.name] = button

    def _status_line(self) -> None:
        line = ttk.Frame(self._frame, padding=(self.look.px(14), self.look.px(4)))
        line.pack(side="bottom", fill="x")
        ttk.Separator(self._frame).pack(side="bottom", fill="x")
        self._said = ttk.Label(line, style="Muted.TLabel", text=self.texts("ready"))
        self._said.pack(side="left", fill="x", expand=True)
        self._bar = ttk.Progressbar(line, length=self.look.px(180), maximum=1.0)
        self._bar_shown = False

    def go(self, name: str) -> None:
        """Show a page; one that needs a picture only when there is one."""
        page = self.pages[name]
        if page.needs_picture and self.desk.document is None:
            self._step.set(self.page.name)
            self.say(self.texts("no_picture_yet"))
            return
        if page is not self.page:
            self.page.hidden()
        self.page = page
        self._step.set(name)
        page.tkraise()
        page.focus_set()
        if name != "live" and not self.worker.working:
            self.say(self.texts(f"page_{name}_tip"))
        page.shown()

    def say(self, text: str) -> None:
        """Put a sentence into the status line."""
        self._said.configure(text=text)

    def progress(self, share: float | None) -> None:
        """Show how much of the present work is done (0 to 1); None: nothing is under way."""
        if share is None:
            if self._bar_shown:
                self._bar.pack_forget()
            self._bar_shown = False
            return
        self._bar.configure(value=share)
        if not self._bar_shown:
            self._bar.pack(side="right")
            self._bar_shown = True

    def _busy(self, working: bool) -> None:
        self.root.configure(cursor="watch" if working else "")
        if not working:
            self.progress(None)

    def titled(self) -> None:
        """Show the name of the document in the title, with a star while it is not saved."""
        document = self.desk.document
        star = "*" if document is not None and document.unsaved else ""
        name = "" if document is None else f"{star}{document.name} – "
        self.root.title(f"{name}AniMirror Studio")

    # -- what can go wrong ------------------------------------------------------------------------------

    def fail(self, error: BaseException) -> None:
        """Tell of an error in a dialog, and go on."""
        self.progress(None)
        if isinstance(error, Cancelled):
            return
        self.say(self.texts("failed"))
        if isinstance(error, UserError):
            self.tell(self.texts("cannot"), str(error))
            return
        log.error("studio", exc_info=error)
        self.tell(
            self.texts("our_fault"), self.texts("our_fault_text", error=f"{type(error).__name__}: {error}")
        )

    def tell(self, title: str, text: str) -> None:
        dialogs.tell(self.root, self.look, title, text, self.texts("ok"))

    def ask(self, title: str, text: str, *answers: str) -> int:
        return dialogs.ask(self.root, self.look, title, text, answers)

    def _surprised(self, kind: type[BaseException], error: BaseException, trace: Any) -> None:
        """Tk's handler of exceptions in callbacks."""
        if isinstance(error, KeyboardInterrupt):
            self.interrupted = True
            self._end()
        else:
            self.fail(error)

    # -- settings and the end ---------------------------------------------------------------------------

    def remember(self, preferences: Preferences) -> None:
        """Keep settings for the next time."""
        self.preferences = preferences
        save_preferences(preferences, self._settings)
        menu.fill_recent(self)

    def set_theme(self, name: str) -> None:
        self.look.use(name)
        self.remember(replace(self.preferences, theme=name))
        for page in self.pages.values():
            page.themed()

    def set_language(self, language: str) -> None:
        self.texts = Texts(language)
        self.remember(replace(self.preferences, language=language))
        self._build(self.page.name)

    def quit(self) -> None:
        """End, unless there is work to lose and the user wants to keep it."""
        if not self.desk.may_lose():
            return
        self._end()
        if self.desk.document is not None:
            autosave.remove(self.desk.document)

    def _end(self) -> None:
        for page in self.pages.values():
            page.close()
        self.worker.close()
        self.root.destroy()
