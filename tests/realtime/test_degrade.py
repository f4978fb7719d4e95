"""The plan for slow machines: frames that come out late are told to the governor, by hand."""

from pathlib import Path

import numpy as np
import pytest

from animirror.realtime.camera import Shot
from animirror.realtime.controls import Controls, Panel
from animirror.realtime.degrade import LONGEST_PATIENCE, PATIENCE, WINDOW, Governor, Level, levels
from animirror.realtime.effects import Effects
from animirror.realtime.filter import FaceFilter
from animirror.realtime.locate import Locator
from animirror.realtime.pipeline import Packet
from animirror.realtime.runtime import Session
from animirror.realtime.segment import Segmenter
from animirror.realtime.stylize import Stylizer
from tests.conftest import SIZE, draw_person, empty_frame, write_segmenter


@pytest.fixture(scope="module")
def smaller(tmp_path_factory: pytest.TempPathFactory) -> Segmenter:
    path = write_segmenter(tmp_path_factory.mktemp("smaller") / "s.onnx", SIZE * 3 // 4)
    return Segmenter(Session(path, "cpu"))


class Machine:
    """Tells a governor of frames of a camera with 30 a second, as a machine of some speed gets them done."""

    def __init__(self, governor: Governor, camera: float = 30.0) -> None:
        self.governor, self.camera, self.now = governor, camera, 0.0

    def run(self, seconds: float, rate: float, age: float = 0.06) -> list[str]:
        """The levels that were passed through, by their words."""
        passed, end = [self.governor.told], self.now + seconds
        while self.now < end:
            self.now += 1 / rate
            self.governor.done(round(self.now * self.camera), age, self.now)
            if self.governor.told != passed[-1]:
                passed.append(self.governor.told)
        return passed


@pytest.fixture
def plan(segmenter: Segmenter, smaller: Segmenter) -> list[Level]:
    return levels(segmenter, [smaller])


SMALL, SECOND = "head crop 96 px", "head crop 96 px, masks in every 2nd frame"


def test_the_plan(segmenter: Segmenter, smaller: Segmenter, plan: list[Level]) -> None:
    assert [(level.segmenter, level.every, level.told) for level in plan] == [
        (segmenter, 1, ""),
        (smaller, 1, SMALL),
        (smaller, 2, SECOND),
    ]
    assert [(level.every, level.told) for level in levels(segmenter, [])] == [
        (1, ""),
        (2, "masks in every 2nd frame"),
    ]
    assert [(level.segmenter, level.every) for level in levels(segmenter, [smaller], every=3)] == [
        (segmenter, 3),
        (smaller, 3),
    ]
    plan = levels(segmenter, [smaller], sizes=(128, 160))
    assert [(level.segmenter, level.larger, level.told) for level in plan] == [
        (segmenter, True, ""),
        (segmenter, False, "drawn at 128 px"),
        (smaller, False, f"drawn at 128 px, {SMALL}"),
        (smaller, False, f"drawn at 128 px, {SECOND}"),
    ]
    several = levels(segmenter, [smaller, segmenter])
    assert [level.told for level in several] == [
        "",
        SMALL,
        "head crop 128 px",
        "head crop 128 px, masks in every 2nd frame",
    ]


def test_a_fast_machine_does_all_the_work(plan: list[Level]) -> None:
    assert Machine(Governor(plan)).run(60, 29) == [""]


def test_a_slow_one_goes_down_step_by_step_and_no_further(plan: list[Level]) -> None:
    machine = Machine(Governor(plan))
    assert machine.run(1.5 * WINDOW, 15) == ["", SMALL]
    assert machine.run(60, 15) == [SMALL, SECOND]


def test_old_frames_are_as_bad_as_few(plan: list[Level]) -> None:
    assert Machine(Governor(plan)).run(1.5 * WINDOW, 29, age=0.2) == ["", SMALL]


def test_one_hiccup_is_no_reason(plan: list[Level]) -> None:
    machine = Machine(Governor(plan))
    machine.run(10, 29)
    assert machine.run(0.3, 5) == [""]
    assert machine.run(10, 29) == [""]


def test_even_the_slowest_machine_is_heard(plan: list[Level]) -> None:
    assert Machine(Governor(plan)).run(60, 0.5) == ["", SMALL, SECOND]


def test_a_slow_camera_is_no_slow_machine(plan: list[Level]) -> None:
    assert Machine(Governor(plan), camera=10).run(30, 10) == [""]
    assert Machine(Governor(plan), camera=3).run(30, 3) == [""]


def test_with_room_all_comes_back(plan: list[Level]) -> None:
    machine = Machine(Governor(plan))
    machine.run(10, 15)
    assert machine.run(0.9 * PATIENCE, 29) == [SECOND]
    assert machine.run(3 * PATIENCE, 29) == [SECOND, SMALL, ""]


def test_between_two_levels_it_tries_less_and_less(plan: list[Level]) -> None:
    """Fast enough with the small crop only."""
    governor = Governor(plan)
    machine, tries = Machine(governor), []
    for _ in range(6000):
        before = governor.level
        machine.run(0.1, 15 if governor.level is plan[0] else 29)
        assert governor.level is not plan[2]
        if governor.level is plan[0] and before is not plan[0]:
            tries.append(machine.now)
    gaps = np.diff(tries)
    assert (gaps[1:4] > 1.4 * gaps[:3]).all()
    assert gaps.max() < LONGEST_PATIENCE + 2 * WINDOW
    assert len(tries) >= 6


def test_another_segmenter_takes_the_heads_over(segmenter: Segmenter, smaller: Segmenter) -> None:
    locator = Locator(segmenter)
    for index, chosen in enumerate([segmenter] * 3 + [smaller] * 3 + [segmenter] * 3):
        locator.use(chosen)
        frame = empty_frame(640, 480, index)
        draw_person(frame, 300 + 3 * index, 240, 110)
        (track,) = locator(frame, index / 30)
        assert track.identity == 1
        assert track.head.center[0] == pytest.approx(300 + 3 * index, abs=6)
        cells = chosen.size // 4
        assert track.probabilities.shape[1:] == track.own.shape == (cells, cells)
        assert np.allclose(track.probabilities.sum(axis=0), 1, atol=1e-3)


def test_a_lost_head_survives_the_change(segmenter: Segmenter, smaller: Segmenter) -> None:
    locator = Locator(segmenter)
    frame = empty_frame(640, 480)
    draw_person(frame, 300, 240, 110)
    locator(frame, 0.0)
    locator(frame, 0.5)
    locator.use(smaller)
    (track,) = locator(empty_frame(640, 480), 0.55)
    assert track.lost_seconds > 0
    assert track.own.shape == track.probabilities.shape[1:] == (24, 24)


def test_other_labels_are_refused(segmenter: Segmenter, tmp_path: Path) -> None:
    other = Segmenter(Session(write_segmenter(tmp_path / "o.onnx", labels=("background", "skin")), "cpu"))
    with pytest.raises(ValueError, match="other labels"):
        Locator(segmenter).use(other)


def test_effects_do_what_the_governor_says(
    segmenter: Segmenter, smaller: Segmenter, stylizer: Stylizer
) -> None:
    asked: list[int] = []

    class Counted:
        """A segmenter that tells which size it was asked at."""

        def __init__(self, inner: Segmenter) -> None:
            self.inner, self.labels, self.size = inner, inner.labels, inner.size

        def __call__(self, crops: np.ndarray) -> np.ndarray:
            asked.append(self.size)
            return self.inner(crops)

    class Chosen(Governor):
        """A governor whose level the test chooses; keeps what it is told."""

        choice, heard = 0, list[tuple[int, float]]()

        @property
        def level(self) -> Level:
            return self.plan[self.choice]

        def done(self, number: int, age: float, now: float) -> None:
            self.heard.append((number, now - age))

    face_filter = FaceFilter(Counted(segmenter), stylizer)
    face_filter.prepare_for_live()
    governor = Chosen(levels(Counted(segmenter), [Counted(smaller)]))
    panel = Panel(["negative"], segmenter.labels, Controls(face_filter.options))
    effects = Effects(face_filter, lambda _: stylizer, panel, print, reuse=False, governor=governor)

    def show(numbers: range) -> list[int]:
        asked.clear()
        for number in numbers:
            frame = empty_frame(320, 240, number)
            draw_person(frame, 150 + number % 2, 120, 100)
            packet = Packet(Shot(frame, number / 30), 5.0, number)
            for step in effects.steps():
                packet = Packet(step.work(packet), packet.captured, packet.number)
            mask = packet.value.mask
            assert mask is not None
            assert number < 10 or mask[120, 150] > 0.9  # a newcomer's mask fades in
        return asked

    show(range(10))
    assert set(asked) == {SIZE}
    assert governor.heard == [(number, pytest.approx(5.0)) for number in range(10)]
    governor.choice = 1
    show(range(10, 20))
    assert set(asked) == {smaller.size}
    assert len(asked) >= 10
    governor.choice = 2
    show(range(20, 40))
    assert set(asked) == {smaller.size}
    assert len(asked) <= 14
