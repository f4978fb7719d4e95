"""Which beards people saw on photos: a file of names, since no rule tells thin beards from shadows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from animirror.realtime.errors import UserError
from animirror.training.pen.beard import Worn


def read_marks(path: Path) -> dict[str, dict[str, Worn]]:
    """What each photo wears, by set and by stem; photos that are not in it were not looked at.

    The file: JSON {set: {"full" | "goatee" | "moustache" | "none" | "unsure": [stem, ...]}}. Raises UserError
    where it cannot be read, holds something else or says two things of one photo.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {name: _by_stem(kinds) for name, kinds in content.items()}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise UserError(f"{path} is not a readable file of beards: {error}.") from error


def _by_stem(kinds: Mapping[str, list[str]]) -> dict[str, Worn]:
    marks: dict[str, Worn] = {}
    for kind, stems in kinds.items():
        for stem in stems:
            if marks.setdefault(stem, Worn(kind)) is not Worn(kind):
                raise ValueError(f"'{stem}' is both {marks[stem].value} and {kind}")
    return marks
