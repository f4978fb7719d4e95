"""The save page's batch: the same choices for all pictures of a folder, with progress and a way to stop."""

from __future__ import annotations

import tkinter as tk
from pathlib import Path
from tkinter import filedialog, ttk
from typing import TYPE_CHECKING

from animirror.realtime.studio.batch import Outcome, pictures_in, run_batch
from animirror.realtime.studio.tooltip import Tooltip
from animirror.realtime.studio.widgets import GAP, heading, hint
from animirror.realtime.studio.worker import Job

if TYPE_CHECKING:
    from animirror.realtime.studio.page_save import SavePage

# So many problems are told one by one.
TOLD = 6


class BatchPanel(ttk.Frame):
    """Asks for a folder of pictures and one for the results; format and quality are the page's."""

    def __init__(self, master: tk.Misc, page: SavePage) -> None:
        super().__init__(master)
        self._page = page
        texts, look = page.texts, page.look
        heading(self, look, texts("batch"))
        hint(self, look, texts("batch_hint"))
        self._start = ttk.Button(self, text=texts("batch_start"), command=self.start)
        self._start.pack(fill="x")
        Tooltip(self._start, texts("batch_tip"), look)
        self._stop = ttk.Button(self, text=texts("stop"), command=self._cancel)
        self._bar = ttk.Progressbar(self, maximum=1.0)
        self._gap = look.px(GAP / 2)

    def start(self) -> None:
        """Ask for both folders, and begin."""
        page, texts = self._page, self._page.texts
        document = page.studio.desk.document
        source = filedialog.askdirectory(parent=page.studio.root, title=texts("batch_from"), mustexist=True)
        if not source or document is None:
            return
        target = filedialog.askdirectory(parent=page.studio.root, title=texts("batch_to"), initialdir=source)
        if not target:
            return
        ending, quality, choices = page.ending, page.quality.value, document.choices

        def work(job: Job) -> list[Outcome]:
            return run_batch(
                pictures_in(Path(source)),
                Path(target),
                page.models,
                choices,
                ending,
                quality,
                progress=lambda done, total, name: job.tell((done, total, name)),
            )

        self._running(True)
        page.worker.do(work, self._done, self._failed, self._told, key="batch")

    def _told(self, news: tuple[int, int, str]) -> None:
        done, total, name = news
        self._bar.configure(value=done / max(1, total))
        self._page.studio.say(self._page.texts("batch_now", done=done, total=total, name=name))

    def _done(self, outcomes: list[Outcome]) -> None:
        self._running(False)
        texts, bad = self._page.texts, [one for one in outcomes if one.problem]
        told = texts("batch_done", done=sum(one.target is not None for one in outcomes), total=len(outcomes))
        self._page.studio.say(told)
        problems = [f"{one.source.name}: {one.problem}" for one in bad[:TOLD]]
        more = [texts("batch_more", count=len(bad) - TOLD)] if len(bad) > TOLD else []
        self._page.studio.tell(texts("batch"), "\n\n".join([told, *problems, *more]))

    def _failed(self, error: BaseException) -> None:
        self._running(False)
        self._page.studio.fail(error)

    def _cancel(self) -> None:
        self._page.worker.cancel("batch")
        self._running(False)
        self._page.studio.say(self._page.texts("stopped"))

    def _running(self, on: bool) -> None:
        self._start.state(["disabled" if on else "!disabled"])
        for part in (self._bar, self._stop):
            part.pack(fill="x", pady=(self._gap, 0)) if on else part.pack_forget()
        self._bar.configure(value=0.0)
