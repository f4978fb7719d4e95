"""What the pen makes of mouths, on a face made of known shapes."""

import numpy as np

from animirror.training.pen.features import EXPRESSION, _bent
from animirror.training.pen.hand import HANDS
from animirror.training.pen.paint import to_lab
from animirror.training.pen.pen import draw_head
from tests.training.drawn_heads import disc, face_maps, face_photo

HAND = HANDS["anime"]
TEETH_BGR, THROAT_BGR = (200, 215, 225), (40, 30, 90)


def smiling(height: int, teeth_rows: slice, light: tuple[float, float, float] = (1, 1, 1)) -> np.ndarray:
    """L*a*b* of the drawn mouth, open by twice ``height`` px, with teeth in these of its rows.

    ``light``: factors of the photo's blue, green and red.
    """
    maps = face_maps()
    photo = face_photo(maps)
    inner = disc((128, 178), 14, height)
    for name in ("skin", "upper_lip", "lower_lip", "nose"):
        maps[name] = maps[name] * (1 - inner)
    maps["mouth"] = inner
    photo[inner > 0.5] = THROAT_BGR
    teeth = np.zeros_like(inner)
    teeth[teeth_rows] = inner[teeth_rows]
    photo[teeth > 0.5] = TEETH_BGR
    photo = (photo * np.array(light)).astype(np.uint8)
    drawing = draw_head(photo, maps, HAND)
    assert drawing is not None
    return to_lab(drawing)[178 - height : 178 + height, 122:135]


def test_a_smile_is_one_white_shape_though_shade_leaves_crumbs_of_its_teeth() -> None:
    # Three rows of seven are teeth; in the photo the rest is dark.
    mouth = smiling(3, slice(175, 178))
    assert mouth[2:-1, :, 0].min() > 90


def test_teeth_are_teeth_in_a_red_light() -> None:
    assert smiling(3, slice(174, 179), light=(0.7, 0.72, 1.0))[2:-1, :, 0].min() > 90


def test_lips_apart_without_teeth_stay_dark() -> None:
    assert np.median(smiling(3, slice(0, 0))[2:-1, :, 0]) < 40


def test_a_mouth_wide_open_shows_its_teeth_where_they_are() -> None:
    mouth = smiling(12, slice(166, 174))
    assert np.median(mouth[3:6, :, 0]) > 90
    assert np.median(mouth[14:20, :, 0]) < 40


def test_a_closed_mouth_is_one_smooth_line_though_its_labels_leak() -> None:
    bowed = [(100.0 + x, 180.0 - 3.0 * (x / 12.0 - 1.0) ** 2) for x in range(25)]
    middle = sum(y for _, y in bowed) / len(bowed)
    expressed = [middle + EXPRESSION * (y - middle) for _, y in bowed]
    leaking = [(x, y + 30.0) if 118 <= x <= 121 else (x, y) for x, y in bowed]
    for points in (bowed, leaking):
        line = _bent(points)
        assert [x for x, _ in line] == [x for x, _ in bowed]
        assert max(abs(y - told) for (_, y), told in zip(line, expressed, strict=True)) < 0.7
