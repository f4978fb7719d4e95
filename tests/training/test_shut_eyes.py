"""Eyes shut by force, on a face made of known shapes."""

import numpy as np
import pytest

from animirror.training.pen.eyes import SHUT, find_eyes
from animirror.training.pen.hand import HANDS
from animirror.training.pen.paint import to_lab
from animirror.training.pen.parts import tidied
from animirror.training.pen.pen import draw_head
from animirror.training.shut_eyes import shut_eyes
from tests.training.drawn_heads import disc, face_maps, face_photo

# Rows and columns of the left eye's white in drawn_heads, and of all that a lid may move.
WHITE, AROUND = np.s_[118:133, 93:118], np.s_[95:150, 85:171]


def shut(seed: int = 0) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    maps = face_maps()
    result = shut_eyes(face_photo(maps), maps, np.random.default_rng(seed))
    assert result is not None
    return result


@pytest.mark.parametrize("seed", range(4))
def test_lids_cover_the_eyes_and_nothing_else_moves(seed: int) -> None:
    maps = face_maps()
    before, after = face_photo(maps).astype(int), shut(seed)[0].astype(int)
    elsewhere = np.ones(before.shape[:2], bool)
    elsewhere[AROUND] = False
    assert np.array_equal(before[elsewhere], after[elsewhere])
    white = [(picture[WHITE].min(axis=2) > 175).sum() for picture in (before, after)]
    assert white[0] > 100
    assert white[1] < 0.05 * white[0]
    # Where the lids meet, in the eye's lower half, lies a dark line across it, and skin above that.
    lightness = after[116:138, 98:112].mean(axis=(1, 2))
    assert 9 <= int(lightness.argmin()) <= 19
    assert lightness.min() < lightness[:6].mean() - 10


@pytest.mark.parametrize("seed", range(4))
def test_the_pen_sees_two_shut_eyes_and_draws_lines(seed: int) -> None:
    photo, maps = shut(seed)
    parts = tidied(maps)
    assert parts is not None
    eyes = find_eyes(to_lab(photo), parts)
    assert len(eyes) == 2
    assert max(eye.openness for eye in eyes) < SHUT
    opened, closed = (
        draw_head(picture, labels, HANDS["anime"])
        for picture, labels in ((face_photo(face_maps()), face_maps()), (photo, maps))
    )
    assert opened is not None
    assert closed is not None
    assert (opened[WHITE].min(axis=2) > 225).sum() > 15
    assert (closed[WHITE].min(axis=2) > 225).sum() == 0
    assert (closed[WHITE].max(axis=2) < 70).sum() > 20


def test_labels_stay_whole() -> None:
    before, after = face_maps(), shut()[1]
    total = [sum(maps.values()) for maps in (before, after)]
    assert np.abs(total[1][AROUND] - 1.0).max() < 0.1
    assert np.array_equal(before["upper_lip"], after["upper_lip"])


def test_none_without_two_open_eyes_or_behind_glasses() -> None:
    def none(maps: dict[str, np.ndarray]) -> bool:
        return shut_eyes(face_photo(maps), maps, np.random.default_rng(0)) is None

    assert none(face_maps(eye_height=1))
    one = face_maps()
    one["eyes"][:, 128:] = 0
    assert none(one)
    glasses = face_maps()
    glasses["glasses"] = disc((105, 125), 20, 16) * (1 - glasses["eyes"])
    assert none(glasses)
    # Of small round eyes a line would be left that is as high as wide.
    small = face_maps()
    whole = small["skin"] + small["eyes"]
    small["eyes"] = np.maximum(disc((105, 125), 5, 5), disc((151, 125), 5, 5))
    small["skin"] = np.clip(whole - small["eyes"], 0, 1)
    parts = tidied(small)
    assert parts is not None
    assert len(find_eyes(to_lab(face_photo(small)), parts)) == 2
    assert none(small)
