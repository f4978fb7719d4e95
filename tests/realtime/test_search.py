import cv2
import numpy as np

from animirror.realtime.regions import Crop, whole_frame
from animirror.realtime.search import ALL_TILE_LEVELS, letterboxed, search_areas
from tests.conftest import empty_frame


def test_large_frames_are_searched_in_tiles_too() -> None:
    frame = empty_frame(1920, 1080)
    areas = search_areas(frame, 128)
    assert areas[0] == Crop(960, 540, 1920)
    assert {area.side for area in areas[1:]} == {960}
    finest = [area for area in search_areas(frame, 128, ALL_TILE_LEVELS) if area.side == 480]
    for x, y in ((5, 5), (1000, 500), (1915, 1075)):  # every place lies well inside a tile, or at the border
        near = [a for a in finest if abs(a.center_x - x) <= 240 and abs(a.center_y - y) <= 240]
        assert near
    assert search_areas(empty_frame(160, 120), 128) == [whole_frame(120, 160)]


def test_a_finer_segmenter_searches_as_closely() -> None:
    frame = empty_frame(480, 270)
    assert {area.side for area in search_areas(frame, 256)} == {480, 240}
    assert search_areas(frame, 384) == search_areas(frame, 256)


def test_letterbox_is_the_crop() -> None:
    frame = cv2.GaussianBlur(np.random.default_rng(1).integers(0, 256, (135, 240, 3), np.uint8), (0, 0), 9)
    area = whole_frame(135, 240)
    picture = letterboxed(frame, area, 96)
    assert not picture[:20].any()
    assert not picture[-20:].any()
    reference = area.extract(frame, 96, cv2.BORDER_CONSTANT)
    assert np.abs(picture[24:72].astype(int) - reference[24:72]).max() <= 6


def test_every_tile_of_every_width_is_a_picture() -> None:
    """Tiles of an odd width begin between pixels: 853 x 480, a usual one, once fell over that."""
    for width in range(840, 860):
        frame = np.full((480, width, 3), 200, np.uint8)
        for size in (192, 256):
            for area in search_areas(frame, size, ALL_TILE_LEVELS)[1:]:
                picture = letterboxed(frame, area, size)
                assert picture.shape == (size, size, 3)
                # All but a last row or column that rounding may leave is the frame.
                assert (picture == 200).mean() > 0.98
