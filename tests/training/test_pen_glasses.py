"""Glasses that are worn, on a face made of known shapes: whole frames, though half of them is seen."""

from dataclasses import dataclass

import cv2
import numpy as np
import pytest

from animirror.training.pen.eyes import find_eyes
from animirror.training.pen.frame_fit import find_frame
from animirror.training.pen.frames import Lens, framed
from animirror.training.pen.glasses import FRAME_WIDTH
from animirror.training.pen.hand import HANDS
from animirror.training.pen.paint import Canvas, to_lab
from animirror.training.pen.parts import tidied
from animirror.training.pen.pen import draw_head
from tests.training.drawn_heads import SIZE, disc, face_maps, face_photo

CENTERS, HALF_WIDTH, HALF_HEIGHT = ((104, 128), (152, 128)), 21, 17
BLACK, DARK_GLASS = (15, 15, 15), (35, 40, 50)


@dataclass
class Worn:
    """The head with glasses on: photo, labels, and where frame and lenses are (bool)."""

    photo: np.ndarray
    maps: dict[str, np.ndarray]
    rims: np.ndarray
    lenses: np.ndarray

    def drawn(self) -> np.ndarray:
        """L*a*b* of the drawing."""
        drawing = draw_head(self.photo, self.maps, HANDS["anime"])
        assert drawing is not None
        return to_lab(drawing)

    def labelled(self, where: np.ndarray) -> None:
        self.maps["glasses"] = where.astype(np.float32)
        self.maps["skin"] = self.maps["skin"] * (1 - self.maps["glasses"])


def wearing(
    frame: tuple[int, int, int] | None = BLACK, width: int = 5, glass: tuple[int, int, int] | None = None
) -> Worn:
    """``frame``: its colour BGR, None: without rims; ``width`` of the rims, px; ``glass``: of dark lenses."""
    maps = face_maps()
    photo = face_photo(maps)
    lenses = np.maximum(*(disc(center, HALF_WIDTH, HALF_HEIGHT) for center in CENTERS)) > 0.5
    wider = cv2.dilate(lenses.astype(np.uint8), np.ones((width, width))).astype(bool)
    rims = wider & ~lenses
    if glass is not None:
        photo[lenses] = glass
        maps["eyes"] = np.zeros_like(maps["eyes"])
    if frame is not None:
        photo[rims] = frame
    worn = Worn(photo, maps, rims, lenses)
    worn.labelled(wider & (maps["eyes"] < 0.5))
    return worn


def gaps(lab: np.ndarray) -> float:
    """The share of directions from the lenses' centres in which no dark line is met at the rims."""
    missed = []
    for x, y in CENTERS:
        for angle in np.linspace(0, 2 * np.pi, 36, endpoint=False):
            reach = np.linspace(0.75, 1.35, 30)
            columns = np.round(x + reach * HALF_WIDTH * np.cos(angle)).astype(int)
            rows = np.round(y + reach * HALF_HEIGHT * np.sin(angle)).astype(int)
            missed.append(lab[rows, columns, 0].min() > 45)
    return float(np.mean(missed))


def test_a_frame_is_drawn_around_clear_lenses_and_lets_the_eyes_be_seen() -> None:
    lab = wearing().drawn()
    assert gaps(lab) < 0.03
    assert lab[150, 128, 0] > 60, "under the bridge is skin"
    assert (lab[112:140, 92:116, 0] > 90).any(), "no white of an eye behind clear lenses"
    assert gaps(wearing(frame=None).drawn()) > 0.3, "the eyes alone are taken for frames"


@pytest.mark.parametrize("hidden", ["upper", "left", "nearly all"])
def test_a_frame_is_whole_though_a_part_of_it_is_not_labelled(hidden: str) -> None:
    worn = wearing()
    seen = worn.maps["glasses"] > 0.5
    if hidden == "upper":
        seen[:128] = False
    elif hidden == "nearly all":
        seen &= worn.rims & (np.arange(SIZE)[:, None] > 143)
    else:
        seen[:, 90:104] = False
    worn.labelled(seen)
    assert gaps(worn.drawn()) < 0.03


def test_a_frame_is_whole_though_light_hides_a_part_of_it() -> None:
    worn = wearing()
    worn.photo[136:, 80:104] = np.where(
        worn.rims[136:, 80:104, None], (140, 170, 215), worn.photo[136:, 80:104]
    )
    assert gaps(worn.drawn()) < 0.03


def test_a_thick_frame_is_drawn_thicker_and_in_the_colour_of_the_photo() -> None:
    thin, thick = (wearing(frame=(20, 20, 120), width=width).drawn() for width in (3, 9))

    def line(lab: np.ndarray) -> np.ndarray:
        return np.asarray((lab[110:150, 70:186, 0] < 42) & (lab[110:150, 70:186, 1] > 20))

    assert line(thick).sum() > 1.3 * line(thin).sum()
    assert line(thin).sum() > FRAME_WIDTH[0] * 2 * np.pi * HALF_HEIGHT


def test_what_is_labelled_glasses_but_shows_no_frame_gets_none() -> None:
    worn = wearing(frame=None)
    parts = tidied(worn.maps)
    assert parts is not None
    lab = to_lab(cv2.GaussianBlur(worn.photo, (0, 0), 1.5))
    assert find_frame(lab, parts, find_eyes(lab, parts)) is None


def test_no_frame_before_one_eye() -> None:
    worn = wearing()
    worn.maps["eyes"][:, :128] = 0
    parts = tidied(worn.maps)
    assert parts is not None
    lab = to_lab(worn.photo)
    assert find_frame(lab, parts, find_eyes(lab, parts)) is None


@pytest.mark.parametrize("glass", [DARK_GLASS, (200, 190, 180)])
def test_dark_and_mirrored_lenses_are_one_dark_shape(glass: tuple[int, int, int]) -> None:
    inside = wearing(glass=glass).drawn()[116:136, 92:116]
    assert inside[..., 0].max() < 25
    assert inside.std(axis=(0, 1)).max() < 1.5


def test_a_lens_knows_what_is_inside_and_a_frame_joins_two_and_ends_with_the_head() -> None:
    left, right = (
        Lens(np.array([x, 100.0]), np.array([20.0, 0.0]), np.array([0.0, 10.0]), 4.0) for x in (80.0, 150.0)
    )
    assert left.depth(left.outline) == pytest.approx(1.0)
    assert left.depth(np.array([[80.0, 100.0], [99.0, 109.0], [101.0, 100.0]])) == pytest.approx(
        [0.0, 0.95**4 + 0.9**4, 1.05**4]
    )
    head = np.zeros((SIZE, SIZE), np.float32)
    head[:, 50:180] = 1
    drawn = (
        framed(left, right, 70.0, 0.5, head).lines(Canvas(np.zeros((SIZE, SIZE, 3), np.float32)), 2.0) > 0.5
    )
    assert drawn[80:100, 100:130].any(axis=0).all(), "a bridge from lens to lens"
    ends = np.flatnonzero(drawn.any(axis=0))
    assert 48 <= ends[0] <= 56 < 174 <= ends[-1] <= 181
