import copy

import cv2
import numpy as np
import pytest

from animirror.realtime.closer import Look
from animirror.realtime.heads import HeadFinder, HeadView
from animirror.realtime.locate import Locator
from animirror.realtime.regions import Box, Crop
from animirror.realtime.segment import Segmenter
from tests.conftest import HAIR, SKIN, draw_person, empty_frame


@pytest.fixture
def locator(segmenter: Segmenter) -> Locator:
    return Locator(segmenter)


def scene(*people: tuple[float, float, float], width: int = 640, height: int = 480) -> np.ndarray:
    frame = empty_frame(width, height)
    for person in people:
        draw_person(frame, *person)
    return frame


def inside(crop: Crop, x: float, y: float) -> bool:
    return crop.box.left < x < crop.box.right and crop.box.top < y < crop.box.bottom


def test_nobody(locator: Locator) -> None:
    assert locator(scene(), None) == []
    assert locator(scene(), 0.0) == []


def test_a_head_and_its_box(locator: Locator) -> None:
    (track,) = locator(scene((400, 200, 100)), None)
    # The ellipses of draw_person span x 345..455 and y 120..250.
    for found, drawn in zip(
        (track.head.left, track.head.top, track.head.right, track.head.bottom),
        (345, 120, 455, 250),
        strict=True,
    ):
        assert abs(found - drawn) < 6
    assert track.crop.box.left < 345
    assert track.crop.box.bottom > 250


def test_two_people_and_stable_identities(locator: Locator) -> None:
    seen = [
        {
            track.identity: track.head.center[0]
            for track in locator(scene((150 + 2 * i, 200, 90), (480 - 2 * i, 240, 110)), i / 30)
        }
        for i in range(30)
    ]
    assert all(set(frame) == {1, 2} for frame in seen)
    left = min(seen[0], key=seen[0].__getitem__)
    assert seen[-1][left] == pytest.approx(150 + 58, abs=8)


def test_touching_heads_are_parted(locator: Locator) -> None:
    tracks = locator(scene((250, 240, 120), (365, 240, 120)), None)
    assert len(tracks) == 2
    for track, x in zip(sorted(tracks, key=lambda t: t.head.center[0]), (250, 365), strict=True):
        assert track.head.center[0] == pytest.approx(x, abs=15)


def test_head_at_the_border_keeps_its_scale(locator: Locator) -> None:
    (middle,) = locator(scene((320, 240, 120)), None)
    (border,) = locator(scene((20, 240, 120)), None)
    assert border.crop.side == pytest.approx(middle.crop.side, rel=0.35)
    assert border.crop.box.left < 0


def test_following_a_fast_head(locator: Locator) -> None:
    for i in range(25):
        x = 100 + 18 * i  # 540 px/s: three and a half heads a second
        tracks = locator(scene((x, 240, 110)), i / 30)
        assert len(tracks) == 1
        assert inside(tracks[0].crop, x - 60, 240)
        assert inside(tracks[0].crop, x + 60, 240)


def test_still_head_is_held_still(locator: Locator) -> None:
    crops = []
    for i in range(20):
        frame = empty_frame(640, 480, seed=i)
        draw_person(frame, 320, 240, 120)
        (track,) = locator(frame, i / 30)
        crops.append(track.crop)
    # It settles within some frames, then it is the very same crop.
    assert len(set(crops)) <= 6
    assert len(set(crops[8:])) == 1


def test_leaving_and_returning(locator: Locator) -> None:
    for i in range(5):
        locator(scene((320, 240, 120)), i / 30)
    gone = [locator(scene(), (5 + i) / 30) for i in range(20)]
    assert gone[-1] == []
    back = [locator(scene((200, 200, 120)), (25 + i) / 30) for i in range(10)]
    assert len(back[-1]) == 1
    assert back[-1][0].visibility == 1.0
    assert back[-1][0].identity == 2


def test_a_find_of_one_frame_never_shows(locator: Locator) -> None:
    for i in range(5):
        assert locator(scene(), i / 30) == []
    first = locator(scene((320, 240, 120)), 5 / 30)
    assert all(track.visibility == 0 for track in first)
    after = locator(scene(), 6 / 30)
    assert all(track.visibility == 0 for track in after)


def test_skin_without_eyes_or_mouth_is_no_head(locator: Locator) -> None:
    frame = empty_frame(640, 480)
    draw_person(frame, 320, 240, 120, details=False)
    assert locator(frame, None) == []
    assert locator(frame, 0.0) == []
    draw_person(frame, 320, 240, 120)
    assert len(locator(frame, None)) == 1


def test_an_arm_before_the_face_is_not_the_face(locator: Locator) -> None:
    (alone,) = locator(scene((320, 160, 120)), 0.0)
    crop, head = alone.crop, alone.head
    for i in range(1, 30):
        frame = scene((320, 160, 120))
        cv2.line(frame, (320, 210), (430, 460), SKIN, 36)
        (track,) = locator(frame, i / 30)
    assert track.crop.side < 1.35 * crop.side
    assert track.head.bottom < head.bottom + 0.5 * head.height


def test_a_false_find_is_not_looked_at_in_every_frame(segmenter: Segmenter) -> None:
    class Counting:
        labels, size, calls = segmenter.labels, segmenter.size, 0

        def __call__(self, crops: np.ndarray) -> np.ndarray:
            self.calls += 1
            return segmenter(crops)

    counting = Counting()
    locator = Locator(counting)
    frame = empty_frame(160, 120)
    cv2.ellipse(frame, (80, 60), (20, 26), 0, 0, 360, SKIN, -1)
    locator(frame, 0.0)
    assert counting.calls > 1
    counting.calls = 0
    for i in range(1, 11):
        locator(frame, i / 30)
    assert counting.calls == 10  # only the search


def test_two_tracks_on_one_head_become_one(locator: Locator) -> None:
    (track,) = locator(scene((320, 240, 120)), 0.0)
    double = copy.deepcopy(track)
    double.identity = 7
    locator.tracks.append(double)
    assert [t.identity for t in locator(scene((320, 240, 120)), 1 / 30)] == [track.identity]


def test_another_persons_face_in_the_crop_is_not_mine(segmenter: Segmenter) -> None:
    frame = scene((250, 240, 120), (365, 240, 120))
    left, right = sorted(Locator(segmenter)(frame, None), key=lambda t: t.head.center[0])
    cells = left.own.shape[-1]
    # The right one's cheek, in cells of the left one's crop.
    x, y = (np.array([345, 240]) - (left.crop.box.left, left.crop.box.top)) * cells / left.crop.side
    assert x < cells
    assert left.own[int(y), int(x)] == 0
    assert right.head.center[0] > 340


def test_turning_round_keeps_the_track(locator: Locator) -> None:
    for i in range(10):
        locator(scene((320, 240, 120)), i / 30)
    for i in range(10, 60):
        frame = empty_frame(640, 480)
        cv2.ellipse(frame, (320, 222), (66, 78), 0, 0, 360, HAIR, -1)
        tracks = locator(frame, i / 30)
        assert [t.identity for t in tracks] == [1]
    assert inside(tracks[0].crop, 320, 222)


def test_rewinding_starts_anew(locator: Locator) -> None:
    locator(scene((320, 240, 120)), 10.0)
    assert [t.identity for t in locator(scene((320, 240, 120)), 0.0)] == [1]


def test_small_heads_in_large_pictures_need_tiles(locator: Locator) -> None:
    (track,) = locator(scene((1500, 300, 84), width=1920, height=1080), None)
    assert track.head.center[0] == pytest.approx(1500, abs=8)
    (track,) = locator(scene((700, 300, 60), width=1920, height=1080), None)
    assert track.head.center[0] == pytest.approx(700, abs=6)


def test_lonely_hair_is_a_head_from_behind() -> None:
    probabilities = np.zeros((3, 32, 32), np.float32)
    probabilities[0] = 1.0
    probabilities[:, 8:20, 10:22] = np.array([0.0, 0.0, 1.0])[:, None, None]
    finder = HeadFinder(("background", "skin", "hair"))
    (view,) = finder.all(probabilities)
    assert view.face is None
    assert view.head.left == pytest.approx(10, abs=0.3)
    assert view.share == pytest.approx(144 / 1024)


@pytest.mark.parametrize(("gap", "joined"), [(1, True), (2, False)])
@pytest.mark.parametrize("turns", range(4))
def test_hair_over_one_cell_of_gap_is_the_heads_and_over_two_is_not(
    gap: int, joined: bool, turns: int
) -> None:
    skin, hair = np.zeros((40, 40), np.float32), np.zeros((40, 40), np.float32)
    skin[14:26, 14:26] = 1.0
    hair[14:26, 26 + gap : 34 + gap] = 1.0
    maps = np.stack([1.0 - skin - hair, skin, hair]).astype(np.float32)
    turned, everywhere = np.rot90(maps, turns, (1, 2)).copy(), np.ones((40, 40), np.float32)
    view = HeadFinder(("background", "skin", "hair")).one(turned, Box(14, 14, 26, 26), everywhere)
    assert view is not None
    longer = max(view.head.width, view.head.height)
    assert longer == pytest.approx(20 + gap if joined else 12, abs=1)


def test_doubtful_texture_is_nobody() -> None:
    probabilities = np.zeros((3, 32, 32), np.float32)
    probabilities[0], probabilities[1] = 0.45, 0.55
    assert HeadFinder(("background", "skin", "hair")).all(probabilities) == []


@pytest.mark.parametrize(("confidence", "convinces"), [(0.924, True), (0.898, False)])
def test_letters_that_waver_between_face_and_no_face_start_no_track(
    confidence: float, convinces: bool
) -> None:
    crop, box = Crop(50, 50, 100), Box(20, 20, 80, 80)
    view = HeadView(box, box, np.ones((32, 32), np.float32), 0.4, confidence, detail=0.9)
    look = Look(crop, empty_frame(64, 64), np.zeros((3, 32, 32), np.float32), view, box, crop)
    assert look.convincing is convinces
