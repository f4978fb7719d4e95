"""Times, sizes, rates and files as people name them."""

from fractions import Fraction
from pathlib import Path

import pytest

from animirror.realtime.errors import UserError
from animirror.realtime.selection import Selected, parse_rate, parse_size, parse_span, parse_time, select


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90.5s", 90.5), ("1:30", 90), ("00:01:30.25", 90.25), ("2:00:00", 7200), (" 0 ", 0)],
)
def test_times(text: str, seconds: float) -> None:
    assert parse_time(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-5", "1:2:3:4", "1:75", "1:61:00", "1:", "nan"])
def test_no_times(text: str) -> None:
    with pytest.raises(UserError, match="is no time"):
        parse_time(text)


def test_spans() -> None:
    assert parse_span("00:01:00", "00:02:30") == (60, 150)
    assert parse_span(None, None) == (None, None)
    with pytest.raises(UserError, match=r"--to 10 is not later than --from 10"):
        parse_span("10", "10")
    with pytest.raises(UserError, match="nothing would be left"):
        parse_span(None, "0")


def test_sizes() -> None:
    assert parse_size("1280x720") == (1280, 720)
    assert parse_size("x720") == (None, 720)
    assert parse_size("640X") == (640, None)
    for text in ("x", "720", "1280*720", "big"):
        with pytest.raises(UserError, match="is no size"):
            parse_size(text)
    for text in ("1281x720", "8x8", "99998x"):
        with pytest.raises(UserError, match="must be even and between"):
            parse_size(text)


def test_rates() -> None:
    assert parse_rate("25") == 25
    assert parse_rate("29.97") == Fraction(30000, 1001)
    assert parse_rate("23.976") == Fraction(24000, 1001)
    assert parse_rate("30000/1001") == Fraction(30000, 1001)
    assert parse_rate("12.5") == Fraction(25, 2)
    for text in ("fast", "1/0", ""):
        with pytest.raises(UserError, match="is no rate"):
            parse_rate(text)
    with pytest.raises(UserError, match="between 1 and 1000"):
        parse_rate("0.5")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (
        "b.mp4",
        "a.MKV",
        "notes.txt",
        "a-anime.mp4",
        ".a.partial7.mp4",
        "deep/er/c.mp4",
        "deep/d.mov",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


def test_a_folder_gives_its_videos(folder: Path) -> None:
    assert select([folder], False, []) == [Selected(folder / "a.MKV"), Selected(folder / "b.mp4")]


def test_folders_in_folders(folder: Path) -> None:
    found = select([folder], True, [])
    assert [item.path.name for item in found] == ["a.MKV", "b.mp4", "d.mov", "c.mp4"]
    assert [str(item.below) for item in found] == [".", ".", "deep", "deep/er"]


def test_patterns_choose_in_folders_only(folder: Path) -> None:
    names = [item.path.name for item in select([folder, folder / "a.MKV"], True, ["*.mp4", "*.mov"])]
    assert names == ["b.mp4", "d.mov", "c.mp4", "a.MKV"]
    assert [item.path.name for item in select([folder], True, ["er/*.mp4"])] == ["c.mp4"]


def test_nothing_is_taken_twice_and_missing_files_stay(folder: Path) -> None:
    found = select([folder / "b.mp4", folder, folder / "none.mp4"], False, [])
    assert [item.path.name for item in found] == ["b.mp4", "a.MKV", "none.mp4"]


def test_a_folder_without_videos_is_named(folder: Path) -> None:
    with pytest.raises(UserError, match=r"no video named \*\.avi in the folder .*--recursive"):
        select([folder], False, ["*.avi"])
