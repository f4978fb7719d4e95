"""The studio's words in the user's language."""

from __future__ import annotations

import locale
import os

from animirror.realtime.studio.texts_pages import PAGES_TEXTS

# In the order of the translations in TEXTS.
LANGUAGES = ("en", "ro")
# Where systems other than Windows say the language, the most telling first.
VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
# Key -> (English, Romanian).
TEXTS: dict[str, tuple[str, str]] = {**PAGES_TEXTS}


class Texts:
    """Sentences by their keys: ``texts("saved", path="a.png")``. ``language``: None takes the system's."""

    def __init__(self, language: str | None = None) -> None:
        self.language = language if language in LANGUAGES else system_language()
        self._index = LANGUAGES.index(self.language)

    def __call__(self, key: str, **values: object) -> str:
        text = TEXTS[key][self._index]
        return text.format(**values) if values else text

    def name(self, kind: str, name: str) -> str:
        """What people call a "region", "label" or "style"; one of a model of their own keeps its name."""
        key = f"{kind}_{name.lower()}"
        return self(key) if key in TEXTS else name.replace("_", " ").capitalize()


def system_language() -> str:
    """The system's language where we speak it, else English."""
    told = next((os.environ[name] for name in VARIABLES if os.environ.get(name)), None)
    told = told or locale.getlocale()[0] or ""
    # "ro_RO.UTF-8", on Windows "Romanian_Romania".
    return next((language for language in LANGUAGES if told.lower().startswith(language)), LANGUAGES[0])
