from pathlib import Path

import pytest

from animirror.realtime.errors import UserError
from animirror.training.splits import draw_splits, pictures, read_splits, write_splits

HOUSE = Path(__file__).parents[2] / "training" / "presets" / "house-splits.json"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for index in range(20):
        (tmp_path / f"p{index:02d}.png").touch()
    (tmp_path / "notes.txt").touch()
    return tmp_path


def test_parts_are_never_mixed_and_miss_nothing(folder: Path) -> None:
    splits = draw_splits({"set": (folder, "", 5)}, seed=3)
    paths = pictures(folder)
    train, validation = splits.part("set", paths, False), splits.part("set", paths, True)
    assert len(validation) == 5
    assert sorted(train + validation) == paths
    assert not set(train) & set(validation)


def test_the_seed_decides(folder: Path) -> None:
    one, same, other = (draw_splits({"set": (folder, "", 5)}, seed) for seed in (3, 3, 4))
    assert one == same
    assert one.validation != other.validation


def test_written_splits_are_read_back(folder: Path) -> None:
    splits = draw_splits({"set": (folder, "p0", 4)}, seed=1)
    write_splits(splits, folder / "s.json")
    assert read_splits(folder / "s.json") == splits


def test_house_splits() -> None:
    validation = read_splits(HOUSE).validation
    assert {name: len(stems) for name, stems in validation.items()} == {
        "anime": 200,
        "cartoon": 100,
        "ccp": 80,
        "celebamask": 110,
        "flickr": 150,
        "illustration": 60,
        "photos": 100,
        "selfies": 100,
    }


def test_bad_folders_and_files(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        pictures(tmp_path / "none")
    with pytest.raises(UserError, match="holds no pictures"):
        pictures(tmp_path)
    (tmp_path / "s.json").write_text('{"validation": []}')
    with pytest.raises(UserError, match="not a readable splits file"):
        read_splits(tmp_path / "s.json")
