from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from animirror.training.glasses import DRAWN_LENS, DRAWN_LIGHTEST, METAL, Glasses, choose_glasses
from animirror.training.pen.paint import Map, to_lab

SIZE, LEFT, RIGHT = 256, (98, 120), (158, 120)
SKIN = (120, 160, 220)


def labels(turned: bool = False) -> dict[str, Map]:
    """A face with two eyes 60 px apart under some hair; ``turned``: the right one is half as wide."""

    def ellipse(center: tuple[int, int], axes: tuple[int, int]) -> Map:
        drawn = cv2.ellipse(np.zeros((SIZE, SIZE), np.uint8), center, axes, 0, 0, 360, 1, -1)
        return drawn.astype(np.float32)

    eyes = np.maximum(ellipse(LEFT, (14, 8)), ellipse(RIGHT, (7 if turned else 14, 8)))
    hair = np.zeros((SIZE, SIZE), np.float32)
    hair[:70] = 1.0
    skin = np.clip(ellipse((128, 140), (75, 100)) - eyes - hair, 0, 1)
    nothing = np.zeros((SIZE, SIZE), np.float32)
    return {"eyes": eyes, "skin": skin, "hair": hair, "ears": nothing, "glasses": nothing}


def chosen(seed: int, turned: bool = False) -> Glasses:
    glasses = choose_glasses(labels(turned), np.random.default_rng(seed))
    assert glasses is not None
    return glasses


def plain() -> NDArray[np.uint8]:
    return np.full((SIZE, SIZE, 3), SKIN, np.uint8)


def changed(picture: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return np.asarray(np.abs(picture.astype(int) - SKIN).sum(axis=2) > 30)


@pytest.mark.parametrize("seed", range(6))
def test_a_lens_goes_around_each_eye_and_a_bridge_joins_them(seed: int) -> None:
    glasses = chosen(seed)
    frame = changed(glasses.onto_drawing(plain()))
    for lens, (x, y) in zip(glasses.frame.lenses, (LEFT, RIGHT), strict=True):
        corners = np.array(lens, np.float32)
        assert cv2.pointPolygonTest(corners, (float(x), float(y)), True) > 8
        assert all(frame[round(v), round(u)] for u, v in lens)
    assert frame[100:140, 128].any(), "no bridge"


def test_the_drawn_frame_is_bold_and_dark_and_clear_lenses_show_the_eyes() -> None:
    thin = next(g for g in map(chosen, range(50)) if not g.dark and g.thickness < 1.5)
    glasses = replace(thin, reflection=0.0)
    photo, drawing = glasses.onto_photo(plain()), glasses.onto_drawing(plain())
    assert changed(drawing).sum() > 1.15 * changed(photo).sum()
    assert (drawing[LEFT[1], LEFT[0]] == SKIN).all()
    lens = glasses.frame.lenses[0]
    darkest = min(to_lab(drawing)[round(y), round(x), 0] for x, y in lens)
    assert darkest < DRAWN_LIGHTEST + 6


def test_dark_lenses_hide_the_eyes_in_photo_and_drawing() -> None:
    glasses = next(g for g in map(chosen, range(50)) if g.dark)
    low = LEFT[0], LEFT[1] + 4
    assert to_lab(glasses.onto_drawing(plain()))[low[1], low[0], 0] == pytest.approx(
        DRAWN_LENS.lightness, abs=2
    )
    assert to_lab(glasses.onto_photo(plain()))[low[1], low[0], 0] < 0.75 * to_lab(plain())[0, 0, 0]


def test_a_turned_head_has_a_narrower_lens_on_its_far_side() -> None:
    for seed in range(5):
        near, far = (np.ptp(np.array(lens)[:, 0]) for lens in chosen(seed, turned=True).frame.lenses)
        assert 0.6 < far / near < 0.85


def test_hair_hangs_over_the_frame_and_the_same_seed_chooses_the_same() -> None:
    fringe = labels()
    fringe["hair"][:, :128] = 1.0
    glasses = choose_glasses(fringe, np.random.default_rng(3))
    assert glasses is not None
    frame = changed(glasses.onto_drawing(plain()))
    assert not frame[:, :120].any()
    assert frame[:, 136:].any()
    again = choose_glasses(fringe, np.random.default_rng(3))
    assert again is not None
    assert again.frame.lenses == glasses.frame.lenses
    assert chosen(4).frame.lenses != glasses.frame.lenses


def test_no_glasses_on_glasses_nor_on_one_eye() -> None:
    wearing = labels()
    wearing["glasses"][110:130, 80:180] = 1.0
    assert choose_glasses(wearing, np.random.default_rng(0)) is None
    one_eyed = labels()
    one_eyed["eyes"][:, 128:] = 0.0
    assert choose_glasses(one_eyed, np.random.default_rng(0)) is None


def test_metal_is_thin_and_shines_in_bands_and_horn_is_of_one_tone() -> None:
    metal, horn = [], []
    for glasses in map(chosen, range(60, 160)):
        photo = to_lab(replace(glasses, thickness=3.0, reflection=0.0, clear=1.0).onto_photo(plain()))
        lens = glasses.frame.lenses[0]
        spread = float(np.ptp([photo[round(y), round(x), 0] for x, y in lens]))
        shines = glasses.shine.any()
        (metal if shines else horn).append(spread)
        assert glasses.thickness <= (0.040 if shines else 0.085) * 60 + 1e-6
    assert 18 <= len(metal) <= 42
    assert np.median(metal) > np.median(horn) + 15


def test_frames_are_of_metal_alone_where_that_is_wanted() -> None:
    for seed in range(12):
        glasses = choose_glasses(labels(), np.random.default_rng(seed), (METAL,))
        assert glasses is not None
        assert glasses.shine.any()
        assert glasses.thickness <= METAL.thickness[1] * 60 + 1e-6
