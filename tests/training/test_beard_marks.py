"""Files of the beards that people saw on photos."""

import json
from pathlib import Path

import pytest

from animirror.realtime.errors import UserError
from animirror.training.beard_marks import read_marks
from animirror.training.pen.beard import Kind, Worn

HOUSE = Path(__file__).parents[2] / "training/presets/beards.json"


def test_photos_have_what_was_seen_and_others_nothing(tmp_path: Path) -> None:
    path = tmp_path / "beards.json"
    path.write_text(json.dumps({"photos": {"full": ["a", "b"], "none": ["c"], "unsure": ["d"]}}))
    marks = read_marks(path)["photos"]
    assert marks == {"a": Worn.FULL, "b": Worn.FULL, "c": Worn.NONE, "d": Worn.UNSURE}
    assert [marks[stem].kind for stem in "acd"] == [Kind.FULL, None, None]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ('{"photos": {"full": ["a"], "none": ["a"]}}', "'a' is both full and none"),
        ('{"photos": {"whiskers": ["a"]}}', "whiskers"),
        ('{"photos": ["a"]}', "not a readable file of beards"),
        ("{", "not a readable file of beards"),
    ],
)
def test_other_files_are_named_with_what_is_wrong(content: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / "beards.json"
    path.write_text(content)
    with pytest.raises(UserError, match=why) as refused:
        read_marks(path)
    assert str(path) in str(refused.value)
    with pytest.raises(UserError, match="absent"):
        read_marks(tmp_path / "absent.json")


def test_the_house_has_beards_of_every_kind_and_none_of_validation_pictures() -> None:
    marks = read_marks(HOUSE)
    validation = json.loads((HOUSE.parent / "house-splits.json").read_text())["validation"]
    for name, worn in marks.items():
        assert set(worn.values()) == set(Worn)
        assert not set(worn) & set(validation[name])
