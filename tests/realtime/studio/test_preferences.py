"""What the studio remembers."""

from pathlib import Path

import pytest

from animirror.realtime.studio.preferences import RECENT, Preferences, load_preferences, save_preferences


def test_they_come_back_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "studio.json"
    assert load_preferences(path) == Preferences()
    kept = Preferences("light", "ro", ("/a.png", "/b.png"))
    save_preferences(kept, path)
    assert load_preferences(path) == kept
    assert [file.name for file in path.parent.iterdir()] == ["studio.json"]


def test_recent_files_the_newest_first(tmp_path: Path) -> None:
    preferences = Preferences()
    for number in range(RECENT + 2):
        preferences = preferences.opened(tmp_path / f"{number}.png")
    preferences = preferences.opened(tmp_path / "4.png")
    names = [Path(name).name for name in preferences.recent]
    assert names == ["4.png", "7.png", "6.png", "5.png", "3.png", "2.png"]
    assert Path(preferences.forget(tmp_path / "4.png").recent[0]).name == "7.png"


@pytest.mark.parametrize("content", ["", "[]", '{"theme": 7, "recent": [1, "/x"], "language": false}', "\0"])
def test_nonsense_is_no_reason_not_to_start(tmp_path: Path, content: str) -> None:
    path = tmp_path / "studio.json"
    path.write_text(content)
    loaded = load_preferences(path)
    assert loaded.theme == "dark"
    assert loaded.language is None
    assert loaded.recent in ((), ("/x",))


def test_a_place_that_cannot_be_written_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    save_preferences(Preferences(), tmp_path / "file" / "studio.json")
    assert load_preferences(tmp_path / "file" / "studio.json") == Preferences()
