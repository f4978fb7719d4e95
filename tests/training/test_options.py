import dataclasses
import math
from pathlib import Path

import pytest

from animirror.realtime.errors import UserError
from animirror.training.gan import check_networks
from animirror.training.options import (
    CycleganOptions,
    DistillOptions,
    HubSet,
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


@pytest.mark.parametrize("path", sorted(PRESETS.glob("anime-lite*.json")), ids=lambda p: p.stem)
def test_cyclegan_presets_are_valid(path: Path) -> None:
    assert load_options(CycleganOptions, path).style == "anime"


@pytest.mark.parametrize("path", sorted(PRESETS.glob("anime-drawn*.json")), ids=lambda p: p.stem)
def test_presets_of_drawn_pairs_are_valid(path: Path) -> None:
    options = load_options(DistillOptions, path)
    assert (options.style, options.hand, options.eyes) == ("anime", "anime", 2.0)
    check_networks(options)


@pytest.mark.parametrize(
    ("name", "weights"),
    [("low", (1, 1, 1)), ("medium", (1, 5, 2.5)), ("default", (1, 10, 5)), ("high", (1, 14, 7))],
)
def test_the_thesiss_presets(name: str, weights: tuple[float, ...]) -> None:
    options = load_options(CycleganOptions, PRESETS / f"thesis-{name}.json")
    assert (options.lambda_gan, options.lambda_cycle, options.lambda_identity) == weights
    assert (options.generator["name"], options.generator["blocks"]) == ("resnet", 9)
    assert options.generator["norm"] == options.discriminator["norm"] == "batch"
    assert (options.size, options.resize, options.batch, options.epochs) == (256, 290, 4, 200)
    assert (options.blur_kernel, options.blur_sigma) == (13, 40.0)
    assert options.blur_share * options.epochs == 150
    assert (options.learning_rate, options.beta1, options.pool, options.seed) == (2e-4, 0.5, 50, 7)


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


def test_every_option_is_documented() -> None:
    for cls in (CycleganOptions, DistillOptions, SegformerOptions, HubSet, MaskSet, PictureSet):
        for item in dataclasses.fields(cls):
            assert len(item.metadata["doc"].split()) >= 3, item.name
