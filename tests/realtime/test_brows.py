"""Brows are measured as a pair, held steady, and made up where eyes are faint."""

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray

from animirror.realtime.brows import BrowMakeUp, Brows, find_brows, make_up_brows, steadied
from animirror.realtime.eyes import Eye, Pair
from animirror.realtime.filter import FaceFilter
from animirror.realtime.scene import Head
from animirror.realtime.segment import load_segmenter
from animirror.realtime.stylize import load_stylizer
from animirror.realtime.zoo import Zoo

SIZE, CELLS, SKIN = 256, 64, 180
# 0.25 of the picture apart: 64 px.
EYES = [Eye(x, 0.5, 0.06, width=0.1, openness=0.3, faint=1.0) for x in (0.375, 0.625)]
FACE = np.ones((SIZE, SIZE), np.float32)


def brow_map(left: float, right: float, slants: tuple[float, float] = (0.0, 0.0)) -> NDArray[np.float32]:
    """Their label's probability: two bars above EYES, so high and slanted as asked for."""
    image = np.zeros((4 * CELLS, 4 * CELLS), np.float32)
    for way, above, slant in ((-1, left, slants[0]), (1, right, slants[1])):
        ends = [
            (4 * CELLS * (0.5 + way * 0.25 * out), 4 * CELLS * (0.5 + 0.25 * (slant * (out - 0.52) - above)))
            for out in (0.3, 0.74)
        ]
        cv2.line(image, *[tuple(round(v) for v in end) for end in ends], 1.0, 8)
    return np.asarray(cv2.resize(image, (CELLS, CELLS), interpolation=cv2.INTER_AREA))


def shaded() -> NDArray[np.uint8]:
    """Skin with one level brow and one that shade slants and thickens."""
    image = np.full((SIZE, SIZE, 3), SKIN, np.uint8)
    cv2.line(image, (80, 110), (112, 110), (60, 60, 60), 3)
    cv2.line(image, (144, 98), (180, 118), (90, 90, 90), 7)
    return image


def test_brows_are_as_high_as_both_are_on_the_average() -> None:
    found = find_brows(brow_map(0.3, 0.4), EYES)
    assert found is not None
    assert found.above == pytest.approx(0.35, abs=0.03)
    # Usual brows rise outwards a little; level ones are nearly that.
    assert found.slant == pytest.approx(-0.05 + 0.35 * 0.05, abs=0.02)


def test_a_slant_counts_in_part_and_up_to_that_of_usual_brows() -> None:
    slants = [find_brows(brow_map(0.35, 0.35, (0.0, slant)), EYES).slant for slant in (-0.3, 0.0, 0.3, 0.6)]
    assert slants == sorted(slants)
    assert slants[3] - slants[0] > 0.1
    assert find_brows(brow_map(0.35, 0.35, (0.7, 0.7)), EYES).slant == pytest.approx(0.11)
    assert find_brows(brow_map(0.35, 0.35, (-0.9, -0.9)), EYES).slant == pytest.approx(-0.18)


def test_brows_that_slant_alike_are_their_own_and_unlike_ones_are_shade() -> None:
    unlike = [
        find_brows(brow_map(0.35, 0.35, slants), EYES).unlike
        for slants in ((-0.2, 0.0), (0.4, 0.4), (0.0, 0.7))
    ]
    assert unlike == [0.0, 0.0, 1.0]
    # A raised one is a face's own.
    assert find_brows(brow_map(0.3, 0.45), EYES).unlike == 0.0


def test_one_brow_tells_of_both_and_there_may_be_none() -> None:
    one = brow_map(0.3, 0.3)
    one[:, CELLS // 2 :] = 0
    assert find_brows(one, EYES).above == pytest.approx(0.3, abs=0.03)
    assert find_brows(one, EYES).unlike is None
    assert find_brows(np.zeros((CELLS, CELLS), np.float32), EYES) is None
    assert find_brows(brow_map(0.3, 0.3), EYES[:1]) is None
    # Hair on the forehead and lashes are no brows.
    assert find_brows(brow_map(0.8, 0.8), EYES) is None
    assert find_brows(brow_map(0.0, 0.0), EYES) is None


def test_brows_follow_slowly_and_fade() -> None:
    old = Brows(0.3, 0.0, 1.0)
    moved = steadied(Brows(0.4, 0.1, 0.0), old, 0.3)
    share = 1 - math.exp(-1)
    assert (moved.above, moved.slant) == pytest.approx((0.3 + 0.1 * share, 0.1 * share))
    assert moved.unlike == pytest.approx(1 - share)
    # One brow alone tells nothing of that.
    assert steadied(Brows(0.4, 0.1, None), old, 0.3).unlike == 1.0
    assert steadied(Brows(0.4, 0.1, 0.5), Brows(0.3, 0.0, None), 0.3).unlike == 0.5
    lost = steadied(None, old, 0.3)
    assert (lost.above, lost.presence) == (0.3, pytest.approx(1 - share))
    assert steadied(None, replace(old, presence=0.03), 0.3) is None
    assert steadied(Brows(0.4, 0.1, 0.0), old, 0.0) == Brows(0.4, 0.1, 0.0)


def test_shade_goes_and_both_brows_are_alike() -> None:
    image = shaded()
    made_up = make_up_brows(image, Pair.of(EYES), Brows(0.3, 0.0, 1.0), FACE, 1.0)
    # The thick slanted one's ends are skin now, but for the brow itself.
    assert image[99, 146].max() < 100
    assert made_up[99, 146].min() > SKIN - 25
    left, right = made_up[90:128, 70:128], made_up[90:128, 128:186][:, ::-1]
    dark = [np.argwhere(part[..., 0] < 110) for part in (left, right)]
    assert min(len(places) for places in dark) > 30
    assert dark[0].mean(axis=0) == pytest.approx(dark[1].mean(axis=0), abs=2.0)
    # Lids, cheeks and forehead stay, and so does the picture that was given.
    for rows in (np.s_[127:], np.s_[:85]):
        assert np.array_equal(made_up[rows], image[rows])
    assert np.array_equal(image, shaded())


def test_hair_and_glasses_before_brows_stay() -> None:
    face = FACE.copy()
    face[:, 128:] = 0.3
    made_up = make_up_brows(shaded(), Pair.of(EYES), Brows(0.3, 0.0, 1.0), face, 1.0)
    assert np.array_equal(made_up[:, 128:], shaded()[:, 128:])
    assert not np.array_equal(made_up[:, :128], shaded()[:, :128])


def test_only_unlike_pairs_of_faint_eyes_are_made_up() -> None:
    labels = ("background", "skin", "nose", "eyes", "brows")
    probabilities = np.zeros((5, CELLS, CELLS), np.float32)
    probabilities[4] = brow_map(0.3, 0.3, (0.0, 0.8))
    probabilities[1] = 1.0 - probabilities[4]
    make_up = BrowMakeUp(labels)
    brows = make_up.find(probabilities, EYES, None, 0.0)
    clear = [replace(eye, faint=0.0) for eye in EYES]

    def change(eyes: list[Eye], shown: Brows | None) -> float:
        made_up = make_up.make_up(shaded(), probabilities, eyes, shown)
        return float(np.abs(made_up.astype(int) - shaded()).sum())

    whole = change(EYES, brows)
    assert whole > 0
    assert brows.unlike == 1.0
    assert change(EYES, replace(brows, unlike=0.0)) == change(EYES, replace(brows, unlike=None)) == 0
    assert change(clear, brows) == change(EYES[:1], brows) == change(EYES, None) == 0
    assert change([replace(eye, faint=0.5) for eye in EYES], brows) == 0
    half = change([replace(eye, faint=0.75) for eye in EYES], brows)
    assert half == pytest.approx(whole / 2, rel=0.1)
    assert BrowMakeUp(("background", "face", "hair")).find(probabilities[:3], EYES, None, 0.0) is None


@pytest.mark.parametrize("shade", [False, True])
def test_a_real_face_has_its_own_brows_but_for_shade(shade: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = np.ascontiguousarray(cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2BGR))
    zoo = Zoo()
    face_filter = FaceFilter(load_segmenter(zoo, device="cpu"), load_stylizer(zoo, None, device="cpu"))

    def shown() -> tuple[Head, NDArray[np.uint8]]:
        scene = face_filter.pose(face_filter.segment(picture))
        return scene.heads[0], scene.posed[0]

    if shade:  # her brows pass for as unlike as shade makes them
        monkeypatch.setattr("animirror.realtime.brows.ALIKE", -2.0)
        monkeypatch.setattr("animirror.realtime.brows.UNLIKE", -1.0)
    head, posed = shown()
    assert head.track.brows is not None
    assert head.track.brows.above == pytest.approx(0.24, abs=0.03)
    monkeypatch.setattr(BrowMakeUp, "make_up", lambda _, image, *__: image)
    changed = np.argwhere(np.abs(posed.astype(int) - shown()[1]).max(axis=2) > 8)
    assert (len(changed) > 100) == shade
    if shade:
        places = Pair.of(head.eyes).beside_and_below(len(posed))
        beside, below = (share[changed[:, 0], changed[:, 1]] for share in places)
        assert beside.min() < -0.4 < 0.4 < beside.max()
        assert -0.85 < below.min() < below.max() < 0.05
