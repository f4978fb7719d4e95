"""Files, pictures and the demo as live sources, in real time."""

import threading
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from animirror.realtime.errors import UserError
from animirror.realtime.images import Picture, write_picture
from animirror.realtime.playback import DemoPlayback, Still, VideoPlayback, open_source
from animirror.realtime.sinks import VideoSink


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "grey.mp4"
    with VideoSink(path, 96, 64, Fraction(20)) as sink:
        for index in range(8):
            sink.write(np.full((64, 96, 3), 20 * index + 20, np.uint8), index / 20, 1 / 20)
    return path


def test_a_video_plays_at_its_own_speed(video: Path) -> None:
    source = VideoPlayback(video)
    assert (source.size, source.rate) == ((96, 64), pytest.approx(20.0))
    start = time.perf_counter()
    arrivals = [(time.perf_counter() - start, shot.time) for shot in source]
    assert time.perf_counter() - start == pytest.approx(0.4, abs=0.15)  # the last frame has its time too
    assert [time for _, time in arrivals] == pytest.approx([i / 20 for i in range(8)], abs=1e-3)
    begin = arrivals[0][0]
    assert all(-0.01 < arrived - begin - due < 0.1 for arrived, due in arrivals)


def test_a_looped_video_begins_again_until_stopped(video: Path) -> None:
    source = VideoPlayback(video, loop=True, size=(48, 32))
    levels = []
    for shot in source:
        assert shot.frame.shape == (32, 48, 3)
        levels.append(round(float(shot.frame.mean()) / 20))
        if len(levels) == 20:
            source.stop()
    assert levels == [*range(1, 9), *range(1, 9), *range(1, 5)]


def test_a_stop_does_not_wait_for_the_next_frame(tmp_path: Path) -> None:
    write_picture(Picture(np.full((80, 100, 3), 60, np.uint8)), tmp_path / "p.png")
    source = Still(tmp_path / "p.png", rate=0.01)
    timer = threading.Timer(0.1, source.stop)
    timer.start()
    start = time.perf_counter()
    assert [shot.time for shot in source] == [0.0]
    timer.join()
    assert time.perf_counter() - start < 1.0


def test_a_large_still_is_made_as_large_as_a_screen(tmp_path: Path) -> None:
    write_picture(Picture(np.full((1000, 4000, 3), 60, np.uint8)), tmp_path / "p.png")
    source = Still(tmp_path / "p.png")
    assert source.size == (1920, 480)
    assert next(iter(source)).frame.shape == (480, 1920, 3)


def test_the_choice_of_a_source(video: Path, tmp_path: Path) -> None:
    write_picture(Picture(np.full((80, 100, 3), 60, np.uint8)), tmp_path / "p.png")
    assert isinstance(open_source(str(tmp_path / "p.png")), Still)
    assert isinstance(open_source(str(video)), VideoPlayback)
    demo = open_source("demo", (320, 180), 10.0)
    assert isinstance(demo, DemoPlayback)
    assert next(iter(demo)).frame.shape == (180, 320, 3)
    with pytest.raises(UserError, match=r"no\.mp4 does not exist"):
        open_source(str(tmp_path / "no.mp4"))
    with pytest.raises(UserError, match=r"no\.png does not exist"):
        open_source(str(tmp_path / "no.png"))
    with pytest.raises(UserError, match="no camera, file or stream 'nothing'"):
        open_source("nothing")
    with pytest.raises(UserError, match=r"The stream http://127\.0\.0\.1:9/x gives no picture"):
        open_source("http://127.0.0.1:9/x")
