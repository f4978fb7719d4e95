"""Beards grown by force, on a face made of known shapes."""

import numpy as np
import pytest

from animirror.training.beards import SHARES, grow_beard
from animirror.training.pen.beard import Kind, Worn, charted, find_beard
from animirror.training.pen.eyes import find_eyes
from animirror.training.pen.paint import to_lab
from animirror.training.pen.parts import tidied
from tests.training.drawn_heads import HAIR_BGR, face_maps, face_photo


def found(photo: np.ndarray, maps: dict[str, np.ndarray]) -> Kind | None:
    """The beard that the pen sees."""
    parts, lab = tidied(maps), to_lab(photo)
    assert parts is not None
    chart = charted(parts, find_eyes(lab, parts))
    assert chart is not None
    return find_beard(lab, parts, chart)


def growth(seed: int) -> tuple[np.ndarray, Worn]:
    growth = grow_beard(face_photo(face_maps()), face_maps(), np.random.default_rng(seed))
    assert growth is not None
    return growth


def grown(seed: int) -> np.ndarray:
    return growth(seed)[0]


def test_the_pen_sees_what_grew_and_all_kinds_grow() -> None:
    maps = face_maps()
    assert found(face_photo(maps), maps) is None
    growths = [growth(seed) for seed in range(24)]
    told, kinds = [worn.kind for _, worn in growths], [found(photo, maps) for photo, _ in growths]
    assert kinds.count(None) <= 3
    assert {Kind.FULL, Kind.GOATEE} <= set(kinds)
    assert kinds.count(Kind.FULL) > kinds.count(Kind.GOATEE)
    assert set(told) == set(Kind)
    assert told.count(Kind.FULL) > told.count(Kind.GOATEE)
    alike = [one is other for one, other in zip(told, kinds, strict=True) if other is not None]
    assert np.mean(alike) > 0.8


@pytest.mark.parametrize("seed", range(3))
def test_it_is_hair_around_the_mouth_and_nothing_else_changes(seed: int) -> None:
    maps = face_maps()
    bare, beard = face_photo(maps).astype(int), grown(seed).astype(int)
    change = np.abs(beard - bare).max(axis=2)
    assert change[:150].max() == 0, "over the nose's end"
    assert change[(maps["upper_lip"] + maps["lower_lip"]) > 0.5].mean() < 6
    assert change[(maps["skin"] < 0.5) & (maps["nose"] < 0.5)][: 150 * 256].max() < 40
    lip = beard[166:171, 120:136].mean(axis=(0, 1))
    skin = bare[166:171, 120:136].mean(axis=(0, 1))
    share = (skin - lip) / (skin - HAIR_BGR)
    assert share.min() > 0.5, "of the hair's colour"
    assert np.ptp(share) < 0.1


def test_the_same_seed_grows_the_same_and_shares_make_one() -> None:
    assert np.array_equal(grown(5), grown(5))
    assert not np.array_equal(grown(5), grown(6))
    assert sum(SHARES.values()) == pytest.approx(1.0)


def test_none_on_a_beard_nor_without_a_mouth() -> None:
    maps = face_maps()
    seed = next(seed for seed in range(24) if found(grown(seed), maps) is Kind.FULL)
    assert grow_beard(grown(seed), maps, np.random.default_rng(0)) is None
    photo = face_photo(maps)
    for worn, grows in ((Worn.NONE, True), (Worn.UNSURE, False), (Worn.GOATEE, False)):
        assert (grow_beard(photo, maps, np.random.default_rng(0), worn) is not None) is grows
    del maps["upper_lip"], maps["lower_lip"]
    assert grow_beard(photo, maps, np.random.default_rng(0)) is None
