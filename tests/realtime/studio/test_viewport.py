"""How a picture stands in a window, and what is seen of it."""

import numpy as np
import pytest

from animirror.realtime.regions import Box
from animirror.realtime.studio.view import scaled_part
from animirror.realtime.studio.viewport import MAX_SCALE, Viewport, scaled, seen


def test_a_picture_is_fitted_into_the_middle() -> None:
    view = Viewport((1000, 500), (500, 500))
    assert view.scale == 0.5
    assert (view.left, view.top) == (0, 125)
    assert view.to_picture(250, 250) == (500, 250)
    assert view.to_window(500, 250) == (250, 250)
    # A small one is not blown up to any size.
    assert Viewport((10, 10), (500, 500)).scale == 2.0


def test_zoom_keeps_the_place_under_the_mouse() -> None:
    view = Viewport((1000, 500), (500, 500))
    place = view.to_picture(100, 200)
    view.zoom(4.0, 100, 200)
    assert view.scale == 2.0
    assert view.to_picture(100, 200) == pytest.approx(place)
    view.zoom(1000.0, 100, 200)
    assert view.scale == MAX_SCALE
    view.zoom(1e-6, 0, 0)
    assert view.fitted
    assert view.scale == view.fit_scale


def test_a_picture_cannot_be_lost() -> None:
    view = Viewport((1000, 500), (500, 500))
    view.pan(10_000, -10_000)
    place = view.placement()
    assert place is not None
    assert place.width * place.height > 0


def test_another_window_keeps_the_fit_or_the_middle() -> None:
    view = Viewport((1000, 500), (500, 500))
    view.resize((1000, 1000))
    assert view.scale == 1.0
    view.zoom(4.0, 500, 500)
    middle = view.to_picture(500, 500)
    view.resize((600, 400))
    assert view.to_picture(300, 200) == pytest.approx(middle)


@pytest.mark.parametrize("zoom", [0.5, 1.0, 2.0, 3.0, 7.3, 16.0])
def test_what_is_seen_is_where_it_should_be(zoom: float) -> None:
    """Every pixel of the window shows the picture's pixel that to_picture names, or the ground."""
    picture = np.zeros((60, 80, 3), np.uint8)
    picture[..., 0] = np.arange(80)[None] * 3
    picture[..., 1] = np.arange(60)[:, None] * 4
    picture[..., 2] = 200
    view = Viewport((80, 60), (101, 77))
    view.zoom(zoom / view.scale, 30, 20)
    view.pan(-7, 3)
    window = seen(lambda box, width, height: scaled_part(picture, box, width, height), view, (1, 2, 3))
    assert window.shape == (77, 101, 3)
    # Interpolation and rounded borders: at most a pixel of the picture and one of the window.
    near = 1.0 + 1.5 / view.scale
    for x, y in [(0, 0), (100, 76), (50, 38), (10, 60), (90, 5)]:
        px, py = view.to_picture(x + 0.5, y + 0.5)
        if 1 <= px < 79 and 1 <= py < 59:
            assert abs(window[y, x, 0] / 3 - px) <= near + 0.5
            assert abs(window[y, x, 1] / 4 - py) <= near + 0.5
        elif px < -1 or py < -1 or px > 81 or py > 61:
            assert tuple(window[y, x]) == (1, 2, 3)


def test_masks_have_one_channel() -> None:
    mask = np.full((60, 80), 255, np.uint8)
    view = Viewport((80, 60), (200, 200))
    window = seen(lambda box, width, height: scaled_part(mask, box, width, height), view, (0,))
    assert window.shape == (200, 200)
    assert window[0, 0] == 0
    assert window[100, 100] == 255


def test_a_box_in_a_copy() -> None:
    assert scaled(Box(10, 20, 30, 40), 0.5) == Box(5, 10, 15, 20)
