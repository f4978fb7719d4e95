"""Project files: a zip archive of the picture as it was, the choices, and the brush's edits."""

from __future__ import annotations

import zlib
from pathlib import Path, PurePath
from zipfile import ZIP_STORED, BadZipFile, ZipFile

from animirror.realtime.errors import UserError
from animirror.realtime.images import (
    DECODER_ERRORS,
    MAX_PIXELS,
    check_writable,
    decode_picture,
    partial_path,
)
from animirror.realtime.studio.document import Document, Progress
from animirror.realtime.studio.models import Models
from animirror.realtime.studio.save import clipboard_png
from animirror.realtime.studio.state import State, read_state, restore_state, state_of, write_state

SUFFIX = ".animirror"
PICTURE_FOLDER = "picture/"
# Of a picture's file, bytes: more than any of MAX_PIXELS has, uncompressed.
MAX_BYTES = 8 * MAX_PIXELS
ZIP_ERRORS = (*DECODER_ERRORS, BadZipFile, NotImplementedError, zlib.error)


def open_document(path: Path, models: Models, progress: Progress | None = None) -> Document:
    """A picture file or a project file, by its suffix. Slow. Raises UserError."""
    if path.suffix.lower() == SUFFIX:
        return open_project(path, models, progress)
    return Document.open(path, models, progress)


def open_project(path: Path, models: Models, progress: Progress | None = None) -> Document:
    """A document as it was saved: picture, choices, edits. Raises UserError naming the file."""
    state, content = _read(path)
    picture = decode_picture(content, path)
    document = Document(picture, state.name, models, content, path, progress)
    if (document.width, document.height) != (state.width, state.height):
        raise UserError(f"The project {path} is damaged: its picture is not as large as it says.")
    restore_state(document, state, models.styles)
    document.mark_opened()
    return document


def save_project(document: Document, target: Path, overwrite: bool = False) -> None:
    """Write the document to be opened again: beside its target first, then renamed. Raises UserError."""
    if target.suffix.lower() != SUFFIX:
        raise UserError(f"A project's name ends in {SUFFIX}, that of {target} does not.")
    check_writable(target, None, overwrite)
    # A webcam's snapshot has no file.
    content = document.content or clipboard_png(document.picture.frame)
    name = PurePath(document.name).name if document.content else f"{PurePath(document.name).stem}.png"
    partial = partial_path(target)
    try:
        with ZipFile(partial, "w", ZIP_STORED) as archive:
            write_state(archive, state_of(document))
            archive.writestr(PICTURE_FOLDER + name, content)
        partial.replace(target)
    except OSError as error:
        raise UserError(f"The project {target} cannot be written: {error.strerror}.") from error
    finally:
        partial.unlink(missing_ok=True)


def _read(path: Path) -> tuple[State, bytes]:
    """State and picture file of a project."""
    try:
        with ZipFile(path) as archive:
            state = read_state(archive)
            names = [name for name in archive.namelist() if name.startswith(PICTURE_FOLDER)]
            if len(names) != 1 or archive.getinfo(names[0]).file_size > MAX_BYTES:
                raise ValueError("it holds no picture, or too large a one")
            content = archive.read(names[0])
    except FileNotFoundError as error:
        raise UserError(f"The project {path} does not exist.") from error
    except BadZipFile as error:
        raise UserError(f"{path} is no project of animirror studio, or a damaged one.") from error
    except UserError as error:
        raise UserError(f"The project {path} cannot be opened: {error}") from error
    except ZIP_ERRORS as error:
        told = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise UserError(f"The project {path} is damaged or none of animirror's ({told}).") from error
    return state, content
