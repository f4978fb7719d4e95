"""Files of options: JSON read into a data class of options.py, every value checked, and written back."""

from __future__ import annotations

import dataclasses
import json
import math
import types
import typing
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

from animirror.realtime.errors import UserError

Options = TypeVar("Options")


def load_options(cls: type[Options], path: Path) -> Options:
    """Read ``path`` into ``cls``. Raises UserError naming the file and the option that is wrong."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"The options file {path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise UserError(f"The options file {path} is not valid JSON: {error}.") from error
    return parse_options(cls, content, str(path))


def parse_options(cls: type[Options], content: Any, where: str) -> Options:
    """An instance of the data class ``cls`` from decoded JSON, every value checked."""
    if not isinstance(content, dict):
        raise UserError(f"{where}: options must be a JSON object, not {type(content).__name__}.")
    fields = {item.name: item for item in dataclasses.fields(cls)}  # type: ignore[arg-type]
    hints = typing.get_type_hints(cls)
    values: dict[str, Any] = {}
    for key, value in content.items():
        if key not in fields:
            raise UserError(f"{where}: unknown option '{key}'; known: {', '.join(fields)}.")
        values[key] = _convert(hints[key], value, f"{where}: option '{key}'")
        _check_limits(fields[key], values[key], f"{where}: option '{key}'")
    try:
        return cls(**values)
    except ValueError as error:
        raise UserError(f"{where}: {error}.") from error


def dump_options(options: Any) -> str:
    """The resolved options as JSON text, defaults included: what a run keeps in its folder."""
    return json.dumps(dataclasses.asdict(options), indent=2) + "\n"


def _convert(hint: Any, value: Any, where: str) -> Any:
    origin = get_origin(hint)
    if origin in (types.UnionType, typing.Union):
        if value is None and type(None) in get_args(hint):
            return None
        return _convert(next(arg for arg in get_args(hint) if arg is not type(None)), value, where)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return parse_options(hint, value, where)
    if origin is list:
        if not isinstance(value, list):
            raise UserError(f"{where} must be a list, not {value!r}.")
        return [_convert(get_args(hint)[0], item, f"{where}[{index}]") for index, item in enumerate(value)]
    expected = origin or hint
    if expected is float and type(value) is int:
        return float(value)
    if type(value) is not expected:
        raise UserError(f"{where} must be of type {expected.__name__}, not {value!r}.")
    if expected is float and not math.isfinite(value):
        raise UserError(f"{where} must be a number, not {value!r}.")
    return value


def _check_limits(item: dataclasses.Field[Any], value: Any, where: str) -> None:
    limits = item.metadata
    low, high, choices = limits.get("minimum"), limits.get("maximum"), limits.get("choices")
    if choices is not None and value not in choices:
        raise UserError(f"{where} must be one of {', '.join(choices)}, not {value!r}.")
    if low is not None and value < low:
        raise UserError(f"{where} must be at least {low}, not {value!r}.")
    if high is not None and value > high:
        raise UserError(f"{where} must be at most {high}, not {value!r}.")
