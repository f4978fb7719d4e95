"""Autosave: choices and edits survive a crash, in the user's state folder, by the hash of their picture."""

from __future__ import annotations

import logging
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

import platformdirs

from animirror.realtime.errors import UserError
from animirror.realtime.images import partial_path
from animirror.realtime.studio.document import Document
from animirror.realtime.studio.models import Models
from animirror.realtime.studio.project import ZIP_ERRORS
from animirror.realtime.studio.state import read_state, restore_state, state_of, write_state

log = logging.getLogger(__name__)

SUFFIX = ".autosave"


def folder() -> Path:
    """Where autosaves lie; need not exist."""
    return platformdirs.user_state_path("animirror", appauthor=False) / "studio"


def autosave_path(document: Document) -> Path:
    return folder() / f"{document.sha256}{SUFFIX}"


def save_mask(document: Document) -> None:
    """Write choices and edits (not the picture), beside first, then renamed. Raises UserError."""
    target = autosave_path(document)
    partial = partial_path(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with ZipFile(partial, "w", ZIP_STORED) as archive:
            write_state(archive, state_of(document))
        partial.replace(target)
    except OSError as error:
        raise UserError(f"The autosave {target} cannot be written: {error.strerror}.") from error
    finally:
        partial.unlink(missing_ok=True)


def found(document: Document) -> bool:
    """Whether there is an autosave of this picture: the last session with it ended in a crash."""
    return autosave_path(document).is_file()


def restore(document: Document, models: Models) -> None:
    """Give the document the choices and edits of its autosave. Raises UserError where that is damaged."""
    path = autosave_path(document)
    try:
        with ZipFile(path) as archive:
            state = read_state(archive)
    except (*ZIP_ERRORS, UserError) as error:
        raise UserError(f"The autosave {path} is damaged ({error}): the picture is as it was.") from error
    if (state.width, state.height) != (document.width, document.height):
        raise UserError(f"The autosave {path} is of another picture: the picture is as it was.")
    restore_state(document, state, models.styles)


def remove(document: Document) -> None:
    """Forget the autosave: the work is saved, or given up."""
    try:
        autosave_path(document).unlink(missing_ok=True)
    except OSError as error:
        # It will be offered once more; nothing is lost.
        log.warning("The autosave %s cannot be removed: %s.", autosave_path(document), error.strerror)
