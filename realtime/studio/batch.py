"""The same choices for many pictures: a folder at a time, one failure does not stop the rest."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from animirror.realtime.errors import UserError
from animirror.realtime.images import FORMATS, QUALITY
from animirror.realtime.studio.choices import Choices
from animirror.realtime.studio.document import Document
from animirror.realtime.studio.models import Models
from animirror.realtime.studio.render import render
from animirror.realtime.studio.save import save_picture

# What Pillow reads beside the formats it is asked to write.
READABLE = (*FORMATS, ".gif", ".avif", ".jfif", ".ppm")

OUR_FAULT = "{} could not be drawn, and this is our fault: {}."

log = logging.getLogger(__name__)

Told = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Outcome:
    """What became of one picture: its result (None: there is none), what the user should know (or None)."""

    source: Path
    target: Path | None
    problem: str | None


def pictures_in(folder: Path) -> list[Path]:
    """The pictures of a folder (not of those in it), by name. Raises UserError where it cannot be read."""
    try:
        files = [path for path in folder.iterdir() if path.suffix.lower() in READABLE and path.is_file()]
    except OSError as error:
        raise UserError(f"The folder {folder} cannot be read: {error.strerror}.") from error
    return sorted(path for path in files if not path.name.startswith("."))


def run_batch(
    sources: Sequence[Path],
    out_dir: Path,
    models: Models,
    choices: Choices,
    suffix: str = ".png",
    quality: int = QUALITY,
    overwrite: bool = False,
    progress: Told | None = None,
) -> list[Outcome]:
    """Draw every picture with these choices into ``out_dir``, which is made where missing.

    Which heads are off is not taken over: another picture has other heads.
    ``progress`` is told, before each picture and at the end, how many are done, of how many, and the name of
    the next; what it raises ends the batch. Raises UserError where ``out_dir`` cannot be used.
    """
    if suffix not in FORMATS:
        raise UserError(f"Pictures cannot be written as '{suffix}'; use {', '.join(FORMATS)}.")
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"The folder {out_dir} cannot be made: {error.strerror}.") from error
    outcomes: list[Outcome] = []
    taken: set[Path] = set()
    for index, source in enumerate(sources):
        if progress is not None:
            progress(index, len(sources), source.name)
        target = _target(source, out_dir, suffix, taken)
        try:
            note = _draw(source, target, models, choices, quality, overwrite)
            outcomes.append(Outcome(source, target, note))
        except UserError as error:
            outcomes.append(Outcome(source, None, str(error)))
        except Exception as error:
            # A night's work must not end with the one picture that finds our fault.
            log.exception("%s could not be drawn", source)
            outcomes.append(Outcome(source, None, OUR_FAULT.format(source, error or type(error).__name__)))
    if progress is not None:
        progress(len(sources), len(sources), "")
    return outcomes


def _draw(
    source: Path, target: Path, models: Models, choices: Choices, quality: int, overwrite: bool
) -> str | None:
    document = Document.open(source, models)
    document.choose(**{**vars(choices), "off": document.choices.off})
    save_picture(document, render(document, models), target, quality, overwrite)
    return document.note


def _target(source: Path, out_dir: Path, suffix: str, taken: set[Path]) -> Path:
    """A name that no picture of this batch has: a.jpg and a.png must not overwrite each other's results."""
    target, number = out_dir / f"{source.stem}-anime{suffix}", 2
    while target in taken:
        target, number = out_dir / f"{source.stem}-anime-{number}{suffix}", number + 1
    taken.add(target)
    return target
