"""Conversion of real small files: frame for frame what the filter gives, and all else as it was."""

import itertools
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition

from animirror.realtime.colors import Upright
from animirror.realtime.convert import convert_video
from animirror.realtime.encoders import EncodeOptions
from animirror.realtime.errors import UserError
from animirror.realtime.files import unwritable
from animirror.realtime.filter import FaceFilter
from animirror.realtime.job import VideoJob
from animirror.realtime.join import join
from animirror.realtime.render import render
from animirror.realtime.segments import plan_segments
from animirror.realtime.sources import VideoSource
from animirror.realtime.transforms import Compare, Resized
from tests.media import BT2020, BT2020_SPACE, PQ, Colors, Sound, clip, read_number, write_clip
from tests.probe import probe

LOSSLESS = EncodeOptions(codec="ffv1")


def frames_of(path: Path) -> list[np.ndarray]:
    with VideoSource(path) as source:
        return [item.frame for item in source]


def stored(path: Path) -> list[bytes]:
    """Decoded frames to the last bit."""
    with av.open(str(path)) as container:
        return [frame.to_ndarray().tobytes() for frame in container.decode(video=0)]


def test_every_frame_is_what_the_filter_gives_one_by_one(tmp_path: Path, face_filter: FaceFilter) -> None:
    """Threads change nothing: FFV1 keeps every bit of the filter's frames."""
    source = write_clip(clip("plain.mp4"), tmp_path)
    job = VideoJob(source, tmp_path / "out.mkv", LOSSLESS)
    report = convert_video(job, face_filter)
    face_filter.reset()
    with VideoSource(source) as video:
        expected = [face_filter(item.frame, item.time).frame for item in video]
    assert (report.frames, report.with_heads, report.problem) == (len(expected), len(expected), None)
    for after, frame in zip(frames_of(job.target), expected, strict=True):
        assert np.array_equal(after, frame)


@pytest.mark.parametrize("name", ["plain.mp4", "reordered.mp4", "varying.mkv", "stream.ts", "moving.gif"])
def test_segments_alone_give_the_frames_of_the_whole(
    tmp_path: Path, face_filter: FaceFilter, name: str
) -> None:
    """Sought one by one, the last first, as other machines would: the same frames as in one go."""
    source = write_clip(clip(name), tmp_path)
    whole = VideoJob(source, tmp_path / "whole.mkv", segment_frames=9)
    convert_video(whole, face_filter)
    parts = replace(whole, target=tmp_path / "parts.mkv")
    plan = plan_segments(parts)
    assert len(plan.segments) > 2
    (tmp_path / "folder").mkdir()
    for segment in reversed(plan.segments):
        render(parts, [segment], tmp_path / "folder", face_filter)
    join(parts, plan, tmp_path / "folder")
    assert stored(whole.target) == stored(parts.target)
    assert len(stored(whole.target)) == plan.frames


def test_no_seam_is_seen_where_segments_meet(tmp_path: Path, face_filter: FaceFilter) -> None:
    """The step from the last frame of a segment to the first of the next is one like any other."""
    source = write_clip(clip("plain.mp4"), tmp_path)
    convert_video(VideoJob(source, tmp_path / "out.mkv", LOSSLESS, segment_frames=15), face_filter)
    frames = [frame[30:].astype(int) for frame in frames_of(tmp_path / "out.mkv")]
    steps = [np.abs(two - one).mean() for one, two in itertools.pairwise(frames)]
    for cut in (14, 29):
        assert steps[cut] < 1.3 * max(steps[cut - 3 : cut] + steps[cut + 1 : cut + 4])


def test_a_part_has_its_own_sound(tmp_path: Path, face_filter: FaceFilter) -> None:
    source = write_clip(clip("languages.mkv"), tmp_path)
    convert_video(VideoJob(source, tmp_path / "out.mp4", begin=0.5, end=1.0), face_filter)
    before, after = probe(source), probe(tmp_path / "out.mp4")
    chosen = [
        number
        for number, time in zip(before.picture.numbers, before.picture.times, strict=True)
        if 0.5 <= time - before.picture.times[0] < 1.0
    ]
    assert list(after.picture.numbers) == chosen
    assert after.picture.times[0] == pytest.approx(0, abs=2e-3)
    for sound in after.of_kind("audio"):
        assert sound.begins == pytest.approx(0, abs=0.03)
        assert sound.ends == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("rate", [Fraction(10), Fraction(60), Fraction(30000, 1001)])
def test_another_rate_keeps_the_time(tmp_path: Path, face_filter: FaceFilter, rate: Fraction) -> None:
    source = write_clip(clip("plain.mp4"), tmp_path)
    before = probe(source).picture
    convert_video(VideoJob(source, tmp_path / "out.mp4", fps=rate, segment_frames=10), face_filter)
    after = probe(tmp_path / "out.mp4").picture
    times = np.array(after.times) - after.times[0]
    assert times == pytest.approx(np.arange(len(times)) / float(rate), abs=1e-3)
    # Each shows the newest frame of its time.
    shown = np.searchsorted(np.array(before.times) - before.times[0] - 1e-6, times, side="right") - 1
    assert [before.numbers[index] for index in shown] == list(after.numbers)


def test_transforms_change_what_is_written(tmp_path: Path, face_filter: FaceFilter) -> None:
    source = write_clip(clip("turned.mp4"), tmp_path)
    job = VideoJob(source, tmp_path / "out.mkv", LOSSLESS, transform=Resized(None, 128, Compare()))
    convert_video(job, face_filter)
    with VideoSource(source) as before, VideoSource(job.target) as after:
        size = job.transform.size(before.info.width, before.info.height)
        assert (after.info.width, after.info.height) == size
        one, two = next(iter(before)).frame, next(iter(after)).frame
    # Upright, and the left half is what came in.
    left = two[:, : two.shape[1] // 2]
    shrunk = np.asarray(av.VideoFrame.from_ndarray(one, "bgr24").reformat(*left.shape[1::-1]).to_ndarray())
    assert np.abs(left.astype(int) - shrunk).mean() < 6


def test_what_does_not_fit_is_coded_anew_or_left_out_and_told(
    tmp_path: Path, face_filter: FaceFilter
) -> None:
    source = write_clip(clip("languages.mkv"), tmp_path)
    report = convert_video(VideoJob(source, tmp_path / "out.webm"), face_filter)
    before, after = probe(source), probe(tmp_path / "out.webm")
    assert all("opus" in stream.codec for stream in after.of_kind("audio"))
    assert [stream.codec for stream in after.of_kind("subtitle")] == ["webvtt"] * len(
        before.of_kind("subtitle")
    )
    for one, two in zip(before.of_kind("audio"), after.of_kind("audio"), strict=True):
        assert two.language == one.language
        assert two.ends - after.picture.times[0] == pytest.approx(
            one.ends - before.picture.times[0], abs=0.03
        )
    for one, two in zip(before.of_kind("subtitle"), after.of_kind("subtitle"), strict=True):
        assert two.begins == pytest.approx(one.begins, abs=0.01)
    assert report.problem is not None
    assert report.problem.count("was coded anew") == len(before.streams) - 1
    told = write_clip(clip("told.mkv"), tmp_path)
    report = convert_video(VideoJob(told, tmp_path / "told.mp4"), face_filter)
    assert "attachment" in (report.problem or "")
    assert "was left out" in (report.problem or "")


def test_covers_and_attachments_stay(tmp_path: Path, face_filter: FaceFilter) -> None:
    cover = _with_cover(write_clip(replace(clip("plain.mp4"), sounds=(Sound(),)), tmp_path))
    for one, two in (
        (cover, "out.mp4"),
        (tmp_path / "out.mp4", "out.mkv"),
        (tmp_path / "out.mkv", "again.mp4"),
    ):
        report = convert_video(VideoJob(one, tmp_path / two), face_filter)
        assert (report.frames, report.problem) == (45, None)
        assert _cover(tmp_path / two) == _cover(cover)
    told = write_clip(clip("told.mkv"), tmp_path)
    convert_video(VideoJob(told, tmp_path / "told2.mkv"), face_filter)
    assert probe(tmp_path / "told2.mkv").attachments == (("note.txt", b"attached"),)


def _with_cover(path: Path) -> Path:
    target = path.with_name("cover.mp4")
    with av.open(str(path)) as source, av.open(str(target), "w") as container:
        streams = [container.add_stream_from_template(stream, opaque=True) for stream in source.streams]
        cover = container.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 64, 64, "yuvj420p"
        cover.disposition = Disposition.attached_pic
        picture = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 99, np.uint8), format="bgr24")
        picture = picture.reformat(format="yuvj420p")
        picture.pts = 0
        container.mux(cover.encode(picture))
        for packet in source.demux():
            if packet.size:
                packet.stream = streams[packet.stream.index]
                container.mux(packet)
    return target


def _cover(path: Path) -> bytes:
    with av.open(str(path)) as container:
        stream = next(s for s in container.streams.video if s.disposition & Disposition.attached_pic)
        return b"".join(bytes(packet) for packet in container.demux(stream))


def test_files_that_were_joined_end_to_end(tmp_path: Path, face_filter: FaceFilter) -> None:
    """The clock of picture and sound begins again midway; in the result it goes on."""
    one = write_clip(clip("stream.ts"), tmp_path)
    (tmp_path / "joined.ts").write_bytes(2 * one.read_bytes())
    report = convert_video(VideoJob(tmp_path / "joined.ts", tmp_path / "out.mp4"), face_filter)
    assert (report.frames, report.problem) == (90, None)
    after = probe(tmp_path / "out.mp4")
    assert list(after.picture.numbers) == 2 * list(range(45))
    sound = after.of_kind("audio")[0]
    assert sound.ends - sound.begins == pytest.approx(3.0, abs=0.1)
    assert np.diff(after.picture.times) == pytest.approx(1 / 30, abs=0.03)


def test_damage_is_told_with_its_times(tmp_path: Path, face_filter: FaceFilter) -> None:
    source = write_clip(clip("plain.mp4"), tmp_path)
    content = bytearray(source.read_bytes())
    with av.open(str(source)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        base = packets[0].time_base
        spoilt = packets[20:23]
        for packet in spoilt:
            content[packet.pos : packet.pos + packet.size] = b"\xff" * packet.size
        begin, end = (float(packet.pts * base) for packet in (spoilt[0], spoilt[-1]))
    source.write_bytes(content)
    report = convert_video(VideoJob(source, tmp_path / "out.mp4", segment_frames=10), face_filter)
    assert report.partial
    assert any(gap[0] <= begin + 0.04 and gap[1] >= end - 0.04 for gap in report.gaps), report.gaps
    assert report.gaps[0][0] > 0.4
    assert "is damaged or truncated (0:00." in (report.problem or "")
    numbers = probe(tmp_path / "out.mp4").picture.numbers
    assert len(numbers) == report.frames
    assert set(range(19)) <= set(numbers)


def test_sound_that_is_longer_is_no_damage(tmp_path: Path, face_filter: FaceFilter) -> None:
    """Matroska tells the picture's own length among its tags."""
    long = replace(clip("longer.mp4"), name="longer.mkv", sounds=(Sound(seconds=4.0),))
    report = convert_video(VideoJob(write_clip(long, tmp_path), tmp_path / "out.mkv"), face_filter)
    assert (report.problem, report.partial) == (None, False)


def test_hdr_is_refused_before_anything_is_written(tmp_path: Path, face_filter: FaceFilter) -> None:
    source = write_clip(replace(clip("deep.mp4"), colors=Colors(BT2020, PQ, BT2020_SPACE)), tmp_path)
    with pytest.raises(UserError, match=r"deep\.mp4 is an HDR video \(PQ\)"):
        convert_video(VideoJob(source, tmp_path / "out.mp4"), face_filter)
    assert list(tmp_path.iterdir()) == [source]


def test_interlaced_video_is_told(tmp_path: Path, face_filter: FaceFilter) -> None:
    source = write_clip(replace(clip("plain.mp4"), options={"x264-params": "interlaced=1"}), tmp_path)
    report = convert_video(VideoJob(source, tmp_path / "out.mp4"), face_filter)
    assert "plain.mp4 is interlaced" in (report.problem or "")
    assert report.frames == len(probe(source).picture.numbers)


def test_the_surroundings_are_untouched_in_a_lossless_copy(tmp_path: Path, face_filter: FaceFilter) -> None:
    """H.264 without loss: outside of the drawing the very values of the source."""
    source = write_clip(clip("plain.mp4"), tmp_path)
    convert_video(VideoJob(source, tmp_path / "out.mkv", EncodeOptions(crf=0)), face_filter)
    with av.open(str(source)) as one, av.open(str(tmp_path / "out.mkv")) as two:
        for before, after in zip(one.decode(video=0), two.decode(video=0), strict=True):
            assert read_number(Upright()(after)) == read_number(Upright()(before))
            top = (before.to_ndarray()[:14], after.to_ndarray()[:14])
            assert np.array_equal(*top)


def test_a_full_disk_is_a_clear_sentence(tmp_path: Path) -> None:
    told = str(unwritable(tmp_path / "a.mp4", OSError(28, "No space left on device")))
    assert "is full" in told
    assert "--resume" in told


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"begin": -1.0}, "lies before the video"),
        ({"begin": 2.0, "end": 1.0}, "must lie after the begin"),
        ({"fps": Fraction(0)}, "frame rate"),
    ],
)
def test_jobs_that_cannot_be(
    tmp_path: Path, face_filter: FaceFilter, change: dict[str, object], message: str
) -> None:
    source = write_clip(clip("plain.mp4"), tmp_path)
    with pytest.raises(UserError, match=message):
        convert_video(replace(VideoJob(source, tmp_path / "out.mp4"), **change), face_filter)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == [source]
