import dataclasses
from pathlib import Path

import pytest

from animirror.realtime.errors import UserError
from animirror.training.options import (
    CycleganOptions,
    MaskSet,
    PictureSet,
    SegformerOptions,
    dump_options,
    load_options,
    parse_options,
)

PRESETS = Path(__file__).parents[2] / "training" / "presets"


@pytest.mark.parametrize("path", sorted(PRESETS.glob("segformer*.json")), ids=lambda p: p.stem)
def test_segformer_presets_are_valid(path: Path) -> None:
    assert load_options(SegformerOptions, path).network["name"] == "segformer"


@pytest.mark.parametrize("path", sorted(PRESETS.glob("anime*.json")), ids=lambda p: p.stem)
def test_cyclegan_presets_are_valid(path: Path) -> None:
    assert load_options(CycleganOptions, path).style == "anime"


def test_resolved_options_read_back_the_same(tmp_path: Path) -> None:
    options = parse_options(CycleganOptions, {"photos": [{"name": "a", "images": "b"}], "batch": 2}, "x")
    (tmp_path / "o.json").write_text(dump_options(options))
    assert load_options(CycleganOptions, tmp_path / "o.json") == options
    assert options.lambda_cycle == 10.0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"bach": 4}, "unknown option 'bach'; known:.*batch"),
        ({"batch": "4"}, "option 'batch' must be of type int, not '4'"),
        ({"batch": True}, "must be of type int"),
        ({"batch": 0}, "option 'batch' must be at least 1, not 0"),
        ({"beta1": 1.5}, "at most 1.0"),
        ({"photos": {}}, "option 'photos' must be a list"),
        ({"photos": [{"coding": "magic"}]}, r"option 'photos'\[0\]: option 'coding' must be one of"),
        ([], "must be a JSON object"),
    ],
)
def test_mistakes_are_named(content: object, message: str) -> None:
    with pytest.raises(UserError, match=message):
        parse_options(CycleganOptions, content, "my.json")


def test_files_that_are_no_options(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.json cannot be read"):
        load_options(CycleganOptions, tmp_path / "none.json")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(UserError, match=r"bad\.json is not valid JSON"):
        load_options(CycleganOptions, tmp_path / "bad.json")


def test_every_option_is_documented() -> None:
    for cls in (CycleganOptions, SegformerOptions, MaskSet, PictureSet):
        for item in dataclasses.fields(cls):
            assert len(item.metadata["doc"].split()) >= 3, item.name
