"""Tables that tell a run's story, row by row, as CSV: losses, scores, warnings."""

from __future__ import annotations

import csv
from pathlib import Path

from animirror.realtime.errors import UserError

Cell = int | float | str
Row = dict[str, Cell]

LOSSES, SCORES, WARNINGS = "losses.csv", "scores.csv", "warnings.csv"


class Table:
    """The rows of a CSV file up to and with ``step``: what a resumed run does again is forgotten.

    Every row has a "step". Columns may come later; a cell that a row lacks is empty in the file.
    """

    def __init__(self, path: Path, step: int) -> None:
        self._path = path
        self.rows = [row for row in read_table(path) if _number(row, "step") <= step]

    def append(self, row: Row) -> None:
        """Add a row; the file is written anew beside and renamed, so that no kill leaves half a line."""
        self.rows.append(row)
        columns = list(dict.fromkeys(name for known in self.rows for name in known))
        beside = self._path.with_suffix(".tmp")
        with beside.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(self.rows)
        beside.replace(self._path)


def read_table(path: Path) -> list[Row]:
    """The rows of a CSV file, numbers as numbers, empty cells left out; none where there is no file.

    Raises UserError where it cannot be read.
    """
    if not path.exists():
        return []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return [{name: _cell(text) for name, text in row.items() if text} for row in csv.DictReader(file)]
    except (OSError, ValueError, csv.Error) as error:
        raise UserError(f"The table {path} cannot be read: {error}.") from error


def column(rows: list[Row], name: str) -> tuple[list[float], list[float]]:
    """Steps and values of a column, of the rows that have it."""
    having = [row for row in rows if isinstance(row.get(name), float | int)]
    return [_number(row, "step") for row in having], [_number(row, name) for row in having]


def _cell(text: str) -> Cell:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _number(row: Row, name: str) -> float:
    value = row.get(name, 0.0)
    return value if isinstance(value, float | int) else 0.0
