"""A live session that somebody else shows."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from animirror.realtime.config import LiveConfig
from animirror.realtime.errors import UserError
from animirror.realtime.images import Picture, write_picture
from animirror.realtime.studio.live_runner import LiveRunner
from animirror.realtime.zoo import Zoo
from tests.conftest import draw_person, empty_frame

PATIENCE = 60.0


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_pictures_come_and_controls_change_them(small_zoo: Zoo, tmp_path: Path) -> None:
    frame = empty_frame(320, 240)
    draw_person(frame, 120, 120, 100)
    write_picture(Picture(frame), tmp_path / "person.png")
    config = LiveConfig(source=str(tmp_path / "person.png"), sink=(), fps=20.0, device="cpu")
    runner = LiveRunner(config, small_zoo)
    try:
        until(lambda: runner.view is not None and (runner.view.before == frame).all())
        # New heads are drawn more and more, within some pictures.
        until(lambda: runner.view is not None and (runner.view.after[120, 120] != frame[120, 120]).any())
        assert runner.styles == ("negative", "other")
        runner.set_style("other")
        runner.set(lambda now: replace(now, mirror=True))
        until(lambda: runner.view is not None and (runner.view.before == np.fliplr(frame)).all())
        until(lambda: runner.fps > 0)
        assert runner.view is not None
        assert runner.view.controls.style == 1
    finally:
        runner.stop()
    assert not runner.alive
    assert runner.error is None


def test_why_it_did_not_start(small_zoo: Zoo, tmp_path: Path) -> None:
    runner = LiveRunner(LiveConfig(source=str(tmp_path / "none.mp4"), sink=()), small_zoo)
    until(lambda: not runner.alive)
    assert isinstance(runner.error, UserError)
    assert runner.view is None
