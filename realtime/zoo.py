"""The manifest: find, verify, describe and add models. Nothing loads a file whose hash differs."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from animirror.realtime.errors import UserError

MANIFEST = "manifest.json"
VERSION = 1
TASKS = ("segmentation", "stylization")
INT8 = "int8"
REPAIR = "reinstall animirror, or put the original file back"


@dataclass(frozen=True)
class ModelEntry:
    """One model of the manifest: what its file is, where it comes from, how good it is."""

    name: str
    task: str
    file: str
    sha256: str
    bytes: int
    precision: str
    size: int
    provenance: dict[str, Any]
    licence: str
    data_terms: str
    labels: tuple[str, ...] | None = None
    style: str | None = None
    scores: list[dict[str, Any]] = field(default_factory=list)
    # SHA-256 of the file that an int8 model was made from.
    quantized_from: str | None = None


@dataclass(frozen=True)
class ModelState:
    """A row of `animirror models`: the entry, and what is wrong with its file (None: nothing)."""

    entry: ModelEntry
    problem: str | None


class Zoo:
    """The models of one folder (default: those that ship with the package), read from its manifest.json.

    ``create``: a folder without a manifest is an empty zoo; adding its first model writes one.
    Raises UserError naming the manifest, and the entry and key, where it cannot be read or is not valid.
    """

    def __init__(self, folder: Path | None = None, create: bool = False) -> None:
        self.folder = folder or Path(str(resources.files("animirror.weights")))
        manifest = self.folder / MANIFEST
        self.entries: list[ModelEntry] = [] if create and not manifest.exists() else _read(manifest)

    def get(self, name: str) -> ModelEntry:
        """The entry called ``name``. Raises UserError that lists the names there are."""
        for entry in self.entries:
            if entry.name == name:
                return entry
        names = ", ".join(entry.name for entry in self.entries) or "none"
        raise UserError(f"There is no model '{name}' in {self.folder / MANIFEST}; there are: {names}.")

    def default(self, task: str) -> ModelEntry:
        """The first entry of a task: the order of the manifest is the order of preference."""
        for entry in self.entries:
            if entry.task == task:
                return entry
        raise UserError(f"{self.folder / MANIFEST} has no model for {task}: {REPAIR}.")

    def styles(self) -> list[str]:
        """Names of all styles, in the manifest's order, each once."""
        return list(dict.fromkeys(entry.style for entry in self.entries if entry.style))

    def for_style(self, style: str) -> ModelEntry:
        """The preferred generator of a style (or the generator of that name). Raises UserError."""
        for entry in self.entries:
            if entry.task == "stylization" and style in (entry.style, entry.name):
                return entry
        raise UserError(f"There is no style '{style}'; there are: {', '.join(self.styles()) or 'none'}.")

    def has(self, task: str) -> bool:
        """Whether there is any model for a task."""
        return any(entry.task == task for entry in self.entries)

    def quantized(self, entry: ModelEntry) -> ModelEntry | None:
        """The int8 model that was made from this entry's very file; None where there is none.

        When the file is replaced (a new training), the int8 model of the old one counts no more.
        """
        made = (other for other in self.entries if other.quantized_from == entry.sha256)
        return next((other for other in made if other.task == entry.task), None)

    def outdated(self, entry: ModelEntry) -> bool:
        """Whether it is an int8 model of a file that the zoo no longer has; it is not taken then."""
        return entry.quantized_from is not None and all(
            other.sha256 != entry.quantized_from for other in self.entries
        )

    def smaller(self, entry: ModelEntry, size: int) -> list[ModelEntry]:
        """The models for the same labels or style with inputs under ``size`` px, the largest first."""
        smaller = [other for other in self._alike(entry) if other.size < size]
        return sorted(smaller, key=lambda other: -other.size)

    def finest(self, entry: ModelEntry) -> ModelEntry:
        """The model for the same labels or style with the largest input: this one where none is larger."""
        return max([entry, *self._alike(entry)], key=lambda other: other.size)

    def _alike(self, entry: ModelEntry) -> list[ModelEntry]:
        """The models for the same labels or style, itself among them, that are no int8 of another."""
        kind = entry.task, entry.labels, entry.style
        same = [other for other in self.entries if (other.task, other.labels, other.style) == kind]
        return [other for other in same if other.quantized_from is None]

    def verify(self, entry: ModelEntry) -> Path:
        """The entry's file, checked against size and hash. Raises UserError naming the file."""
        problem = self._problem(entry)
        if problem is not None:
            raise UserError(problem)
        return self.folder / entry.file

    def describe(self) -> list[ModelState]:
        """Every entry with the state of its file."""
        return [ModelState(entry, self._problem(entry)) for entry in self.entries]

    def add(self, *added: ModelEntry) -> None:
        """Add entries, or replace those of the same name; their files must lie in the folder already.

        Entries that knew one of these files as it was before go. The manifest is written beside and renamed:
        whoever reads meanwhile sees the old one or the new one.
        """
        for entry in added:
            self.verify(entry)
        named, files = {entry.name: entry for entry in added}, {entry.file: entry.sha256 for entry in added}
        replaced = [named.pop(entry.name, entry) for entry in self.entries]
        kept = [entry for entry in replaced if files.get(entry.file, entry.sha256) == entry.sha256]
        entries = [*kept, *named.values()]
        _write(self.folder / MANIFEST, entries)
        self.entries = entries

    def _problem(self, entry: ModelEntry) -> str | None:
        path = self.folder / entry.file
        if not path.is_file():
            return f"The model file {path} is missing: {REPAIR}."
        size = path.stat().st_size
        if size != entry.bytes:
            return f"The model file {path} has {size} bytes, not {entry.bytes}: {REPAIR}."
        if sha256(path) != entry.sha256:
            return f"The model file {path} is not the one in the manifest (its SHA-256 differs): {REPAIR}."
        return None


def sha256(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(path: Path) -> list[ModelEntry]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"The manifest {path} cannot be read ({error.strerror}): {REPAIR}.") from error
    except ValueError as error:
        raise UserError(f"The manifest {path} is not valid JSON ({error}): {REPAIR}.") from error
    if not isinstance(content, dict) or content.get("version") != VERSION:
        raise UserError(f"The manifest {path} is not of version {VERSION}: update animirror.")
    models = content.get("models")
    if not isinstance(models, list) or content.keys() != {"version", "models"}:
        raise UserError(
            f"The manifest {path} must hold version and a list of models, nothing else: {REPAIR}."
        )
    entries = [_parse(item, _where(path, item, index)) for index, item in enumerate(models)]
    names = [entry.name for entry in entries]
    if len(set(names)) != len(names):
        raise UserError(f"The manifest {path} has two models of the same name: {REPAIR}.")
    return entries


def _where(path: Path, item: Any, index: int) -> str:
    """How an error calls a model: by its name where it has one, else by its place."""
    name = item.get("name") if isinstance(item, dict) else None
    return f"{path}, model {repr(name) if isinstance(name, str) else index + 1}"


OPTIONAL = {"labels", "style", "scores", "quantized_from"}
_TYPES: dict[str, tuple[type, ...]] = {
    "name": (str,),
    "task": (str,),
    "file": (str,),
    "sha256": (str,),
    "bytes": (int,),
    "precision": (str,),
    "size": (int,),
    "provenance": (dict,),
    "licence": (str,),
    "data_terms": (str,),
    "labels": (list, type(None)),
    "style": (str, type(None)),
    "scores": (list,),
    "quantized_from": (str, type(None)),
}


def _parse(item: Any, where: str) -> ModelEntry:
    if not isinstance(item, dict):
        raise UserError(f"{where}: not an object.")
    required = {f.name for f in dataclasses.fields(ModelEntry)} - OPTIONAL
    if missing := required - item.keys():
        raise UserError(f"{where}: lacks {', '.join(sorted(missing))}.")
    if unknown := item.keys() - _TYPES.keys():
        raise UserError(f"{where}: unknown {', '.join(sorted(unknown))}.")
    for key, value in item.items():
        # True is an int to Python, but no number of bytes.
        if not isinstance(value, _TYPES[key]) or isinstance(value, bool):
            raise UserError(f"{where}: {key} is of the wrong type ({value!r}).")
    if problem := _contradiction(item):
        raise UserError(f"{where}: {problem}.")
    labels = item.get("labels")
    return ModelEntry(**{**item, "labels": tuple(labels) if labels else None})


def _contradiction(item: dict[str, Any]) -> str | None:
    """What is wrong with the values of an entry whose keys and types are right (None: nothing)."""
    labels = item.get("labels")
    if item["task"] not in TASKS:
        return f"task must be one of {', '.join(TASKS)}, not '{item['task']}'"
    if Path(item["file"]).name != item["file"] or "\\" in item["file"]:
        return f"file must be a plain name beside the manifest, not '{item['file']}'"
    if item["size"] < 1 or item["bytes"] < 1:
        return "size and bytes must be positive"
    if labels is not None and not all(isinstance(label, str) for label in labels):
        return "labels must be names"
    if item["task"] == "segmentation" and not labels:
        return "a segmentation model needs labels"
    if item["task"] == "stylization" and not item.get("style"):
        return "a stylization model needs a style"
    return None


def _write(path: Path, entries: list[ModelEntry]) -> None:
    models = [
        {key: value for key, value in dataclasses.asdict(entry).items() if value is not None}
        for entry in entries
    ]
    text = json.dumps({"version": VERSION, "models": models}, indent=2) + "\n"
    temporary = path.with_suffix(".tmp")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise UserError(
            f"The manifest {path} cannot be written ({error.strerror}); check its folder's rights."
        ) from error
