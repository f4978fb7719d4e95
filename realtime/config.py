"""The live session's settings: flag over file over preset over default, each checked and printable."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import platformdirs

from animirror.realtime.degrade import MODES
from animirror.realtime.errors import UserError
from animirror.realtime.filter import FilterOptions
from animirror.realtime.models import PRECISION_HELP, PRECISIONS
from animirror.realtime.regions import DEFAULT_REGIONS
from animirror.realtime.runtime import DEVICES

FILE_NAME = "live.toml"
# What a preset sets; files and flags go before it.
PRESETS: dict[str, dict[str, Any]] = {
    "quality": {"size": (1920, 1080), "segment_every": 1},
    "balanced": {},
    "fast": {"size": (640, 360), "segment_every": 2},
}
SIZE_LIMITS = (64, 7680)


def _text(value: Any) -> str:
    if not isinstance(value, str | int) or isinstance(value, bool) or not str(value).strip():
        raise ValueError("must be a name")
    return str(value).strip()


def _names(value: Any) -> tuple[str, ...]:
    parts = value if isinstance(value, list | tuple) else _text(value).split(",")
    names = tuple(_text(part) for part in parts if str(part).strip())
    if not names:
        raise ValueError("must name at least one")
    return names


def _several(value: Any) -> tuple[str, ...]:
    """Like _names, but a comma belongs to the name."""
    return tuple(_text(part) for part in value) if isinstance(value, list | tuple) else (_text(value),)


def _number(value: Any) -> float:
    if isinstance(value, bool):
        raise ValueError("must be a number")
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise ValueError("must be a number") from error


def _rate(value: Any) -> float:
    rate = _number(value)
    if not 1.0 <= rate <= 1000.0:
        raise ValueError("must be between 1 and 1000")
    return rate


def _count(value: Any) -> int:
    number = _number(value)
    if number != int(number) or number < 1:
        raise ValueError("must be a whole number, at least 1")
    return int(number)


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _size(value: Any) -> tuple[int, int]:
    parts = value if isinstance(value, list | tuple) else str(value).lower().split("x")
    try:
        width, height = (int(part) for part in parts)
    except (TypeError, ValueError) as error:
        raise ValueError("must look like 1280x720") from error
    low, high = SIZE_LIMITS
    if not (low <= width <= high and low <= height <= high):
        raise ValueError(f"must lie between {low} and {high} pixels a side")
    return width, height


def _one_of(*choices: str) -> Callable[[Any], str]:
    def parse(value: Any) -> str:
        if value not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return str(value)

    return parse


def _setting(default: Any, parse: Callable[[Any], Any], text: str) -> Any:
    return field(default=default, metadata={"parse": parse, "help": text})


@dataclass(frozen=True)
class LiveConfig:
    """Settings of `animirror live`; None: whatever fits."""

    source: str = _setting(
        "0", _text, "camera (index, device or part of its name), video or picture file, stream URL, or demo"
    )
    sink: tuple[str, ...] = _setting(
        ("window",), _several, "window, camera (or camera:DEVICE), none or a video file; may be given often"
    )
    size: tuple[int, int] | None = _setting(None, _size, "pixels, such as 1280x720 (a file: its own)")
    fps: float | None = _setting(None, _rate, "frames per second (a file: its own)")
    loop: bool = _setting(False, _switch, "play a video file again and again")
    style: str | None = _setting(None, _text, "style or model name, see `animirror models`")
    regions: tuple[str, ...] = _setting(DEFAULT_REGIONS, _names, "regions or labels to redraw (face,hair)")
    strength: float = _setting(FilterOptions.strength, _number, "0 to 1")
    color_match: float = _setting(FilterOptions.color_match, _number, "0 to 1")
    feather: float = _setting(FilterOptions.feather, _number, "softness of the edge, 1 is usual")
    eyes: float = _setting(
        FilterOptions.eyes, _number, "size of eyes: 0 as they are, 1 as the style has them"
    )
    mirror: bool = _setting(False, _switch, "mirror the picture")
    hud: bool = _setting(False, _switch, "show the figures")
    device: str = _setting("auto", _one_of(*DEVICES), f"where the models run: {', '.join(DEVICES)}")
    precision: str = _setting("auto", _one_of(*PRECISIONS), PRECISION_HELP)
    threads: int | None = _setting(None, _count, "threads per model on the CPU")
    stages: int | None = _setting(None, _count, "threads of the pipeline, 1 to 3 (by the cores)")
    segment_every: int = _setting(1, _count, "find face and hair in every Nth frame, move the mask between")
    degrade: str = _setting(
        "auto",
        _one_of(*MODES),
        "auto: less work where the machine is too slow (the HUD tells); never: all of it",
    )
    out_dir: str = _setting(".", _text, "where snapshots and recordings go")

    def filter_options(self) -> FilterOptions:
        """The part that the filter reads. Raises UserError for values out of their limits."""
        return FilterOptions(self.regions, self.strength, self.color_match, self.feather, self.eyes)


@dataclass(frozen=True)
class Resolved:
    """A configuration and where each of its settings comes from."""

    config: LiveConfig
    origins: Mapping[str, str]

    def text(self) -> str:
        """As a TOML file, with the origins as comments; what is not set stands there as a comment."""
        lines = []
        for item in dataclasses.fields(LiveConfig):
            value = getattr(self.config, item.name)
            line = f"# {item.name} =" if value is None else f"{item.name} = {_toml(value)}"
            lines.append(f"{line:<44} # {self.origins.get(item.name, 'default')}")
        return "\n".join(lines) + "\n"


def user_file() -> Path:
    """The file that is read where --config names none; need not exist."""
    return platformdirs.user_config_path("animirror", appauthor=False) / FILE_NAME


def resolve(flags: Mapping[str, Any], path: Path | None = None, preset: str | None = None) -> Resolved:
    """Settings from flags, a file (None: the user's own, where there is one), a preset, and defaults.

    A file may name its ``preset``. Raises UserError that names the flag or the file and key.
    """
    file = path if path is not None else user_file()
    given = _read(file) if path is not None or file.is_file() else {}
    named = given.pop("preset", None)
    preset = preset or named
    if preset is not None and preset not in PRESETS:
        raise UserError(f"There is no preset '{preset}'; there are: {', '.join(PRESETS)}.")
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    layers = (
        (f"preset {preset}", PRESETS[preset] if preset else {}, ""),
        (f"file {file}", given, f" in {file}"),
        ("flag", flags, ""),
    )
    for origin, layer, where in layers:
        for name, value in layer.items():
            values[name] = resolve_one(name, value, where)
            origins[name] = origin
    config = LiveConfig(**values)
    config.filter_options()
    return Resolved(config, origins)


def resolve_one(name: str, value: Any, where: str = "") -> Any:
    """One setting's value, checked. Raises UserError that names it and ``where`` it was given."""
    parses = {item.name: item.metadata["parse"] for item in dataclasses.fields(LiveConfig)}
    if name not in parses:
        raise UserError(f"There is no setting '{name}'{where}; there are: {', '.join(parses)}.")
    try:
        return parses[name](value)
    except ValueError as error:
        raise UserError(f"The setting '{name}'{where} {error}, not {value!r}.") from error


def save(resolved: Resolved, path: Path) -> None:
    """Write the settings as a TOML file for --config, beside it first. Raises UserError."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(resolved.text(), encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise UserError(f"The settings {path} cannot be written: {error.strerror}.") from error
    finally:
        partial.unlink(missing_ok=True)


def _read(path: Path) -> dict[str, Any]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(f"The settings file {path} does not exist.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"The settings file {path} cannot be read: {error}.") from error
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"The settings file {path} is not valid TOML: {error}.") from error
    return {name.replace("-", "_"): value for name, value in content.items()}


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple) and all(isinstance(part, int) for part in value):
        return _toml("x".join(map(str, value)))
    if isinstance(value, tuple):
        return f"[{', '.join(_toml(part) for part in value)}]"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return f"{value:g}"
