import numpy as np
import pytest

from animirror.realtime.heads import HeadFinder
from animirror.realtime.locate import Locator, search_areas, steadied
from animirror.realtime.regions import Crop
from animirror.realtime.segment import Segmenter
from tests.conftest import draw_person, empty_frame


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


def test_rewinding_starts_anew(locator: Locator) -> None:
    locator(scene((320, 240, 120)), 10.0)
    assert [t.identity for t in locator(scene((320, 240, 120)), 0.0)] == [1]


def test_small_heads_in_large_pictures_need_tiles(locator: Locator) -> None:
    areas = search_areas(empty_frame(1920, 1080), 128)
    assert areas[0] == Crop(960, 540, 1920)
    assert {area.side for area in areas[1:]} == {960}
    (track,) = locator(scene((1500, 300, 84), width=1920, height=1080), None)
    assert track.head.center[0] == pytest.approx(1500, abs=8)


def test_steadied_averages_doubt_and_frees_what_is_sure() -> None:
    previous = np.array([[[0.1]], [[0.9]]], np.float32)  # background, head
    sure_gone = np.array([[[1.0]], [[0.0]]], np.float32)
    doubtful = np.array([[[0.5]], [[0.5]]], np.float32)
    assert steadied(sure_gone, previous, (1,), 1 / 30)[1, 0, 0] == pytest.approx(0.0)
    assert 0.75 < steadied(doubtful, previous, (1,), 1 / 30)[1, 0, 0] < 0.9


def test_lonely_hair_is_a_head_from_behind() -> None:
    probabilities = np.zeros((3, 32, 32), np.float32)
    probabilities[0] = 1.0
    probabilities[:, 8:20, 10:22] = np.array([0.0, 0.0, 1.0])[:, None, None]
    finder = HeadFinder(("background", "skin", "hair"))
    (view,) = finder.all(probabilities)
    assert view.face is None
    assert view.head.left == pytest.approx(10, abs=0.3)
    assert view.share == pytest.approx(144 / 1024)


def test_doubtful_texture_is_nobody() -> None:
    probabilities = np.zeros((3, 32, 32), np.float32)
    probabilities[0], probabilities[1] = 0.45, 0.55
    assert HeadFinder(("background", "skin", "hair")).all(probabilities) == []
