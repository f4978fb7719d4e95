"""The studio's words: all there, in both languages, and nothing that nobody says."""

import re
import string
from pathlib import Path

import pytest

from animirror.realtime import studio
from animirror.realtime.regions import CELEBAMASK_LABELS, REGIONS
from animirror.realtime.studio.choices import COLOR_FILTERS
from animirror.realtime.studio.texts import LANGUAGES, TEXTS, Texts, system_language

FOLDER = Path(next(iter(studio.__path__)))
# Keys that are put together: texts(f"page_{name}").
PATTERN = re.compile(r'texts\(\s*f?"([a-z_{}.()]+)"')


def used_keys() -> set[str]:
    return {key for path in FOLDER.glob("*.py") for key in PATTERN.findall(path.read_text(encoding="utf-8"))}


def test_every_key_that_is_said_is_there() -> None:
    used = used_keys()
    assert len(used) > 60
    assert {key for key in used if "{" not in key} <= TEXTS.keys()
    for key in used - TEXTS.keys():
        made = re.compile(re.sub(r"\{[^}]*\}", "[a-z_]+", key) + "$")
        assert any(made.match(known) for known in TEXTS), key


def test_both_languages_say_the_same_things() -> None:
    for key, (english, romanian) in TEXTS.items():
        assert english.strip()
        assert romanian.strip()
        fields = [
            {field for _, field, _, _ in string.Formatter().parse(text)} for text in (english, romanian)
        ]
        assert fields[0] == fields[1], key
        # The old cedillas are other letters.
        assert not set(romanian) & set("şţŞŢ"), key


def test_what_a_model_knows_has_names() -> None:
    texts = Texts("ro")
    assert texts.name("region", "hair") == "Păr"
    assert texts.name("style", "my_own-style") == "My own-style"
    for region in REGIONS:
        assert f"region_{region}" in TEXTS
    for label in set(CELEBAMASK_LABELS) - {"background"} - REGIONS.keys():
        assert f"label_{label}" in TEXTS
    for color in COLOR_FILTERS:
        assert f"color_{color}" in TEXTS


def test_the_systems_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.delenv("LC_MESSAGES", raising=False)
    for told, language in (("ro_RO.UTF-8", "ro"), ("en_GB.UTF-8", "en"), ("de_DE.UTF-8", "en"), ("C", "en")):
        monkeypatch.setenv("LANG", told)
        assert system_language() == language
        assert Texts().language == language
    assert Texts("ro")("ready") == "Gata"
    assert Texts("xx").language in LANGUAGES
    assert Texts("en")("saved", path="a.png") == "Saved: a.png"
