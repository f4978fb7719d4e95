"""Frames of videos with hands become pictures with masks, which training reads as any others."""

from pathlib import Path
from typing import Self

import av
import cv2
import numpy as np
import pytest
from skimage import data as pictures

from animirror.realtime.cli import main
from animirror.realtime.regions import CELEBAMASK_LABELS as LABELS
from animirror.realtime.segment import load_segmenter
from animirror.realtime.zoo import Zoo
from animirror.training import video_frames
from animirror.training.hand_masks import HAND
from animirror.training.parsing_data import IGNORED_BYTE, group_code, read_sample
from animirror.training.video_frames import labelled_frames
from tests.training.test_hand_masks import SKIN, drawn_hand, mirrored

# Where the astronaut's face, hair and the wall are, and a hand before her chin.
FACE, HAIR, WALL = (115, 215), (40, 215), (60, 330)
_, HAND_THERE, POINTS = drawn_hand(400, left=160.0, top=135.0, side=110.0)
FRAMES = 5


def person() -> np.ndarray:
    """The astronaut with a hand before her chin, uint8 [400, 400, 3] BGR."""
    picture = np.ascontiguousarray(pictures.astronaut()[:400, 20:420, ::-1])
    picture[HAND_THERE] = SKIN
    return picture


def write_clip(folder: Path) -> Path:
    path = folder / "person.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=10, width=400, height=400, pix_fmt="bgr0")
        for _ in range(FRAMES):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(person(), format="bgr24")))
        container.mux(stream.encode(None))
    return path


class Hands:
    """Says where the hand is in a picture and in its mirror image, in turn; or that there is none."""

    def __init__(self, seen: bool = True) -> None:
        self._seen, self._turned = seen, False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __call__(self, image: np.ndarray) -> list[np.ndarray]:
        if not self._seen:
            return []
        points = POINTS * np.float32(image.shape[0] / 400)
        told = mirrored(points, image.shape[1]) if self._turned else points
        self._turned = not self._turned
        return [told]


def test_what_the_segmenter_is_sure_of_is_kept_and_hands_are_open_around(tmp_path: Path) -> None:
    found = dict(labelled_frames(write_clip(tmp_path), load_segmenter(Zoo()), Hands()))
    assert sorted(found) == [0, 2, 4]
    one = found[2]
    assert one.image.shape[:2] == one.mask.shape == one.hands.shape
    place = cv2.matchTemplate(person(), one.image, cv2.TM_SQDIFF).argmin()
    top, left = divmod(int(place), 400 - one.image.shape[1] + 1)
    values = [one.mask[row - top, column - left] for row, column in (FACE, HAIR, WALL)]
    assert values == [1, 2, 0]
    assert set(np.unique(one.mask)) == {0, 1, 2, IGNORED_BYTE}
    hand = one.hands > 0
    near = (cv2.dilate(hand.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0) & ~hand
    assert not np.isin(one.mask[near], (1, 2)).any()


def test_frames_without_a_hand_are_left_out(tmp_path: Path) -> None:
    assert not list(labelled_frames(write_clip(tmp_path), load_segmenter(Zoo()), Hands(seen=False)))


def test_training_reads_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(video_frames, "HandPoints", Hands)
    assert main(["prepare", "frames", str(write_clip(tmp_path)), "--folder", str(tmp_path)]) == 0
    assert "person.mkv: 3 frames with hands" in capsys.readouterr().err
    image, mask, hands = (tmp_path / name / "person_00002.png" for name in ("images", "masks", "hands"))
    sample = read_sample(image, mask, "face_hair", LABELS, hands_path=hands)
    assert sample.hands is not None
    assert sample.handed
    hand, rest = sample.hands == HAND, group_code("rest", len(LABELS))
    assert np.isin(sample.codes[hand], (rest, group_code("beside", len(LABELS)))).all()
    assert not read_sample(image, mask, "face_hair", LABELS).handed


def test_a_missing_video_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(video_frames, "HandPoints", Hands)
    assert main(["prepare", "frames", str(tmp_path / "no.mp4"), "--folder", str(tmp_path / "made")]) == 2
    assert "no.mp4" in capsys.readouterr().err
