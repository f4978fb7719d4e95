"""The document on the studio's desk: opened, kept safe from a crash, saved, and never lost unasked."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from animirror.realtime.studio import autosave
from animirror.realtime.studio.document import Document
from animirror.realtime.studio.project import open_document
from animirror.realtime.studio.worker import Job

if TYPE_CHECKING:
    from animirror.realtime.studio.app import Studio


class Desk:
    """Holds the one document that is worked on, or None."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self.document: Document | None = None

    def open(self, path: Path) -> None:
        """Open a picture or project, once the work on the old one is safe."""
        self._load(path.name, lambda tell: open_document(path, self._studio.models, tell), path)

    def open_frame(self, frame: Callable[[], NDArray[np.uint8]], name: str) -> None:
        """Work on a picture without a file; ``frame`` makes it, in the worker."""
        self._load(name, lambda tell: Document.from_frame(frame(), name, self._studio.models, tell), None)

    def _load(
        self, name: str, load: Callable[[Callable[[float], None]], Document], path: Path | None
    ) -> None:
        if not self.may_lose():
            return
        self._studio.say(self._studio.texts("opening", name=name))
        self._studio.progress(0.0)

        def failed(error: BaseException) -> None:
            if path is not None:
                self._studio.remember(self._studio.preferences.forget(path))
                self._studio.pages["start"].changed()
            self._studio.fail(error)

        def work(job: Job) -> Document:
            return load(job.tell)

        def done(document: Document) -> None:
            self._opened(document, path)

        self._studio.worker.cancel("gallery")
        self._studio.worker.do(work, done, failed, self._studio.progress, "open", urgent=True)

    def _opened(self, document: Document, path: Path | None) -> None:
        before, self.document = self.document, document
        if before is not None:
            self._forget_autosave(before)
        self._studio.progress(None)
        if path is not None:
            self._studio.remember(self._studio.preferences.opened(path))
        for page in self._studio.pages.values():
            page.opened()
        self._studio.titled()
        count = len(document.heads)
        self._studio.go("select")
        self._studio.say(document.note or self._studio.texts("opened", name=document.name, count=count))
        # That of a picture that was open until now is not from a crash.
        if autosave.found(document) and (before is None or before.sha256 != document.sha256):
            self._offer_autosave(document)

    def _offer_autosave(self, document: Document) -> None:
        texts, worker = self._studio.texts, self._studio.worker
        answer = self._studio.ask(
            texts("autosave"), texts("autosave_text"), texts("restore"), texts("discard")
        )
        if answer == 0:
            restore = partial(autosave.restore, document, self._studio.models)
            worker.do(lambda _: restore(), lambda _: self.touched(), urgent=True)
        else:
            self._forget_autosave(document)

    def touched(self, keep: bool = True) -> None:
        """The mask or the choices have changed: show it, and keep the work safe from a crash."""
        document = self.document
        if document is None:
            return
        self._studio.titled()
        self._studio.page.changed()
        if keep and document.unsaved:
            self._studio.worker.do(
                lambda _: autosave.save_mask(document), lambda _: None, key="autosave", urgent=True
            )

    def saved(self, document: Document) -> None:
        """The document is safe in a file."""
        document.mark_saved()
        self._forget_autosave(document)
        self._studio.titled()

    def may_lose(self) -> bool:
        """Whether the open document may go: it is saved, or the user says so."""
        if self.document is None or not self.document.unsaved:
            return True
        texts = self._studio.texts
        answer = self._studio.ask(
            texts("unsaved"),
            texts("unsaved_text", name=self.document.name),
            texts("go_save"),
            texts("discard"),
            texts("cancel"),
        )
        if answer == 0:
            self._studio.go("save")
        return answer == 1

    def undo(self) -> None:
        self._travel("undo")

    def redo(self) -> None:
        self._travel("redo")

    def reset(self) -> None:
        self._travel("reset_edits")

    def _travel(self, way: str) -> None:
        if self.document is not None and getattr(self.document, way)() is not None:
            self.touched()

    def _forget_autosave(self, document: Document) -> None:
        """Remove it in the worker: one that is just being written would come after the removal."""
        self._studio.worker.cancel("autosave")
        self._studio.worker.do(lambda _: autosave.remove(document), lambda _: None, urgent=True)
