"""How videos are cut into segments: each frame in one of them, at key frames where there are any."""

from dataclasses import replace
from pathlib import Path

import av
import pytest

from animirror.realtime.errors import UserError
from animirror.realtime.job import VideoJob
from animirror.realtime.segments import WARM_FRAMES, plan_segments
from tests.media import picture

RATE = 30


def film(path: Path, frames: int, key_every: int) -> VideoJob:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 96, 80, "yuv420p"
        stream.codec_context.gop_size = key_every
        for index in range(frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture(index, 96, 80), format="bgr24")))
        container.mux(stream.encode(None))
    return VideoJob(path, path.with_name("out.mp4"))


def starts(job: VideoJob) -> list[int]:
    """Numbers of the first frames of the segments."""
    with av.open(str(job.source)) as container:
        base = container.streams.video[0].time_base
    assert base is not None
    return [round((segment.start or 0) * base * RATE) for segment in plan_segments(job).segments]


def test_short_videos_are_one_segment(tmp_path: Path) -> None:
    plan = plan_segments(film(tmp_path / "in.mp4", 50, 10))
    assert len(plan.segments) == 1
    assert (plan.segments[0].start, plan.segments[0].end, plan.segments[0].warm) == (None, None, None)
    assert (plan.frames, plan.seconds) == (50, pytest.approx(50 / RATE, abs=1e-3))


def test_cuts_lie_at_key_frames_where_there_are_any(tmp_path: Path) -> None:
    job = film(tmp_path / "in.mp4", 100, 12)
    assert starts(replace(job, segment_frames=30)) == [0, 24, 48, 72]
    # Where none lies in the second half of what a segment may hold, it is cut at its longest.
    assert starts(replace(job, segment_frames=10))[:5] == [0, 10, 20, 30, 36]
    assert starts(replace(film(tmp_path / "one.mp4", 100, 1000), segment_frames=30)) == [0, 30, 60, 90]


def test_every_segment_ends_where_the_next_begins(tmp_path: Path) -> None:
    plan = plan_segments(replace(film(tmp_path / "in.mp4", 100, 12), segment_frames=30))
    for one, two in zip(plan.segments, plan.segments[1:], strict=False):
        assert one.end == two.start
        assert two.warm is not None
        assert two.start is not None
        assert two.warm < two.start
    assert plan.segments[-1].end is None
    # The frames that warm up are as many as there must be, whatever the rate.
    with av.open(str(tmp_path / "in.mp4")) as container:
        base = container.streams.video[0].time_base
    last = plan.segments[-1]
    assert base is not None
    count = (last.start - last.warm) * base * RATE / last.stride  # type: ignore[operator]
    assert WARM_FRAMES <= count < 2 * WARM_FRAMES


def test_a_part_of_a_video(tmp_path: Path) -> None:
    job = film(tmp_path / "in.mp4", 100, 12)
    plan = plan_segments(replace(job, begin=1.0, end=2.0))
    assert (plan.frames, plan.seconds) == (30, pytest.approx(1.0, abs=1e-3))
    assert len(plan.segments) == 1
    with av.open(str(job.source)) as container:
        base = container.streams.video[0].time_base
    assert base is not None
    segment = plan.segments[0]
    assert [segment.start and segment.start * base, segment.end and segment.end * base] == [1, 2]
    with pytest.raises(UserError, match=r"no frame from 5 s .* it is 3\.3 s long"):
        plan_segments(replace(job, begin=5.0))


def test_larger_pictures_have_shorter_segments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("animirror.realtime.segments.SEGMENT_PIXELS", 40 * 96 * 80)
    monkeypatch.setattr("animirror.realtime.segments.FEWEST_FRAMES", 10)
    assert starts(film(tmp_path / "in.mp4", 100, 1000)) == [0, 40, 80]
