"""Settings: flag over file over preset over default."""

from dataclasses import replace
from pathlib import Path

import pytest

from animirror.realtime import config
from animirror.realtime.config import LiveConfig, resolve, save, user_file
from animirror.realtime.errors import UserError


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nobody's own settings play a part."""
    monkeypatch.setattr(config, "user_file", lambda: tmp_path / "own" / "live.toml")
    return tmp_path


def test_flag_over_file_over_preset_over_default(home: Path) -> None:
    path = home / "c.toml"
    path.write_text('size = "800x600"\nstrength = 0.5\nsink = ["none", "a.mp4"]\nsegment-every = 3\n')
    resolved = resolve({"strength": "0.25"}, path, "fast")
    told = resolved.config
    assert (told.strength, told.size, told.segment_every) == (0.25, (800, 600), 3)
    assert told.sink == ("none", "a.mp4")
    assert resolve({}, None, "fast").config.size == (640, 360)
    assert dict(resolved.origins) == {
        "strength": "flag",
        "size": f"file {path}",
        "sink": f"file {path}",
        "segment_every": f"file {path}",
    }
    assert resolve({}).config == LiveConfig()


def test_the_users_own_file_counts_unless_another_is_named(home: Path) -> None:
    own = config.user_file()
    own.parent.mkdir()
    own.write_text('preset = "fast"\nmirror = true\n')
    told = resolve({}).config
    assert (told.mirror, told.size) == (True, (640, 360))
    (home / "c.toml").write_text("hud = true\n")
    told = resolve({}, home / "c.toml").config
    assert (told.mirror, told.hud) == (False, True)


def test_what_is_printed_can_be_read_again(home: Path) -> None:
    flags = {"size": "641x360", "regions": "face,hat", "source": 'a "b" \\c', "fps": "29.97", "loop": True}
    resolved = resolve(flags)
    path = home / "deep" / "saved.toml"
    save(resolved, path)
    assert resolve({}, path).config == resolved.config
    assert "# flag" in resolved.text()
    changed = replace(resolved, config=replace(resolved.config, strength=0.3))
    save(changed, path)
    assert resolve({}, path).config.strength == 0.3
    assert [entry.name for entry in path.parent.iterdir()] == ["saved.toml"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('size = "big"', "'size' in .*c.toml must look like 1280x720, not 'big'"),
        ("size = [10, 10]", "must lie between 64 and 7680"),
        ("strength = true", "'strength' in .* must be a number"),
        ("strength = 7", "strength must be between 0 and 1"),
        ('fps = "fast"', "'fps' in .* must be a number"),
        ("fps = 0", "must be between 1 and 1000"),
        ("threads = 1.5", "must be a whole number"),
        ("mirror = 1", "must be true or false"),
        ("regions = []", "must name at least one"),
        ('device = "gpu"', "must be one of auto, cpu"),
        ("colour = 1", "no setting 'colour' in .*there are: source, sink"),
        ('preset = "best"', "no preset 'best'; there are: quality"),
        ("= 3", "is not valid TOML"),
    ],
)
def test_mistakes_name_file_and_key(home: Path, text: str, message: str) -> None:
    path = home / "c.toml"
    path.write_text(text)
    with pytest.raises(UserError, match=message):
        resolve({}, path)


def test_a_missing_file_is_a_mistake_only_when_named(home: Path) -> None:
    with pytest.raises(UserError, match=r"no\.toml does not exist"):
        resolve({}, home / "no.toml")
    assert resolve({}).config == LiveConfig()


def test_the_users_file_lies_where_the_system_wants_it() -> None:
    assert user_file().name == "live.toml"
    assert "animirror" in user_file().parts
