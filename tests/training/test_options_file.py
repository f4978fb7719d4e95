"""Files of options, read and written, and what is said of mistakes in them."""

import math
from pathlib import Path

import pytest

from animirror.realtime.errors import UserError
from animirror.training.options import CycleganOptions
from animirror.training.options_file import dump_options, load_options, parse_options


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
        ({"learning_rate": math.nan}, "option 'learning_rate' must be a number, not nan"),
        ({"resize": 200}, r"my\.json: option 'resize' \(200\) must be 0 or at least 'size' \(256\)"),
        ({"blur_kernel": 12}, "option 'blur_kernel' must be odd, not 12"),
        ({"schedule": "plateau", "score": "none"}, "needs a score"),
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
