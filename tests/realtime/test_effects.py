"""The live steps do what the controls ask for."""

from dataclasses import replace

import numpy as np
import pytest

from animirror.realtime.camera import Shot
from animirror.realtime.controls import Controls, Panel, Privacy
from animirror.realtime.effects import Effects
from animirror.realtime.errors import UserError
from animirror.realtime.filter import FaceFilter, FilterOptions
from animirror.realtime.pipeline import Packet
from animirror.realtime.segment import Segmenter
from animirror.realtime.stylize import Stylizer
from animirror.realtime.view import View, card
from tests.conftest import draw_person, empty_frame


class Studio:
    """Effects over the world of ellipses; ``runs`` counts what the generator was asked."""

    def __init__(self, segmenter: Segmenter, stylizer: Stylizer) -> None:
        self.runs, self.said, self.asked = 0, list[str](), list[int]()
        self.size, self.sizes, self.eyes = stylizer.size, stylizer.sizes, stylizer.eyes
        self._stylizer = stylizer
        self.panel = Panel(["negative", "other", "broken"], segmenter.labels)
        face_filter = FaceFilter(segmenter, self, FilterOptions(color_match=0.0))
        self.panel.controls = Controls(face_filter.options)
        self.effects = Effects(face_filter, self.choose, self.panel, self.said.append)
        self.number = 0

    def __call__(self, crops: np.ndarray) -> np.ndarray:
        self.runs += 1
        return self._stylizer(crops)

    def choose(self, style: int) -> "Studio":
        self.asked.append(style)
        if style == 2:
            raise UserError("The model file is missing.")
        return self

    def show(self, frame: np.ndarray, note: str | None = None) -> View:
        self.number += 1
        packet = Packet(Shot(frame, self.number / 30, note), 0.0, self.number)
        for step in self.effects.steps():
            packet = Packet(step.work(packet), packet.captured, packet.number)
        view = packet.value
        assert isinstance(view, View)
        return view

    def set(self, **changes: object) -> None:
        self.panel.controls = replace(self.panel.controls, **changes)  # type: ignore[arg-type]


@pytest.fixture
def studio(segmenter: Segmenter, stylizer: Stylizer) -> Studio:
    return Studio(segmenter, stylizer)


def person(x: float = 160, width: int = 320) -> np.ndarray:
    frame = empty_frame(width, 240)
    draw_person(frame, x, 120, 100)
    return frame


def shown(studio: Studio, frame: np.ndarray) -> View:
    """The view once the mask has faded in."""
    for index in range(10):
        view = studio.show(np.roll(frame, index % 2, axis=1))
    return view


def test_the_head_is_drawn_and_passing_through_is_one_key(studio: Studio) -> None:
    frame = person()
    view = shown(studio, frame)
    assert view.mask is not None
    assert view.mask[120, 160] > 0.95
    assert np.abs(view.after[130, 160].astype(int) - view.before[130, 160]).max() > 60
    studio.panel.press(ord(" "))
    runs, view = studio.runs, studio.show(frame)
    assert view.after is frame  # untouched, not even copied
    assert (view.mask, studio.runs) == (None, runs)


def test_mirror_turns_everything(studio: Studio) -> None:
    shown(studio, person(100))
    studio.set(mirror=True)
    view = studio.show(person(100))
    assert np.array_equal(view.before, person(100)[:, ::-1])
    assert view.mask is not None
    assert view.mask[120, 220] > 0.9
    assert view.mask[120, 60] == 0


def test_privacy_freezes_or_hides(studio: Studio) -> None:
    last = shown(studio, person())
    studio.set(privacy=Privacy.FREEZE)
    runs, view = studio.runs, studio.show(person(60))
    assert np.array_equal(view.after, last.after)
    assert np.array_equal(view.before, last.before)
    studio.set(privacy=Privacy.CARD)
    view = studio.show(person(60))
    assert np.array_equal(view.after, card(320, 240))
    assert view.before is view.after
    assert studio.runs == runs
    studio.set(privacy=Privacy.OFF)
    assert np.array_equal(studio.show(person(60)).before, person(60))


def test_a_freeze_before_any_picture_is_a_card(studio: Studio) -> None:
    studio.set(privacy=Privacy.FREEZE)
    assert np.array_equal(studio.show(person()).after, card(320, 240))


def test_a_picture_that_stays_is_worked_on_every_eleventh_time(studio: Studio) -> None:
    frame = person()
    shown(studio, frame)
    runs = studio.runs
    views = [studio.show(frame) for _ in range(33)]
    assert studio.runs - runs == 3
    assert views[-1].time == pytest.approx(studio.number / 30)
    assert studio.show(frame, "camera is lost").note == "camera is lost"
    assert studio.show(frame).note is None
    blink = frame.copy()
    blink[115:123, 150:170] = 0
    runs = studio.runs
    studio.show(blink)
    assert studio.runs == runs + 1
    studio.set(filter=FilterOptions(strength=0.5))
    studio.show(blink)
    assert studio.runs == runs + 2


def test_slow_changes_add_up_until_they_are_seen(studio: Studio) -> None:
    frame = person()
    shown(studio, frame)
    runs = studio.runs
    for level in range(1, 10):
        studio.show(np.clip(frame.astype(int) + level, 0, 255).astype(np.uint8))
    assert studio.runs - runs >= 2


def test_options_and_styles_change_between_frames(studio: Studio) -> None:
    full = shown(studio, person()).after[130, 160].astype(int)
    studio.set(filter=FilterOptions(strength=0.5, color_match=0.0))
    half = studio.show(person()).after[130, 160].astype(int)
    before = person()[130, 160].astype(int)
    assert np.abs(half - (full + before) / 2).max() <= 12
    studio.set(style=1)
    studio.show(person(161))
    studio.show(person(164))
    assert studio.asked == [0, 1]


def test_a_style_that_cannot_be_loaded_is_told_and_the_old_one_goes_on(studio: Studio) -> None:
    shown(studio, person())
    studio.set(style=2)
    for x in (150, 155, 160):
        view = studio.show(person(x))
    assert studio.said == ["The model file is missing."]
    assert view.mask is not None
    assert view.mask.max() > 0.9


def test_notes_are_drawn_on_a_copy(studio: Studio) -> None:
    frame = empty_frame(320, 240)
    kept = frame.copy()
    for effect in (True, False):
        studio.set(effect=effect)
        view = studio.show(frame, "camera is lost")
        assert np.array_equal(frame, kept)
        assert np.array_equal(view.after[:180], frame[:180])
        assert not np.array_equal(view.after[180:], frame[180:])
        assert view.note == "camera is lost"


def test_tiny_frames_pass(studio: Studio) -> None:
    frame = empty_frame(40, 30)
    assert np.array_equal(studio.show(frame).after, frame)
