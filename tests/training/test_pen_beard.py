"""Beards of a face made of known shapes: which of the three grows, and that shadows are none."""

import numpy as np
import pytest

from animirror.training.pen.beard import Worn
from animirror.training.pen.hand import HANDS
from animirror.training.pen.paint import to_lab
from animirror.training.pen.pen import draw_head
from tests.training.drawn_heads import SIZE, face_maps, face_photo

DARK = (35, 45, 60)
ROWS, COLUMNS = np.mgrid[0:SIZE, 0:SIZE]
# Where the head has them: its mouth is 32 px wide around (128, 178), its nose ends at 162, its chin at 205.
LIP = (ROWS > 162) & (ROWS < 173) & (abs(COLUMNS - 128) < 18)
CHIN = (ROWS > 184) & (abs(COLUMNS - 128) < 18)
LEFT, RIGHT = (ROWS > 176) & (COLUMNS < 110), (ROWS > 176) & (COLUMNS > 146)
# Places of the drawing to look at: (row, column).
PLACES = {"lip": (168, 128), "chin": (195, 128), "left": (184, 98), "right": (184, 158)}


def drawing_of(*dark: np.ndarray, factor: float | None = None, worn: Worn | None = None) -> np.ndarray | None:
    """What the pen makes of a photo with these parts dark, see drawn()."""
    maps = face_maps()
    photo = face_photo(maps)
    for part in dark:
        where = part & (maps["skin"] > 0.5)
        photo[where] = DARK if factor is None else (photo[where] * factor).astype(np.uint8)
    return draw_head(photo, maps, HANDS["anime"], worn)


def drawn(*dark: np.ndarray, factor: float | None = None, worn: Worn | None = None) -> dict[str, bool]:
    """By name, whether the drawing is dark there when these parts of the photo are.

    ``factor``: they are a shadow of the skin, so light, instead of hair; ``worn``: what a person saw.
    """
    drawing = drawing_of(*dark, factor=factor, worn=worn)
    assert drawing is not None
    lightness = to_lab(drawing)[..., 0]
    cheek = lightness[150:156, 95:105].mean()
    return {
        name: bool(lightness[y - 2 : y + 3, x - 2 : x + 3].mean() < cheek - 17)
        for name, (y, x) in PLACES.items()
    }


def test_a_full_beard_is_one_shape_from_ear_to_ear_and_over_the_lip() -> None:
    assert drawn(LIP, CHIN, LEFT, RIGHT) == {"lip": True, "chin": True, "left": True, "right": True}


def test_a_goatee_leaves_the_jaw_bare_and_a_moustache_the_chin() -> None:
    assert drawn(LIP, CHIN) == {"lip": True, "chin": True, "left": False, "right": False}
    assert drawn(LIP) == {"lip": True, "chin": False, "left": False, "right": False}


@pytest.mark.parametrize("dark", [(LEFT,), (LEFT, RIGHT), (CHIN, LEFT, RIGHT), ()])
def test_a_dark_jaw_under_a_bare_lip_is_a_shadow(dark: tuple[np.ndarray, ...]) -> None:
    assert not any(drawn(*dark).values())


def test_one_side_in_the_shade_is_no_beard() -> None:
    assert not any(drawn((ROWS > 130) & (COLUMNS > 128), factor=0.5).values())


def test_a_face_that_may_wear_a_beard_is_not_drawn() -> None:
    """Drawn bare it would teach to shave; a lip or a chin alone that is a little darker is no beard."""
    assert drawing_of(LIP, CHIN, factor=0.83) is None
    assert not any(drawn(LIP, factor=0.83).values())
    assert not any(drawn(CHIN, factor=0.83).values())
    assert not any(drawn(LIP, CHIN, factor=0.95).values())


def test_holes_in_a_beard_are_closed() -> None:
    gaps = (ROWS + COLUMNS) % 12 < 4
    assert all(drawn(*(part & ~gaps for part in (LIP, CHIN, LEFT, RIGHT))).values())


def test_what_a_person_saw_goes_before_what_the_pen_finds() -> None:
    """Beards too thin for the rule, shadows that it takes for one, and photos that nobody is sure of."""
    everywhere = {"lip": True, "chin": True, "left": True, "right": True}
    assert drawn(LIP, CHIN, factor=0.95, worn=Worn.FULL) == everywhere
    assert drawn(worn=Worn.MOUSTACHE) == {"lip": True, "chin": False, "left": False, "right": False}
    bare = drawing_of(LIP, CHIN, LEFT, RIGHT, factor=0.7, worn=Worn.NONE)
    bearded = drawing_of(LIP, CHIN, LEFT, RIGHT, factor=0.7)
    assert bare is not None
    assert bearded is not None
    assert (to_lab(bare)[..., 0] - to_lab(bearded)[..., 0])[CHIN & (ROWS < 200)].mean() > 10
    assert drawing_of(worn=Worn.UNSURE) is None
