"""What the studio remembers from one time to the next: theme, language, files opened last."""

from __future__ import annotations

import contextlib
import json
import logging
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import platformdirs

log = logging.getLogger(__name__)

THEMES = ("dark", "light")
# As many as fit beside the start page's pictures.
RECENT = 6


@dataclass(frozen=True)
class Preferences:
    """``language``: None follows the system; ``recent``: paths, the newest first."""

    theme: str = "dark"
    language: str | None = None
    recent: tuple[str, ...] = ()

    def opened(self, path: Path) -> Preferences:
        """The same, with a file as the newest."""
        name = str(path.resolve())
        others = [known for known in self.recent if known != name]
        return replace(self, recent=tuple([name, *others][:RECENT]))

    def forget(self, path: Path) -> Preferences:
        """The same without a file that cannot be opened any more."""
        gone = {str(path), str(path.resolve())}
        return replace(self, recent=tuple(known for known in self.recent if known not in gone))


def preferences_file() -> Path:
    return platformdirs.user_config_path("animirror", appauthor=False) / "studio.json"


def load_preferences(path: Path) -> Preferences:
    """What the file says, piece by piece; a file that makes no sense is no reason not to start."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Preferences()
    except (OSError, ValueError) as error:
        log.warning("The studio's settings %s cannot be read: %s.", path, error)
        return Preferences()
    if not isinstance(content, dict):
        return Preferences()
    theme, language, recent = (content.get(name) for name in ("theme", "language", "recent"))
    return Preferences(
        theme if theme in THEMES else Preferences.theme,
        language if isinstance(language, str) else None,
        tuple(name for name in recent if isinstance(name, str))[:RECENT] if isinstance(recent, list) else (),
    )


def save_preferences(preferences: Preferences, path: Path) -> None:
    """Write them beside and rename; where that fails, say so in the log: nothing of the user's is lost."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(asdict(preferences), indent=2) + "\n", encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        log.warning("The studio's settings %s cannot be written: %s.", path, error)
        # Where nothing can be written there may be nothing to remove, nor a folder to remove it from.
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
