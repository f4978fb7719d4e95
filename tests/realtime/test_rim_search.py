"""Thin bright glasses are found where their lines are, and nowhere else."""

from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import Mock

import cv2
import numpy as np
import pytest

from animirror.realtime import rim_search
from animirror.realtime.locate import Track
from animirror.realtime.regions import CELEBAMASK_LABELS, Crop
from animirror.realtime.rim_search import RimSearch, find_rims
from animirror.realtime.rims import LensForm, Look
from animirror.realtime.scene import Head
from tests.realtime.test_rims import EYES, SKIN, WORN, face, outline

CELLS = 64


def maps(
    label: float = 0.01, cells: int = CELLS, rows: tuple[float, float] = (0.4, 0.5)
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Everything is face, the eyes are eyes; glasses have this share of the face, between these heights."""
    first, last = (round(row * cells) for row in rows)
    columns = slice(round(0.3 * cells), round(0.7 * cells))
    glasses = np.zeros((cells, cells), np.float32)
    glasses[first:last, columns] = 1.0
    glasses *= label * cells**2 / glasses.sum()
    skin = np.ones((cells, cells), np.float32)
    features = np.zeros((cells, cells), np.float32)
    for eye in EYES:
        cv2.ellipse(features, (round(eye.x * cells), round(eye.y * cells)), (3, 1), 0, 0, 360, 1.0, -1)
    return skin, features, glasses


def folded(rim: int, fold: int) -> np.ndarray:
    """A face with rims and folds under the eyes of these levels."""
    image = face(rim)
    for eye in EYES:
        center = round(eye.x * 256), round(eye.y * 256)
        cv2.ellipse(image, center, (24, 14), 0, 10, 170, (fold,) * 3, 2, cv2.LINE_AA)
    return image


def test_silver_rims_are_found_where_they_are() -> None:
    rims = find_rims(face(), *maps(), EYES).rims
    assert rims is not None
    for eye, lens in enumerate((rims.left, rims.right)):
        away = np.linalg.norm(outline(lens, eye)[:, None] - outline(WORN, eye)[None], axis=-1).min(axis=1)
        assert away.max() < 4.0
        assert away.mean() < 2.0


@pytest.mark.parametrize(
    "image",
    [
        face(light=SKIN),
        face(light=60),
        face(parts=slice(10, 90)),
        face(eyes=(0,)),
    ],
    ids=["no lines", "a dark frame", "bags under the eyes", "one lens"],
)
def test_what_is_no_pair_of_bright_rims_is_none(image: np.ndarray) -> None:
    assert find_rims(image, *maps(), EYES) == Look(None, labelled=True)


@pytest.mark.parametrize(("rim", "fold"), [(172, 200), (172, 230), (180, 230)])
def test_folds_under_the_eyes_do_not_hide_the_rims(rim: int, fold: int) -> None:
    rims = find_rims(folded(rim, fold), *maps(), EYES).rims
    assert rims is not None
    for eye, lens in enumerate((rims.left, rims.right)):
        away = np.linalg.norm(outline(lens, eye)[:, None] - outline(WORN, eye)[None], axis=-1).min(axis=1)
        assert away.mean() < 3.0


@pytest.mark.parametrize(("rim", "fold", "tried"), [(SKIN, SKIN, 2), (172, 230, 3)])
def test_other_lenses_are_tried_only_where_the_best_are_nearly_rims(
    monkeypatch: pytest.MonkeyPatch, rim: int, fold: int, tried: int
) -> None:
    refined = Mock(wraps=rim_search._refined)
    monkeypatch.setattr(rim_search, "_refined", refined)
    find_rims(folded(rim, fold), *maps(), EYES)
    assert refined.call_count == 2 * tried


@pytest.mark.parametrize(("hopeless", "found"), [(1, True), (2, False)])
def test_one_hopeless_pair_of_lenses_does_not_end_the_search(
    monkeypatch: pytest.MonkeyPatch, hopeless: int, found: bool
) -> None:
    refined, asked = rim_search._refined, iter(range(100))

    def first_ones_fail(*arguments: Any) -> tuple[LensForm, float, float]:
        lens, weakest, whole = refined(*arguments)
        return (lens, 0.0, whole) if next(asked) < 2 * hopeless else (lens, weakest, whole)

    monkeypatch.setattr(rim_search, "_refined", first_ones_fail)
    # Other lenses lie so near to the rims that these are found from them, too.
    assert (find_rims(face(), *maps(), EYES).rims is not None) == found


def test_of_two_pairs_of_lenses_the_clearer_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    usual, high = (LensForm(0.05, lower, 0.38, 0.27, 2.0) for lower in (0.1, 0.0))
    forms = iter([(high, 0.52, 0.66)] * 2 + [(usual, 0.56, 0.72)] * 2)
    monkeypatch.setattr(rim_search, "_refined", lambda *arguments: next(forms))
    rims = find_rims(face(), *maps(), EYES, worn=True).rims
    assert rims is not None
    assert (rims.left, rims.right) == (usual, usual)


def test_lines_without_the_label_are_no_glasses() -> None:
    assert find_rims(face(), *maps(0.0005), EYES) == Look(None, labelled=False)
    # What was worn before is known again by a little less, and what is seen well needs no help.
    assert find_rims(face(), *maps(0.0024), EYES).rims is None
    assert find_rims(face(), *maps(0.0024), EYES, worn=True).rims is not None
    assert find_rims(face(), *maps(0.2), EYES) == Look(None, labelled=True)
    assert find_rims(face(), *maps(rows=(0.1, 0.2)), EYES) == Look(), "glasses pushed up into the hair"
    assert find_rims(face(), *maps(0.08), EYES).rims is not None
    # A finer map shows more of them.
    assert find_rims(face(), *maps(0.088, cells=112), EYES) == Look(None, labelled=True)
    assert find_rims(face(), *maps(0.088), EYES).rims is not None
    assert find_rims(face(), *maps(0.005, cells=112), EYES).rims is None
    assert find_rims(face(), *maps(0.02, cells=112), EYES).rims is not None


def test_one_eye_wears_no_glasses() -> None:
    assert find_rims(face(), *maps(), EYES[:1]) == Look()


def test_a_heads_maps_are_found_by_the_segmenters_labels() -> None:
    skin, features, glasses = maps()
    probabilities = np.zeros((len(CELEBAMASK_LABELS), CELLS, CELLS), np.float32)
    for label, values in (("skin", skin), ("brows", features), ("glasses", glasses)):
        probabilities[CELEBAMASK_LABELS.index(label)] = values
    track, own = cast(Track, SimpleNamespace()), np.ones((CELLS, CELLS), np.float32)
    head = Head(track, Crop(128, 128, 256), face(), probabilities, own, 1.0, eyes=EYES)
    assert RimSearch(CELEBAMASK_LABELS)(head, False) == find_rims(face(), skin, features, glasses, EYES)
    assert RimSearch(CELEBAMASK_LABELS)(head, False).rims is not None
    assert RimSearch(["background", "skin", "hair"])(head, False) == Look()
