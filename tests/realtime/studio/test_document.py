import itertools
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from animirror.realtime.errors import UserError
from animirror.realtime.filter import FaceFilter
from animirror.realtime.regions import Box, Crop
from animirror.realtime.scene import Head
from animirror.realtime.studio.brush import Brush
from animirror.realtime.studio.document import Document
from animirror.realtime.studio.heads import doubtful
from animirror.realtime.studio.models import Models
from animirror.realtime.studio.render import render
from tests.conftest import draw_person, empty_frame
from tests.realtime.studio.conftest import two_people

WHOLE = Box(0, 0, 480, 320)


def mask_of(document: Document) -> np.ndarray:
    return document.snapshot().mask


def test_the_mask_is_the_filters_own(document: Document, face_filter: FaceFilter) -> None:
    """The same heads, the same mask as `animirror image` finds."""
    expected = face_filter(two_people()).mask
    assert np.abs(mask_of(document) / 255 - expected).mean() < 0.005
    assert len(document.heads) == 2
    assert document.note is None
    truth = np.zeros((320, 480, 3), np.uint8)
    draw_person(truth, 120, 160, 90)
    draw_person(truth, 350, 170, 80)
    drawn, found = truth.any(axis=2), mask_of(document) > 127
    assert np.count_nonzero(drawn & found) / np.count_nonzero(drawn | found) > 0.9


def test_it_is_segmented_once(picture: Path, studio_models: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    document = Document.open(picture, studio_models)
    asked: list[int] = []
    segmenter = type(studio_models.segmenter())
    monkeypatch.setattr(segmenter, "__call__", lambda self, crops: asked.append(len(crops)))
    document.choose(regions=("hair",))
    document.toggle_head(0)
    document.begin_stroke(Brush(20), 10, 10)
    document.end_stroke()
    assert asked == []


def test_heads_are_switched_one_by_one(document: Document) -> None:
    left, right = document.heads
    assert left.center[0] == pytest.approx(120, abs=8)
    assert right.center[0] == pytest.approx(350, abs=8)
    assert document.head_at(120, 160) == 0
    assert document.head_at(350, 160) == 1
    assert document.head_at(240, 20) is None
    document.toggle_head(0)
    assert mask_of(document)[160, 120] == 0
    assert mask_of(document)[170, 350] == 255
    document.toggle_head(0)
    assert mask_of(document)[160, 120] == 255


def test_an_emblem_in_a_heads_square_is_off_at_first(document: Document) -> None:
    person = document.snapshot().heads[0]

    def head(x: float, y: float, side: float) -> Head:
        box = Box(x - side / 2, y - side / 2, x + side / 2, y + side / 2)
        return replace(person, crop=Crop(x, y, side), track=replace(person.track, head=box))

    large, emblem = head(200, 200, 300), head(220, 80, 40)
    child, stranger = head(300, 300, 100), head(500, 80, 40)
    assert doubtful([large, emblem, child, stranger]) == {1}
    assert document.choices.off == frozenset()


def test_regions_and_single_labels(document: Document) -> None:
    document.choose(regions=("hair",))
    assert mask_of(document)[160, 120] < 20
    assert mask_of(document)[102, 120] > 200
    document.choose(regions=("mouth",))
    assert mask_of(document)[187, 120] > 100
    assert mask_of(document)[102, 120] == 0
    document.choose(regions=())
    assert not mask_of(document).any()
    with pytest.raises(UserError, match="'nostril' is neither"):
        document.choose(regions=("nostril",))
    assert document.choices.regions == ()


def test_edits_stay_on_top_of_other_regions(document: Document) -> None:
    document.begin_stroke(Brush(30), 240, 40)
    document.end_stroke()
    document.begin_stroke(Brush(30, erase=True), 120, 160)
    document.end_stroke()
    for regions in (("face", "hair"), ("hair",), ("face",)):
        document.choose(regions=regions)
        assert mask_of(document)[40, 240] == 255
        assert mask_of(document)[160, 120] == 0


def test_strokes_undo_redo_and_reset(document: Document) -> None:
    clean = mask_of(document)
    area = document.begin_stroke(Brush(20), 200, 60)
    assert area == Box(189, 49, 211, 71)
    area = document.extend_stroke(240, 60)
    assert area is not None
    assert (area.left, area.right) == (189, 251)
    document.end_stroke()
    drawn = mask_of(document)
    assert np.array_equal(drawn[:, 260:], clean[:, 260:])
    assert (drawn[55:65, 200:240] == 255).all()
    assert document.can_undo
    assert document.edited
    assert document.undo() is not None
    assert np.array_equal(mask_of(document), clean)
    assert document.undo() is None
    document.redo()
    assert np.array_equal(mask_of(document), drawn)
    document.reset_edits()
    assert np.array_equal(mask_of(document), clean)
    document.undo()
    assert np.array_equal(mask_of(document), drawn)


def test_a_point_without_a_stroke_changes_nothing(document: Document) -> None:
    before = document.revision
    assert document.extend_stroke(100, 100) is None
    assert document.begin_stroke(Brush(10), -100, -100) is None
    document.end_stroke()
    assert document.revision == before


def test_views(document: Document) -> None:
    frame = two_people()
    assert np.array_equal(document.view(WHOLE, 480, 320), frame)
    part = document.view(Box(100, 140, 140, 180), 40, 40)
    assert np.array_equal(part, frame[140:180, 100:140])
    large = document.view(Box(100, 140, 110, 150), 80, 80)
    assert np.array_equal(large, frame[140:150, 100:110].repeat(8, 0).repeat(8, 1))
    half = document.view(WHOLE, 240, 160)
    wanted = cv2.resize(frame, (240, 160), interpolation=cv2.INTER_AREA)
    assert np.abs(half.astype(int) - wanted).mean() < 1
    beyond = document.view(Box(-48, 0, 480, 320), 528, 320)
    assert not beyond[:, :47].any()
    assert np.array_equal(beyond[:, 48:], frame)
    assert np.array_equal(document.mask_view(WHOLE, 480, 320), mask_of(document))


@pytest.mark.parametrize("left", [-5000.0, -490.0, 480.0, 4000.0])
@pytest.mark.parametrize("scale", [0.2, 1.0, 5.0])
def test_views_beside_the_picture_are_black(document: Document, left: float, scale: float) -> None:
    box = Box(left, -10, left + 480, 310)
    assert not document.view(box, round(480 * scale), round(320 * scale)).any()
    assert not document.mask_view(box, round(480 * scale), round(320 * scale)).any()


def test_a_view_of_a_large_picture_is_where_it_should_be(studio_models: Models) -> None:
    frame = empty_frame(3001, 2003)
    draw_person(frame, 1500, 1000, 700)
    document = Document.from_frame(frame, "large", studio_models)
    for box in (Box(0, 0, 3001, 2003), Box(1000, 500, 2500, 1700), Box(1400.5, 900.25, 1700, 1100)):
        width = 400
        height = round(width * box.height / box.width)
        shown = document.view(box, width, height).astype(int)
        matrix = np.array([[box.width / width, 0, box.left], [0, box.height / height, box.top], [0, 0, 1.0]])
        for x, y in ((0.5, 0.5), (0.2, 0.7), (0.9, 0.1)):
            place = matrix @ (x * width, y * height, 1)
            near = frame[int(place[1]) - 8 : int(place[1]) + 8, int(place[0]) - 8 : int(place[0]) + 8]
            seen = shown[int(y * height), int(x * width)]
            assert np.abs(seen - near.reshape(-1, 3).astype(float).mean(axis=0)).max() < 40
        mask = document.mask_view(box, width, height)
        if box.left < 1450:
            at = np.linalg.inv(matrix) @ (1500, 1000, 1)
            assert mask[int(at[1]), int(at[0])] > 250


def test_nobody_is_told_and_can_be_painted(studio_models: Models) -> None:
    document = Document.from_frame(empty_frame(200, 150), "empty.png", studio_models)
    assert document.heads == ()
    assert document.note is not None
    assert document.note.startswith("Nobody was found in empty.png")


def test_unsaved(document: Document) -> None:
    assert not document.unsaved
    document.choose(strength=0.5)
    assert document.unsaved
    document.mark_saved()
    document.choose(strength=0.5)
    assert not document.unsaved


def test_progress_can_end_the_work(picture: Path, studio_models: Models) -> None:
    told: list[float] = []
    Document.open(picture, studio_models, told.append)
    assert told[-1] == 1.0
    assert told == sorted(told)

    def stop(_: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        Document.open(picture, studio_models, stop)


def test_bad_pictures(tmp_path: Path, studio_models: Models) -> None:
    cv2.imwrite(str(tmp_path / "tiny.png"), np.zeros((20, 500, 3), np.uint8))
    (tmp_path / "text.jpg").write_text("hello")
    for name, message in (
        ("tiny.png", r"tiny\.png is too small \(500x20\)"),
        ("text.jpg", "is not a picture"),
        ("nowhere.jpg", "does not exist"),
    ):
        with pytest.raises(UserError, match=message):
            Document.open(tmp_path / name, studio_models)


def test_models_are_loaded_when_needed_and_dropped(studio_models: Models) -> None:
    assert studio_models.loaded == ()
    assert studio_models.styles == ("negative", "other")
    assert {"face", "hair"} <= set(studio_models.regions)
    first = studio_models.stylizer("negative")
    assert studio_models.stylizer("negative") is first
    studio_models.stylizer("other")
    assert studio_models.loaded == ("other",)
    with pytest.raises(UserError, match="no style 'oil'"):
        studio_models.stylizer("oil")


def test_threads_do_not_disturb_each_other(document: Document, studio_models: Models) -> None:
    """Painting goes on while others choose, draw and look; in the end everything is there."""
    stop, failures = threading.Event(), []

    def worker(work: Callable[[], object]) -> None:
        try:
            while not stop.is_set():
                work()
        except Exception as error:
            failures.append(error)

    regions = itertools.cycle([("hair",), ("face", "hair"), ("face",)])
    works: list[Callable[[], object]] = [
        lambda: document.choose(regions=next(regions)),
        lambda: render(document, studio_models, long_side=120),
        lambda: document.mask_view(WHOLE, 240, 160),
    ]
    threads = [threading.Thread(target=worker, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for x in range(20, 460, 20):
        document.begin_stroke(Brush(12), x, 20)
        document.extend_stroke(x, 40)
        document.end_stroke()
    stop.set()
    for thread in threads:
        thread.join(timeout=60)
    assert failures == []
    document.choose(regions=())
    painted = mask_of(document)
    assert all(painted[30, x] == 255 for x in range(20, 460, 20))
    while document.undo() is not None:
        pass
    assert not mask_of(document).any()
