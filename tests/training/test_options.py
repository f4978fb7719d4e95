"""The options of trainings, and the presets of the house."""

import dataclasses
from pathlib import Path

import pytest

from animirror.training.gan import check_networks
from animirror.training.options import (
    CycleganOptions,
    DistillOptions,
    HubSet,
    MaskSet,
    PictureSet,
    SegformerOptions,
)
from animirror.training.options_file import load_options

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


def test_every_option_is_documented() -> None:
    for cls in (CycleganOptions, DistillOptions, SegformerOptions, HubSet, MaskSet, PictureSet):
        for item in dataclasses.fields(cls):
            assert len(item.metadata["doc"].split()) >= 3, item.name
