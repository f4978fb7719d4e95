"""The pen: colours, lines and flow by hand-worked values; whole heads on a face made of known shapes."""

import dataclasses

import cv2
import numpy as np
import pytest

from animirror.training.pen.eyes import Eye, draw_eye, find_eyes
from animirror.training.pen.flow import averaged_along, directions
from animirror.training.pen.hair import draw_hair
from animirror.training.pen.hand import HANDS, Hand
from animirror.training.pen.paint import Canvas, Lab, outline, step, to_lab
from animirror.training.pen.parts import tidied
from animirror.training.pen.pen import draw_head
from animirror.training.pen.skin import find_tones
from tests.training.drawn_heads import HAIR_BGR, SIZE, SKIN_BGR, disc, face_maps, face_photo

HAND = HANDS["anime"]


def test_a_drawn_head_is_flat_and_leaves_the_rest_alone() -> None:
    maps = face_maps()
    photo = face_photo(maps)
    drawing = draw_head(photo, maps, HAND)
    assert drawing is not None
    far = cv2.dilate(np.clip(sum(maps.values()), 0, 1), np.ones((15, 15))) == 0
    assert np.array_equal(drawing[far], photo[far])
    forehead = np.s_[85:100, 100:120]
    assert photo[forehead].std(axis=(0, 1)).max() > 5
    assert drawing[forehead].std(axis=(0, 1)).max() < 1
    # The same family of colours: nearer to this skin than to any other part of the picture.
    assert np.abs(drawing[forehead].mean(axis=(0, 1)) - SKIN_BGR).max() < 40


def test_the_drawing_follows_the_skins_own_colour() -> None:
    maps = face_maps()
    photo = face_photo(maps)
    dark = photo.copy()
    skin = sum(maps[n] for n in ("skin", "nose")) > 0.5
    dark[skin] = (dark[skin] * 0.45).astype(np.uint8)
    forehead = np.s_[85:100, 100:120]
    light_drawn, dark_drawn = (draw_head(p, maps, HAND)[forehead].mean() for p in (photo, dark))  # type: ignore[index]
    assert dark_drawn < 0.65 * light_drawn


def test_eyes_get_white_iris_and_lashes_where_they_are() -> None:
    maps = face_maps()
    drawing = draw_head(face_photo(maps), maps, HAND)
    assert drawing is not None
    for x in (105, 151):
        eye = drawing[105:138, x - 18 : x + 18].astype(int)
        lightness = eye.mean(axis=2)
        assert (lightness > 235).sum() > 30
        assert (lightness < 60).sum() > 60
        # Lashes above, none below: the darkest row lies in the upper half.
        assert int(lightness[:, 12:24].mean(axis=1)[:6].argmin()) < 12


def test_a_shut_eye_is_a_line() -> None:
    def white(eye_height: int) -> int:
        maps = face_maps(eye_height)
        drawing = draw_head(face_photo(maps), maps, HAND)
        assert drawing is not None
        return int((drawing[108:136, 88:122].min(axis=2) > 225).sum())

    assert white(9) > 30
    assert white(2) == 0


def test_the_iris_looks_where_the_photo_looks() -> None:
    maps = face_maps()
    photo = face_photo(maps)
    for shift in (-5, 5):
        moved = photo.copy()
        moved[maps["eyes"] > 0.5] = 235
        for x in (105, 151):
            cv2.circle(moved, (x + shift, 125), 5, (60, 40, 30), -1)
        parts = tidied(maps)
        assert parts is not None
        eyes = find_eyes(to_lab(moved), parts)
        assert [round(eye.gaze / abs(eye.gaze)) for eye in eyes] == [shift // 5] * 2


def eyes_of(heights: tuple[int, int], widths: tuple[int, int] = (14, 14), shift: int = 0) -> list[Eye]:
    """Both eyes of a face, the left one's iris ``shift`` px beside its middle, as find_eyes returns them."""
    maps = face_maps()
    left, right = (disc((x, 125), w, h) for x, w, h in zip((105, 151), widths, heights, strict=True))
    maps["eyes"] = np.maximum(left, right)
    photo = np.full((SIZE, SIZE, 3), 235, np.uint8)
    cv2.circle(photo, (105 + shift, 125), 5, (90, 40, 20), -1)
    cv2.circle(photo, (151, 125), 5, (20, 40, 90), -1)
    parts = tidied(maps)
    assert parts is not None
    return sorted(find_eyes(to_lab(photo), parts), key=lambda eye: eye.center[0])


def test_eyes_are_drawn_as_a_pair() -> None:
    left, right = eyes_of((9, 11), (12, 16), shift=4)
    assert left.openness == pytest.approx(right.openness)
    # Seen 24 and 30 px wide; each half way to their mean.
    assert (left.width, right.width) == (pytest.approx(25.5, abs=1), pytest.approx(28.5, abs=1))
    # One looked 4 px of its 24 to the right, the other straight on.
    looks = [(eye.gaze - eye.left) / eye.width for eye in (left, right)]
    assert looks[0] == pytest.approx(looks[1])
    assert 0.53 < looks[0] < 0.62
    # A blue iris and a brown one make a grey one.
    assert left.iris == right.iris
    assert abs(left.iris.blue_yellow) < 12


def test_a_wink_stays_a_wink() -> None:
    left, right = eyes_of((9, 4))
    assert right.openness < 0.6 * left.openness
    assert left.iris != right.iris


def test_a_leaning_eye_keeps_its_angle() -> None:
    maps = {"skin": disc((128, 128), 90, 100), "eyes": np.zeros((SIZE, SIZE), np.float32)}
    cv2.ellipse(maps["eyes"], (100, 120), (20, 9), 20, 0, 360, 1.0, -1)
    parts = tidied(maps)
    assert parts is not None
    (eye,) = find_eyes(to_lab(np.full((SIZE, SIZE, 3), 128, np.uint8)), parts)
    assert eye.degrees == pytest.approx(20, abs=2)
    assert eye.width == pytest.approx(40, abs=3)
    assert eye.at(0, 0) == pytest.approx((100, 120), abs=0.6)
    canvas = Canvas(np.zeros((SIZE, SIZE, 3), np.float32))
    tones = find_tones(to_lab(np.full((SIZE, SIZE, 3), 180, np.uint8)), parts, HAND)
    assert tones is not None
    draw_eye(canvas, eye, parts, tones, HAND)
    rows, columns = np.nonzero(canvas.picture.mean(axis=2) > 0.8)
    # The white leans as the eye does: down to the right.
    assert np.polyfit(columns, rows, 1)[0] > 0.1


def test_nobody_is_not_drawn() -> None:
    photo = np.full((SIZE, SIZE, 3), 100, np.uint8)
    assert draw_head(photo, {"skin": np.zeros((SIZE, SIZE), np.float32)}, HAND) is None
    assert draw_head(photo, {"skin": disc((128, 128), 10, 10)}, HAND) is None


def test_only_the_head_in_the_middle_is_kept() -> None:
    maps = face_maps()
    other = disc((10, 30), 12, 14)
    maps["skin"] = np.maximum(maps["skin"], other)
    maps["hair"] = np.maximum(maps["hair"], disc((238, 235), 12, 12))
    parts = tidied(maps)
    assert parts is not None
    assert parts["skin"][30, 10] == 0
    assert parts["skin"][100, 110] > 0.9
    assert parts["hair"][235, 238] == 0
    assert parts["hair"][30, 128] > 0.9


def drawn_hair(strands: np.ndarray, hand: Hand = HAND) -> np.ndarray:
    """Hair in columns 40 to 216, upright strands of these grey levels [SIZE]; float32 BGR in 0..1."""
    photo = np.repeat(np.tile(strands[None, :, None], (SIZE, 1, 1)), 3, axis=2).astype(np.uint8)
    maps = {"skin": disc((128, 180), 40, 40), "hair": np.zeros((SIZE, SIZE), np.float32)}
    maps["hair"][20:140, 40:216] = 1
    parts = tidied(maps)
    assert parts is not None
    canvas = Canvas(photo.astype(np.float32) / 255)
    draw_hair(canvas, to_lab(photo), parts, hand)
    return canvas.picture


def test_hair_gets_three_tones_along_its_strands() -> None:
    columns = np.arange(SIZE, dtype=np.float32)
    strands = 60 + 40 * np.sin(columns / 6)
    drawn = (drawn_hair(strands)[40:120, 60:196] * 255).round()
    # Nothing changes along a strand; across, a few tones hold most of the pixels.
    assert drawn.std(axis=0).max() < 3
    counts = np.unique(drawn[..., 0].astype(int), return_counts=True)[1]
    assert np.sort(counts)[-3:].sum() > 0.45 * drawn[..., 0].size


def test_flow_runs_along_stripes_and_keeps_what_is_constant_on_them() -> None:
    rows, columns = np.mgrid[0:64, 0:64].astype(np.float32)
    stripes = np.sin((columns - rows) / 4).astype(np.float32)
    flow = directions(stripes, 2.0)
    assert np.abs(np.abs(flow[20:44, 20:44]).mean(axis=(0, 1)) - np.sqrt(0.5)).max() < 0.02
    noisy = stripes + np.random.default_rng(1).normal(0, 0.3, stripes.shape).astype(np.float32)
    kept = averaged_along(noisy, flow, 6)[20:44, 20:44]
    wanted = stripes[20:44, 20:44]
    assert np.abs(kept - wanted).mean() < 0.5 * np.abs(noisy[20:44, 20:44] - wanted).mean()


def test_a_smoothstep_by_hand() -> None:
    values = np.array([[0.0, 1.0, 1.5, 2.0, 3.0]], np.float32)
    assert step(values, 1.0, 2.0).tolist() == [[0.0, 0.0, 0.5, 1.0, 1.0]]


def test_an_outline_lies_on_the_rim_alone() -> None:
    shape = np.zeros((40, 40), np.float32)
    shape[:, 20:] = 1
    line = outline(shape, 1.0)
    assert line[20, 19] == pytest.approx(line[20, 20])
    assert line[20, 19] == pytest.approx(np.exp(-0.25), abs=0.02)
    assert line[20, 26] < 1e-6
    assert not outline(np.zeros((8, 8), np.float32), 1.0).any()


def test_colours_change_as_named() -> None:
    color = Lab(50.0, 10.0, -20.0)
    assert color.changed(lighter=100.0).lightness == 97.0
    assert color.changed(redder=5.0, vivid=2.0).values == (50.0, 25.0, -40.0)
    assert color.mixed(Lab(70.0, 0.0, 0.0), 0.5).values == (60.0, 5.0, -10.0)
    # L* 53.585 without a* and b* is the sRGB grey 128.
    assert Lab(53.585, 0.0, 0.0).bgr == pytest.approx([128 / 255] * 3, abs=0.002)


def test_paint_covers_in_proportion() -> None:
    canvas = Canvas(np.zeros((16, 16, 3), np.float32))
    where = np.zeros((16, 16), np.float32)
    where[4, 4] = 1.0
    canvas.lay(np.ones((16, 16, 3), np.float32), where, 0.25)
    assert canvas.picture[4, 4].tolist() == [0.25] * 3
    assert canvas.picture.sum() == pytest.approx(0.75)


@pytest.mark.parametrize("name", sorted(HANDS))
def test_every_hand_draws_outlines_as_strong_as_it_says(name: str) -> None:
    maps = face_maps()
    photo = face_photo(maps)
    drawing = draw_head(photo, maps, HANDS[name])
    assert drawing is not None
    jaw = drawing[195:215, 128].mean(axis=1)
    assert jaw.min() < 0.75 * np.median(drawing[190:196, 128].mean(axis=1))


def test_hair_shades_the_face_and_the_face_its_neck() -> None:
    maps = face_maps()
    # Skin without any light of its own: all shadow in the drawing is the pen's.
    photo = np.full((SIZE, SIZE, 3), SKIN_BGR, np.uint8)
    photo[maps["hair"] > 0.5] = HAIR_BGR
    drawing = draw_head(photo, maps, HAND)
    assert drawing is not None
    lightness = to_lab(drawing)[..., 0]
    face, neck = lightness[95:105, 118:138].mean(), lightness[228:233, 115:141].mean()
    # The skin begins at row 65; the outline of the hair covers three rows more.
    assert face - lightness[69:71, 120:136].mean() > 5
    # The chin is in row 205.
    assert abs(face - neck) < 2
    assert face - lightness[211:217, 115:141].mean() > 5


def test_shallow_strands_are_drawn_too() -> None:
    columns = np.arange(SIZE, dtype=np.float32)
    # Broad waves with fine strands of a tenth of their height.
    strands = 90 + 40 * np.sin(columns / 20) + 4 * np.sin(columns / 1.6)
    row = drawn_hair(strands)[90, 60:196, 0]
    valleys = (row[1:-1] < row[:-2]) & (row[1:-1] <= row[2:])
    # A strand every ten pixels; the waves alone would leave about one valley.
    assert valleys.sum() >= 8


def test_tones_follow_broad_light_and_not_every_strand() -> None:
    columns = np.arange(SIZE, dtype=np.float32)
    # Two broad waves, and strands three quarters as strong every ten pixels.
    strands = 110 + 40 * np.sin(columns / 16) + 30 * np.sin(columns / 1.6)
    row = drawn_hair(strands, dataclasses.replace(HAND, strands=0.0))[90, 50:206, 0]
    tone = np.digitize(row, np.linspace(row.min(), row.max(), 4)[1:3])
    # At most two tones begin on either flank of a wave; by the strands it would be one every few pixels.
    assert 4 <= np.count_nonzero(np.diff(tone)) <= 8


def test_a_white_wall_does_not_shine_into_the_hair() -> None:
    strands = np.full(SIZE, 235.0)
    strands[40:216] = 60 + 6 * np.sin(np.arange(176) / 6)
    row = drawn_hair(strands, dataclasses.replace(HAND, strands=0.0))[90, :, 0]
    # The outline's three columns left out.
    assert row[44:48].max() < row[60:196].max() + 0.02


def half_dark(maps: dict[str, np.ndarray]) -> np.ndarray:
    """The head with a lamp at its left: right of the nose it lies in deep shade."""
    photo = face_photo(maps).astype(np.float32)
    photo[:, 134:] *= 0.62
    return np.clip(photo, 0, 255).astype(np.uint8)


def test_a_lamp_at_one_side_leaves_one_tone_of_skin_in_anime_and_two_in_illustration() -> None:
    maps = face_maps()
    photo = half_dark(maps)
    apart = {}
    for name in ("anime", "illustration"):
        drawing = draw_head(photo, maps, HANDS[name])
        assert drawing is not None
        lit, dark = (to_lab(drawing[150:160, x : x + 8])[..., 0].mean() for x in (86, 164))
        apart[name] = lit - dark
    assert abs(apart["anime"]) < 1.0
    assert apart["illustration"] > 4.0
