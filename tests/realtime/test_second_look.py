"""The second look: agreement by hand, and what the models that ship take for a face."""

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from animirror.realtime.bench import Frames, read_pictures
from animirror.realtime.colors import Upright
from animirror.realtime.decode import Decoder
from animirror.realtime.locate import Locator
from animirror.realtime.regions import Crop
from animirror.realtime.second_look import WIDER, agreement, wider
from animirror.realtime.segment import load_segmenter
from animirror.realtime.sinks import VideoSink
from animirror.realtime.zoo import Zoo


def answer(*cells: tuple[int, int]) -> np.ndarray:
    """Two labels on 4 x 4 cells; the second one is sure in ``cells`` (row, column)."""
    maps = np.zeros((2, 4, 4), np.float32)
    maps[0] = 0.9
    for row, column in cells:
        maps[:, row, column] = 0.1, 0.9
    return maps


def test_agreement_by_hand() -> None:
    everywhere = np.ones((4, 4), np.float32)
    one, other = answer((0, 0), (0, 1), (1, 1)), answer((0, 1), (1, 1), (2, 2))
    assert agreement(one, other, (1,), everywhere) == pytest.approx(2 / 4)
    assert agreement(one, one, (1,), everywhere) == 1.0
    # Without the cells of somebody else, two of two.
    own = everywhere.copy()
    own[0, 0] = own[2, 2] = 0.0
    assert agreement(one, other, (1,), own) == 1.0
    assert agreement(answer(), answer(), (1,), everywhere) == 0.0


def test_the_second_look_keeps_its_centre() -> None:
    assert wider(Crop(10.0, 20.0, 100.0)) == Crop(10.0, 20.0, 100.0 * WIDER)


def test_a_suit_with_a_badge_is_no_head() -> None:
    picture = np.ascontiguousarray(cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2BGR))
    (track,) = Locator(load_segmenter(Zoo(), device="cpu"))(picture, None)
    assert track.head.center == pytest.approx((227, 97), abs=12)


def test_a_space_shuttle_is_no_head(tmp_path: Path) -> None:
    """The demo at 720p as a video has it: compressed, the shuttle passed the first and the second look."""
    path = tmp_path / "demo.mp4"
    with VideoSink(path, 1280, 720, Fraction(30), light=True) as sink:
        for shot in Frames(read_pictures("demo", (1280, 720)), 60):
            sink.write(shot.frame, shot.time)
    with Decoder(path) as decoder:
        frame = Upright()(next(decoder.frames()).picture)
    (track,) = Locator(load_segmenter(Zoo(), device="cpu"))(frame, None)
    assert track.head.center == pytest.approx((594, 289), abs=25)
