"""What is asked for on the command line: which files of which folders, between which times, in which size."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from animirror.realtime.errors import UserError

# The pipe, in place of a file.
PIPE = Path("-")
# What is taken of a folder where no --include says otherwise.
VIDEO_SUFFIXES = tuple(
    ".mp4 .m4v .mov .mkv .webm .avi .ts .mts .m2ts .mpg .mpeg .wmv .flv .3gp .ogv .mxf .gif".split()
)
# Ends the names of results; files of a folder that end so are not converted again.
RESULT = "-anime"
SIDES = (16, 16384)
_TIME = re.compile(r"(?:(?:(\d+):)?(\d{1,2}):)?(\d+(?:\.\d*)?)s?")


@dataclass(frozen=True)
class Selected:
    """A file to convert, and its folder below the one that was named (for --out-dir)."""

    path: Path
    below: Path = Path()


def parse_time(text: str) -> float:
    """Seconds of "90", "90.5s", "1:30" or "00:01:30.5". Raises UserError."""
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise UserError(f"'{text}' is no time; write 00:01:30, 1:30.5 or seconds, such as 90.")
    hours, minutes, seconds = match.groups()
    if minutes is not None and (float(seconds) >= 60 or (hours is not None and int(minutes) >= 60)):
        raise UserError(f"'{text}' is no time: minutes and seconds end at 59.")
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(seconds)


def parse_span(begin: str | None, end: str | None) -> tuple[float | None, float | None]:
    """Seconds of --from and --to. Raises UserError where nothing lies between them."""
    first = None if begin is None else parse_time(begin)
    last = None if end is None else parse_time(end)
    if last is not None and last <= (first or 0.0):
        raise UserError(f"--to {end} is not later than --from {begin or '0'}: nothing would be left.")
    return first, last


def parse_size(text: str) -> tuple[int | None, int | None]:
    """Width and height of "1280x720", "1280x" (height by the proportions) or "x720". Raises UserError.

    Both are even where they are given: yuv420p has a colour for every two pixels.
    """
    match = re.fullmatch(r"(\d*)x(\d*)", text.strip().lower())
    if match is None or not any(match.groups()):
        raise UserError(f"'{text}' is no size; write 1280x720, or 1280x or x720 to keep the proportions.")
    width, height = (int(part) if part else None for part in match.groups())
    for side in (width, height):
        if side is not None and (side % 2 or not SIDES[0] <= side <= SIDES[1]):
            raise UserError(f"The sides of {text} must be even and between {SIDES[0]} and {SIDES[1]} pixels.")
    return width, height


def parse_rate(text: str) -> Fraction:
    """Frames per second of "25", "29.97" or "30000/1001". Raises UserError."""
    try:
        rate = Fraction(text)
    except (ValueError, ZeroDivisionError) as error:
        raise UserError(f"'{text}' is no rate; write 25, 29.97 or 30000/1001.") from error
    if not 1 <= rate <= 1000:
        raise UserError(f"The rate must be between 1 and 1000 frames per second, not {text}.")
    # What people write for NTSC's rates.
    ntsc = Fraction(round(rate * 1001 / 1000) * 1000, 1001)
    return ntsc if "/" not in text and rate != ntsc and abs(rate - ntsc) < Fraction(1, 200) else rate


def select(inputs: Sequence[Path], recursive: bool, include: Sequence[str]) -> list[Selected]:
    """The files to convert, each once: those that are named, and the videos of folders that are named.

    ``include``: patterns for names in folders, such as "*.mp4". Hidden files and our results are left out.
    A named file that is missing stays, for its own message. Raises UserError for a folder without videos.
    """
    found: dict[Path, Selected] = {}
    for given in inputs:
        for item in _of_folder(given, recursive, include) if given.is_dir() else [Selected(given)]:
            found.setdefault(item.path, item)
    return list(found.values())


def _of_folder(folder: Path, recursive: bool, include: Sequence[str]) -> Iterable[Selected]:
    candidates = folder.rglob("*") if recursive else folder.glob("*")
    taken = sorted(path for path in candidates if _wanted(path, folder, include) and path.is_file())
    if not taken:
        deeper = "" if recursive else ", --recursive for the folders in it"
        what = f"named {' or '.join(include)}" if include else "to convert"
        raise UserError(
            f"There is no video {what} in the folder {folder}; --include '*.mp4' names them{deeper}."
        )
    return [Selected(path, path.parent.relative_to(folder)) for path in taken]


def _wanted(path: Path, folder: Path, include: Sequence[str]) -> bool:
    below = path.relative_to(folder)
    if any(part.startswith(".") for part in below.parts) or path.stem.endswith(RESULT):
        return False
    if include:
        return any(below.match(pattern) for pattern in include)
    return path.suffix.lower() in VIDEO_SUFFIXES
