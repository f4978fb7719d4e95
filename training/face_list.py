"""The list of prepared heads: a CSV that grows photo by photo, so that work can stop and go on anywhere."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from animirror.realtime.errors import UserError

LIST = "faces.csv"
HASH_BITS = 256
WORDS = HASH_BITS // 64


@dataclass(frozen=True)
class Head:
    """One line: a head of the photo ``source``. ``reason``: why it was left out, None where it was kept;

    ``crop``: its file; ``side``: of its crop in the photo, px; ``hash``: HASH_BITS bits.
    """

    source: str
    reason: str | None
    detail: str = ""
    crop: str = ""
    side: float = 0.0
    sharpness: float = 0.0
    hash: int | None = None


# "heads": how many lines the photo has; a photo with fewer was being written when the process ended.
COLUMNS = (*(item.name for item in fields(Head)), "heads")


class FaceList:
    """Opens (or starts) the list at ``path``; use it as a context manager to add to it.

    Raises UserError where the file cannot be read, written, or is no such list.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        rows = _read(path)
        counted: dict[str, int] = {}
        for row in rows:
            counted[row["source"]] = counted.get(row["source"], 0) + 1
        self._rows = [row for row in rows if row["heads"] == str(counted[row["source"]])]
        # Photos that need not be looked at again.
        self.sources = {row["source"] for row in self._rows}
        kept = [row for row in self._rows if row["crop"]]
        # Names of the crops in the order of their hashes, uint64 [N, HASH_BITS / 64].
        self._names = {row["crop"]: None for row in kept}
        self._hashes = np.array([_words(int(row["hash"], 16)) for row in kept], np.uint64).reshape(-1, WORDS)

    def __enter__(self) -> FaceList:
        """Write what is whole of the list anew and go on behind it."""
        partial = self._path.with_suffix(".tmp")
        try:
            with partial.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, COLUMNS)
                writer.writeheader()
                writer.writerows(self._rows)
            partial.replace(self._path)
            self._file = self._path.open("a", newline="", encoding="utf-8")
        except OSError as error:
            raise UserError(f"The list {self._path} cannot be written: {error.strerror}.") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, heads: Sequence[Head]) -> None:
        """Append all heads of one photo at once."""
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, COLUMNS)
        for head in heads:
            row = {name: getattr(head, name) for name in COLUMNS[:-1]}
            row |= {
                "hash": "" if head.hash is None else f"{head.hash:0{HASH_BITS // 4}x}",
                "heads": len(heads),
            }
            writer.writerow(row)
        self._file.write(text.getvalue())
        self._file.flush()

    def remember(self, name: str, bits: int) -> None:
        """Note a crop that was written."""
        self._names[name] = None
        self._hashes = np.vstack([self._hashes, _words(bits)])

    def twin(self, bits: int, same_bits: int) -> str | None:
        """The first crop whose hash differs in at most ``same_bits`` bits; None where there is none."""
        differing = np.bitwise_count(self._hashes ^ _words(bits)).sum(axis=1)
        places = np.flatnonzero(differing <= same_bits)
        return list(self._names)[int(places[0])] if len(places) else None

    def free_name(self, source: str, suffix: str) -> str:
        """A file name for a crop of this photo that no other crop has: all crops lie in one folder."""
        stem = Path(source).stem
        extras = itertools.chain([""], (f"-{number}" for number in itertools.count(2)))
        return next(name for extra in extras if (name := f"{stem}{extra}{suffix}") not in self._names)


def _words(bits: int) -> NDArray[np.uint64]:
    return np.frombuffer(bits.to_bytes(HASH_BITS // 8, "little"), np.uint64)


def _read(path: Path) -> list[dict[str, str]]:
    """The rows of the list, without the last line where the process ended in the midst of it."""
    if not path.is_file():
        return []
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise UserError(f"The list {path} cannot be read: {error}.") from error
    whole = text[: text.rfind("\n") + 1]
    reader = csv.DictReader(io.StringIO(whole, newline=""))
    if whole and tuple(reader.fieldnames or ()) != COLUMNS:
        raise UserError(f"{path} is not a list of prepared faces; choose another folder.")
    return list(reader)
