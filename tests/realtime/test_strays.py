"""Short lines on drawn skin go; all that hangs together with a face's own shapes stays."""

from types import SimpleNamespace
from typing import cast

import cv2
import numpy as np
import pytest

from animirror.realtime.eyes import Eye
from animirror.realtime.locate import Track
from animirror.realtime.regions import CELEBAMASK_LABELS, Crop
from animirror.realtime.scene import Head
from animirror.realtime.strays import StrayStrokes

SIZE, CELLS = 256, 64
SKIN, INK = (150, 190, 240), (30, 30, 60)
EYES = (Eye(0.36, 0.45, 0.1, width=0.1, openness=0.4), Eye(0.64, 0.45, 0.1, width=0.1, openness=0.4))
CHEEK, FOREHEAD, CHIN = (80, 150), (128, 70), (128, 205)


def head(eyes: tuple[Eye, ...] = EYES, without: tuple[str, ...] = (), glasses: bool = False) -> Head:
    """A round face with nose, mouth and brows, before a background."""
    maps = {name: np.zeros((CELLS, CELLS), np.uint8) for name in CELEBAMASK_LABELS}
    cv2.circle(maps["skin"], (32, 34), 24, 1, cv2.FILLED)
    for name, (left, top, right, bottom) in {
        "nose": (29, 30, 35, 40),
        "mouth": (25, 44, 39, 46),
        "upper_lip": (25, 43, 39, 44),
        "lower_lip": (25, 46, 39, 47),
        "brows": (18, 22, 28, 24),
        **({"glasses": (16, 24, 48, 36)} if glasses else {}),
    }.items():
        if name not in without:
            cv2.rectangle(maps["skin"], (left, top), (right, bottom), 0, cv2.FILLED)
            cv2.rectangle(maps[name], (left, top), (right, bottom), 1, cv2.FILLED)
    probabilities = np.stack([maps[name] for name in CELEBAMASK_LABELS]).astype(np.float32)
    probabilities[0] = 1.0 - probabilities[1:].max(axis=0)
    own, image = np.ones((CELLS, CELLS), np.float32), np.zeros((SIZE, SIZE, 3), np.uint8)
    track = cast(Track, SimpleNamespace())
    return Head(track, Crop(128, 128, 256), image, probabilities, own, 1.0, eyes=eyes)


def face() -> np.ndarray:
    """What a generator draws of it: outline, eyes with lashes, brows, nose, mouth."""
    drawing = np.full((SIZE, SIZE, 3), SKIN, np.uint8)
    cv2.circle(drawing, (128, 136), 96, INK, 3, cv2.LINE_AA)
    for eye in EYES:
        center = (round(eye.x * SIZE), round(eye.y * SIZE))
        cv2.ellipse(drawing, center, (16, 12), 0, 0, 360, INK, 2, cv2.LINE_AA)
        cv2.circle(drawing, center, 7, INK, cv2.FILLED)
        cv2.line(drawing, (center[0] - 16, center[1] - 24), (center[0] + 16, center[1] - 26), INK, 3)
    cv2.line(drawing, (124, 158), (132, 158), INK, 2)
    cv2.line(drawing, (104, 182), (152, 182), INK, 3)
    return drawing


def marked(*places: tuple[int, int]) -> np.ndarray:
    drawing = face()
    for x, y in places:
        cv2.line(drawing, (x - 7, y), (x + 7, y + 2), INK, 2, cv2.LINE_AA)
    return drawing


def without(drawing: np.ndarray, one: Head) -> np.ndarray:
    return StrayStrokes(CELEBAMASK_LABELS).without(one, drawing)


def test_a_face_without_strays_is_left_as_it_is() -> None:
    drawing = face()
    assert without(drawing, head()) is drawing


def test_lines_on_cheek_and_forehead_become_skin_and_nothing_else_changes() -> None:
    clean = without(marked(CHEEK, FOREHEAD), head())
    assert np.abs(clean.astype(int) - face()).max() <= 3


def test_lines_that_touch_eyes_brows_mouth_or_outline_stay() -> None:
    touching = [(92, 128), (92, 90), (152, 186), (222, 140)]
    drawing = marked(*touching)
    assert np.array_equal(without(drawing, head()), drawing)


def test_a_beard_on_the_chin_stays_and_so_do_its_rims() -> None:
    drawing = face()
    cv2.ellipse(drawing, CHIN, (16, 9), 0, 0, 360, (90, 110, 140), cv2.FILLED, cv2.LINE_AA)
    assert np.array_equal(without(drawing, head()), drawing)


@pytest.mark.parametrize("size", [128, 320])
def test_what_a_stroke_is_goes_with_the_drawings_size(size: int) -> None:
    plain, drawn = (
        cv2.resize(x, (size, size), interpolation=cv2.INTER_AREA) for x in (face(), marked(CHEEK))
    )
    assert np.abs(drawn.astype(int) - plain).max() > 60
    assert np.abs(without(drawn, head()).astype(int) - plain).max() <= 12


@pytest.mark.parametrize(
    "unsure",
    [
        head(without=("nose",)),
        head(without=("mouth", "upper_lip", "lower_lip")),
        head(eyes=EYES[:1]),
        head(glasses=True),
    ],
)
def test_where_a_face_is_not_seen_whole_or_wears_glasses_nothing_is_taken(unsure: Head) -> None:
    drawing = marked(CHEEK)
    assert without(drawing, unsure) is drawing


def test_glasses_that_were_found_for_the_generator_stay() -> None:
    framed, drawing = head(), marked(CHEEK)
    framed.framed = True
    assert without(drawing, framed) is drawing


def test_folds_that_leave_an_eye_downwards_go_and_lashes_beside_it_stay() -> None:
    fold, lashes = face(), face()
    cv2.line(fold, (88, 131), (96, 137), INK, 2, cv2.LINE_AA)
    cv2.line(fold, (96, 137), (106, 137), INK, 2, cv2.LINE_AA)
    cv2.line(lashes, (78, 115), (60, 119), INK, 2, cv2.LINE_AA)
    below = np.s_[135:145, 80:112]
    assert np.abs(fold[below].astype(int) - SKIN).max() > 60
    assert np.abs(without(fold, head())[below].astype(int) - SKIN).max() <= 12
    assert np.array_equal(without(lashes, head()), lashes)


def test_a_drawing_whose_shut_eyes_are_lower_than_seen_stays_as_it_is() -> None:
    drawing = np.full((SIZE, SIZE, 3), SKIN, np.uint8)
    cv2.circle(drawing, (128, 136), 96, INK, 3, cv2.LINE_AA)
    for x in (92, 164):
        cv2.line(drawing, (x - 14, 138), (x + 14, 138), INK, 3, cv2.LINE_AA)
    assert without(drawing, head()) is drawing


def test_lids_of_faint_eyes_may_be_drawn_farther_off() -> None:
    faint = tuple(Eye(e.x, e.y, 0.1, width=0.1, openness=0.4, faint=0.6) for e in EYES)
    lids = marked((92, 133))
    assert np.array_equal(without(lids, head(faint)), lids)


def test_a_segmenter_without_noses_and_mouths_changes_nothing() -> None:
    drawing = marked(CHEEK)
    assert StrayStrokes(["Background", "Hair", "Face"]).without(head(), drawing) is drawing
