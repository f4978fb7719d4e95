from pathlib import Path

import cv2
import numpy as np
import pytest

from animirror.realtime.drawn_size import LEAST_FACE
from animirror.realtime.errors import UserError
from animirror.realtime.filter import FaceFilter, FilterOptions
from animirror.realtime.light import Light, clearer, softness
from animirror.realtime.proportions import make_up_eyes
from animirror.realtime.regions import region_probability
from animirror.realtime.runtime import Session
from animirror.realtime.segment import Segmenter
from animirror.realtime.strands import calmer
from animirror.realtime.stylize import Stylizer
from tests.conftest import HAIR, SKIN, draw_person, empty_frame, write_stylizer

PLAIN = FilterOptions(color_match=0.0)


def person(width: int, height: int, x: float, y: float, face: float, seed: int = 0) -> np.ndarray:
    frame = empty_frame(width, height, seed)
    draw_person(frame, x, y, face)
    return frame


def test_nobody_passes_bit_for_bit(face_filter: FaceFilter) -> None:
    frame = empty_frame(320, 240)
    for time in (None, 0.0, 0.04):
        filtered = face_filter(frame, time)
        assert np.array_equal(filtered.frame, frame)
        assert filtered.frame is not frame
        assert not filtered.mask.any()


@pytest.fixture
def plain_light(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scene is lit like the studio: drawings can be computed by hand."""
    monkeypatch.setattr("animirror.realtime.match.measure_light", lambda *_: Light())


@pytest.mark.usefixtures("plain_light")
def test_face_is_redrawn_and_the_rest_untouched(face_filter: FaceFilter) -> None:
    face_filter.options = PLAIN
    frame = person(640, 480, 320, 240, 150)
    filtered = face_filter(frame)
    assert np.abs(filtered.frame[240, 320].astype(int) - (255 - np.array(SKIN))).max() <= 2
    assert np.array_equal(filtered.frame[filtered.mask == 0], frame[filtered.mask == 0])
    truth = np.zeros((480, 640, 3), np.uint8)
    draw_person(truth, 320, 240, 150)
    drawn, found = truth.any(axis=2), filtered.mask > 0.5
    assert np.count_nonzero(drawn & found) / np.count_nonzero(drawn | found) > 0.93
    assert set(filtered.timings) == {"locate", "segment", "pose", "stylize", "blend"}


def test_heads_of_few_pixels_are_shown_with_more_contrast(segmenter: Segmenter, stylizer: Stylizer) -> None:
    shown = []

    class Watched(Stylizer):
        def __call__(self, crops: np.ndarray) -> np.ndarray:
            shown.append(crops)
            return super().__call__(crops)

    face_filter = FaceFilter(segmenter, Watched(stylizer.session))
    for face, soft in ((25, True), (150, False)):
        scene = face_filter.stylize(face_filter.segment(person(640, 480, 320, 240, face)))
        head, crop = scene.heads[0], shown.pop()[0]
        lit = head.light.into_studio(head.image)
        assert (softness(head.crop.side, stylizer.size) > 0.2) == soft
        if soft:
            clear = clearer(lit, softness(head.crop.side, stylizer.size))
            hair = region_probability(head.probabilities, (segmenter.labels.index("hair"),))
            calm = calmer(clear, hair, stylizer.size)
            assert head.eyes
            assert np.array_equal(crop, make_up_eyes(calm, head.eyes, 1.0))
            assert not np.array_equal(calm, clear)
            assert not np.array_equal(crop, calm)
            # Hair's calm takes a little of the whole crop's.
            assert clear.std() > 1.05 * lit.std()


def with_long_hair(frame: np.ndarray, x: int, y: int, face: int) -> np.ndarray:
    """The frame with a person whose hair reaches far down on both sides."""
    for side in (-1, 1):
        cv2.ellipse(frame, (x + side * face // 2, y + face), (face // 3, 3 * face // 2), 0, 0, 360, HAIR, -1)
    draw_person(frame, x, y, face)
    return frame


@pytest.mark.usefixtures("plain_light")
def test_faces_among_much_hair_are_drawn_larger(segmenter: Segmenter, tmp_path: Path) -> None:
    stylizer = Stylizer(Session(write_stylizer(tmp_path / "two.onnx", sizes=(128, 160)), "cpu"))
    face_filter = FaceFilter(segmenter, stylizer, PLAIN)
    frame = with_long_hair(person(960, 540, 240, 200, 120), 700, 200, 120)
    # The crop takes its time to reach all of the hair.
    for number in range(90):
        scene = face_filter.segment(frame, number / 30)
    face_filter.stylize(scene)
    usual, long = sorted(scene.heads, key=lambda head: head.crop.center_x)
    assert usual.face is not None
    assert long.face is not None
    assert long.face < LEAST_FACE < usual.face
    for head, size in ((usual, 128), (long, 160)):
        assert head.styled is not None
        assert head.styled.shape == (size, size, 3)
    result = face_filter.blend(scene).frame
    for x in (240, 700):
        assert np.abs(result[200, x].astype(int) - (255 - np.array(SKIN))).max() <= 2
    # Where the machine is too slow for it, all are drawn alike.
    face_filter.ease(segmenter, 1, larger=False)
    scene = face_filter.stylize(face_filter.segment(frame, 3.0))
    assert [head.drawn_size for head in scene.heads] == [128, 128]


@pytest.mark.parametrize(
    ("width", "height"), [(64, 64), (65, 67), (641, 359), (480, 854), (1920, 1080), (3840, 2160)]
)
def test_any_size(face_filter: FaceFilter, width: int, height: int) -> None:
    frame = person(width, height, width / 2, height / 2, min(width, height) * 0.4)
    filtered = face_filter(frame)
    assert filtered.frame.shape == frame.shape
    assert filtered.mask[height // 2, width // 2] > 0.95
    assert len(filtered.crops) == 1


def test_regions_choose_what_is_drawn(segmenter: Segmenter, stylizer: Stylizer) -> None:
    frame = person(640, 480, 320, 240, 150)
    only_hair = FaceFilter(segmenter, stylizer, FilterOptions(regions=("hair",)))(frame)
    assert only_hair.mask[240, 320] < 0.05
    assert only_hair.mask[145, 320] > 0.9
    with pytest.raises(UserError, match="'nose-ring' is neither"):
        FaceFilter(segmenter, stylizer, FilterOptions(regions=("nose-ring",)))


@pytest.mark.usefixtures("plain_light")
def test_strength_mixes(face_filter: FaceFilter) -> None:
    face_filter.options = FilterOptions(strength=0.5, color_match=0.0)
    frame = person(640, 480, 320, 240, 150)
    assert np.abs(face_filter(frame).frame[240, 320].astype(int) - 127).max() <= 3
    face_filter.options = FilterOptions(strength=0.0)
    assert np.array_equal(face_filter(frame).frame, frame)


def test_full_color_match_gives_back_the_skin(face_filter: FaceFilter) -> None:
    face_filter.options = FilterOptions(color_match=1.0)
    filtered = face_filter(person(640, 480, 320, 240, 150))
    assert np.abs(filtered.frame[240, 320].astype(int) - np.array(SKIN)).max() <= 12


@pytest.mark.parametrize("options", [{"strength": 1.5}, {"color_match": -0.1}, {"feather": 11.0}])
def test_options_out_of_range(options: dict[str, float]) -> None:
    with pytest.raises(UserError, match="must be between 0 and"):
        FilterOptions(**options)  # type: ignore[arg-type]


def test_no_ghost_where_the_head_was(face_filter: FaceFilter) -> None:
    face_filter.options = PLAIN
    for i in range(4):
        face_filter(person(640, 480, 250, 240, 110, seed=i), i / 30)
    jumped = person(640, 480, 330, 240, 110)
    for i in range(2):
        filtered = face_filter(jumped, (4 + i) / 30)
    # (195, 240) was hair, now it is ground.
    assert np.array_equal(filtered.frame[230:250, 190:200], jumped[230:250, 190:200])


def test_time_makes_masks_steadier(segmenter: Segmenter, stylizer: Stylizer) -> None:
    """Edges that waver from frame to frame move less with time than without."""

    def flicker(times: list[float | None]) -> float:
        face_filter, random, masks = FaceFilter(segmenter, stylizer), np.random.default_rng(5), []
        for time in times:
            clean = person(320, 240, 160, 120, 80).astype(np.float64)
            noisy = np.clip(clean + random.normal(0, 45, clean.shape), 0, 255).astype(np.uint8)
            masks.append(face_filter(noisy, time).mask)
        return float(np.abs(np.diff(np.array(masks[6:]), axis=0)).mean())

    assert flicker([i / 30 for i in range(16)]) < 0.8 * flicker([None] * 16)


def test_heads_posed_for_another_generator_are_posed_anew(segmenter: Segmenter, tmp_path: Path) -> None:
    """As in the frames that are under way when the user changes the style."""
    small, large = (
        Stylizer(Session(write_stylizer(tmp_path / f"{size}.onnx", sizes=(size,)), "cpu"))
        for size in (128, 160)
    )
    face_filter = FaceFilter(segmenter, small)
    scene = face_filter.pose(face_filter.segment(person(640, 480, 320, 240, 150), 0.0))
    assert [picture.shape for picture in scene.posed] == [(128, 128, 3)]
    face_filter.stylizer = large
    styled = face_filter.stylize(scene).heads[0].styled
    assert styled is not None
    assert styled.shape == (160, 160, 3)


def test_nobody_is_posed_for_a_drawing_that_is_not_shown(face_filter: FaceFilter) -> None:
    face_filter.options = FilterOptions(strength=0.0)
    scene = face_filter.stylize(face_filter.pose(face_filter.segment(person(640, 480, 320, 240, 150))))
    assert scene.heads
    assert not scene.posed
    # The user turns it up while the frame is under way.
    face_filter.options = FilterOptions()
    assert face_filter.stylize(scene).heads[0].styled is not None


class Wavering(Stylizer):
    """Draws every second frame darker, by a level that no camera shows."""

    calls = 0

    def __call__(self, crops: np.ndarray) -> np.ndarray:
        self.calls += 1
        return np.asarray(super().__call__(crops) - np.uint8(20 * (self.calls % 2)), np.uint8)


def wavering_changes(segmenter: Segmenter, stylizer: Stylizer, speed: int) -> float:
    """How much a face's middle changes a frame, of a person who moves by ``speed`` px a frame."""
    face_filter = FaceFilter(segmenter, Wavering(stylizer.session), PLAIN)
    places = [200 + speed * number for number in range(12)]
    frames = [person(640, 480, x, 240, 150) for x in places]
    results = [face_filter(frame, number / 30).frame for number, frame in enumerate(frames)]
    middles = [result[200:240, x - 15 : x + 15].mean() for x, result in zip(places, results, strict=True)]
    return float(np.abs(np.diff(middles[6:])).mean())


@pytest.mark.usefixtures("plain_light")
def test_a_drawing_that_wavers_is_held_where_the_picture_stands_still(
    segmenter: Segmenter, stylizer: Stylizer
) -> None:
    assert wavering_changes(segmenter, stylizer, 0) < 8
    assert wavering_changes(segmenter, stylizer, 12) > 16


def test_arrays_that_are_no_frames(face_filter: FaceFilter) -> None:
    with pytest.raises(ValueError, match="uint8"):
        face_filter(np.zeros((100, 100, 3), np.float32))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="ascontiguousarray"):
        face_filter(np.zeros((100, 100, 3), np.uint8)[:, ::-1])
    with pytest.raises(ValueError, match="at least 64"):
        face_filter(np.zeros((63, 100, 3), np.uint8))


def test_live_spreads_the_first_search_over_frames(segmenter: Segmenter, stylizer: Stylizer) -> None:
    """A small head in a large frame is found within its turn of tiles, never in one long frame."""
    asked: list[int] = []

    class Counting:
        labels, size = segmenter.labels, segmenter.size

        def __call__(self, crops: np.ndarray) -> np.ndarray:
            asked.append(len(crops))
            return segmenter(crops)

    frame = person(1280, 720, 1000, 500, 60)
    live = FaceFilter(Counting(), stylizer)
    live.prepare_for_live()
    found = -1
    for index in range(60):
        asked.clear()
        if live(frame, index / 30).crops and found < 0:
            found = index
        assert sum(asked) <= 6
    assert 0 <= found < 60


@pytest.mark.usefixtures("plain_light")
@pytest.mark.parametrize("every", [1, 2, 3])
def test_masks_move_along_between_segmented_frames(
    segmenter: Segmenter, stylizer: Stylizer, every: int
) -> None:
    asked = []

    class Counting:
        labels, size = segmenter.labels, segmenter.size

        def __call__(self, crops: np.ndarray) -> np.ndarray:
            asked.append(len(crops))
            return segmenter(crops)

    live = FaceFilter(Counting(), stylizer, PLAIN)
    live.prepare_for_live(every)
    overlaps = []
    for index in range(40):
        # A tenth of a head per frame, there and back.
        x = 200 + 6 * (index if index < 20 else 40 - index)
        filtered = live(person(640, 360, x, 180, 110, seed=index), index / 30)
        truth = np.zeros((360, 640, 3), np.uint8)
        draw_person(truth, x, 180, 110)
        drawn, found = truth.any(axis=2), filtered.mask > 0.5
        if index >= 12:
            overlaps.append(np.count_nonzero(drawn & found) / np.count_nonzero(drawn | found))
    assert min(overlaps) > 0.85
    assert len(asked) < 60 / every + 25


def test_stills_are_drawn_in_their_own_pixels_and_live_frames_as_the_generator_draws(
    face_filter: FaceFilter,
) -> None:
    frame = person(1400, 1200, 700, 600, 560)
    (still,), (live,) = (face_filter.stylize(face_filter.segment(frame, at)).heads for at in (None, 0.0))
    assert still.styled is not None
    assert live.styled is not None
    assert still.styled.shape[0] == round(still.crop.side) > 600
    assert live.styled.shape[0] == face_filter.stylizer.sizes[0]
    for at in (None, 0.0):
        filtered = face_filter(frame, at)
        assert np.array_equal(filtered.frame[filtered.mask == 0], frame[filtered.mask == 0])
