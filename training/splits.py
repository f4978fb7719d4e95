"""Train and validation parts: drawn once from a seed, written down, never mixed."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path

from animirror.realtime.errors import UserError

PICTURE_SUFFIXES = {".webp", ".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"}


@dataclass(frozen=True)
class Splits:
    """The validation stems of each set; every other picture of a set is for training."""

    seed: int
    validation: dict[str, frozenset[str]]

    def is_validation(self, name: str, stem: str) -> bool:
        return stem in self.validation.get(name, frozenset())

    def part(self, name: str, paths: list[Path], validation: bool) -> list[Path]:
        """The paths of set ``name`` that belong to the validation (or the training) part."""
        return [path for path in paths if self.is_validation(name, path.stem) == validation]


def pictures(folder: Path, prefix: str = "") -> list[Path]:
    """All pictures of a folder, sorted by name. Raises UserError when it is missing or holds none."""
    if not folder.is_dir():
        raise UserError(f"The folder {folder} does not exist; check data_root and the set's folders.")
    found = sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in PICTURE_SUFFIXES and path.name.startswith(prefix)
    )
    if not found:
        raise UserError(f"The folder {folder} holds no pictures{f' called {prefix}*' if prefix else ''}.")
    return found


def draw_splits(sets: dict[str, tuple[Path, str, int]], seed: int) -> Splits:
    """Draw ``count`` validation pictures from each set {name: (folder, prefix, count)}."""
    validation = {}
    for name, (folder, prefix, count) in sorted(sets.items()):
        stems = [path.stem for path in pictures(folder, prefix)]
        validation[name] = frozenset(random.Random(f"{seed}:{name}").sample(stems, min(count, len(stems))))
    return Splits(seed, validation)


def read_splits(path: Path) -> Splits:
    """Raises UserError where the file cannot be read or is not a splits file."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        validation = {name: frozenset(stems) for name, stems in content["validation"].items()}
        return Splits(int(content["seed"]), validation)
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise UserError(f"{path} is not a readable splits file: {error}.") from error


def write_splits(splits: Splits, path: Path) -> None:
    content = {
        "seed": splits.seed,
        "validation": {name: sorted(stems) for name, stems in sorted(splits.validation.items())},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
