"""Sources, sinks and conversion on real files that PyAV writes."""

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from animirror.realtime.convert import convert_video
from animirror.realtime.errors import UserError
from animirror.realtime.filter import FaceFilter, FilterOptions
from animirror.realtime.images import Picture, read_picture, write_picture
from animirror.realtime.job import VideoJob
from animirror.realtime.pictures import convert_picture
from animirror.realtime.sinks import VideoSink
from animirror.realtime.sources import DemoSource, VideoSource, letterboxed
from tests.conftest import draw_person, empty_frame


def person(index: int, width: int = 160, height: int = 120) -> np.ndarray:
    frame = empty_frame(width, height, seed=index)
    draw_person(frame, 60 + 2 * index, 60, 44)
    return frame


def write_video(
    path: Path, frames: list[np.ndarray], rate: Fraction = Fraction(30), times: list[float] | None = None
) -> Path:
    height, width = frames[0].shape[:2]
    with VideoSink(path, width, height, rate) as sink:
        for index, frame in enumerate(frames):
            sink.write(frame, float(index / rate) if times is None else times[index])
    return path


def read_video(path: Path) -> tuple[list[np.ndarray], list[float]]:
    with VideoSource(path) as source:
        items = list(source)
    return [item.frame for item in items], [item.time for item in items]


@pytest.mark.parametrize("color", [(0, 0, 255), (0, 255, 0), (255, 0, 0), (128, 128, 128), (90, 120, 200)])
def test_colours_survive(tmp_path: Path, color: tuple[int, int, int]) -> None:
    frames = [np.full((64, 64, 3), color, np.uint8)] * 3
    back, _ = read_video(write_video(tmp_path / "c.mp4", frames))
    assert np.abs(back[1][32, 32].astype(int) - color).max() <= 3


def test_rate_and_times_are_exact(tmp_path: Path) -> None:
    rate = Fraction(30000, 1001)
    path = write_video(tmp_path / "ntsc.mp4", [person(i) for i in range(20)], rate)
    with VideoSource(path) as source:
        assert source.info.rate == pytest.approx(rate, rel=1e-4)
        assert (source.info.width, source.info.height) == (160, 120)
        times = [item.time for item in source]
        assert source.problem is None
    assert times == pytest.approx([float(i / rate) for i in range(20)], abs=2e-4)


def test_variable_rate_is_carried(tmp_path: Path) -> None:
    wanted = [0.0, 0.04, 0.2, 0.25, 0.9]
    _, times = read_video(write_video(tmp_path / "v.mp4", [person(i) for i in range(5)], times=wanted))
    assert times == pytest.approx(wanted, abs=1e-3)


def test_the_last_frame_stays_as_long_as_it_did(tmp_path: Path, face_filter: FaceFilter) -> None:
    """A GIF's delays vary, and its last one is often the longest; no frame after it tells its length."""
    pictures = [Image.fromarray(person(i)[..., ::-1]) for i in range(4)]
    delays = [100, 300, 50, 2000]
    pictures[0].save(tmp_path / "in.gif", save_all=True, append_images=pictures[1:], duration=delays)
    report = convert_video(VideoJob(tmp_path / "in.gif", tmp_path / "out.mp4"), face_filter)
    assert (report.frames, report.problem) == (4, None)
    with VideoSource(tmp_path / "out.mp4") as source:
        items = list(source)
        assert source.info.seconds == pytest.approx(2.45, abs=1e-3)
        assert float(source.info.rate) == pytest.approx(4 / 2.45, rel=0.03)
    assert [item.time for item in items] == pytest.approx([0.0, 0.1, 0.4, 0.45], abs=1e-3)
    assert [item.duration for item in items] == pytest.approx([0.1, 0.3, 0.05, 2.0], abs=1e-3)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_the_shape_of_pixels_is_carried(tmp_path: Path, face_filter: FaceFilter, suffix: str) -> None:
    with VideoSink(tmp_path / "in.mp4", 160, 120, Fraction(30), pixel_aspect=Fraction(4, 3)) as sink:
        for index in range(3):
            sink.write(person(index), index / 30)
    convert_video(VideoJob(tmp_path / "in.mp4", tmp_path / f"out{suffix}"), face_filter)
    with VideoSource(tmp_path / f"out{suffix}") as source:
        assert (source.info.width, source.info.height) == (160, 120)
        assert source.info.pixel_aspect == Fraction(4, 3)


@pytest.mark.parametrize(("width", "height", "standard"), [(1280, 720, "ITU709"), (640, 480, "ITU601")])
def test_untagged_colours_are_read_as_players_do(
    tmp_path: Path, width: int, height: int, standard: str
) -> None:
    frame = np.full((height, width, 3), (40, 90, 210), np.uint8)
    with av.open(str(tmp_path / "u.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        picture = av.VideoFrame.from_ndarray(frame, format="bgr24")
        container.mux(stream.encode(picture.reformat(format="yuv420p", dst_colorspace=standard)))
        container.mux(stream.encode(None))
    back, _ = read_video(tmp_path / "u.mp4")
    assert np.abs(back[0][height // 2, width // 2].astype(int) - (40, 90, 210)).max() <= 4


def test_odd_sizes_lose_nothing(tmp_path: Path) -> None:
    frames = [empty_frame(65, 67)] * 2
    back, _ = read_video(write_video(tmp_path / "odd.mp4", frames))
    assert back[0].shape == (68, 66, 3)
    assert np.abs(back[0][:67, :65].astype(int) - frames[0]).mean() < 4


def test_failure_leaves_no_file(tmp_path: Path) -> None:
    sink = VideoSink(tmp_path / "x.mp4", 64, 64, Fraction(30))
    for index in range(100):  # FFmpeg opens the file with the encoder's first packet, some dozen frames late
        sink.write(empty_frame(64, 64, seed=index), index / 30)
    assert len(list(tmp_path.iterdir())) == 1
    sink.__exit__(RuntimeError, RuntimeError("boom"), None)
    assert list(tmp_path.iterdir()) == []


def test_targets_that_cannot_be(tmp_path: Path) -> None:
    for suffix in (".gif", ".avi"):
        with pytest.raises(UserError, match=rf"cannot be written as '\{suffix}'"):
            VideoSink(tmp_path / f"x{suffix}", 64, 64, Fraction(30))
    (tmp_path / "there.mp4").write_bytes(b"precious")
    with pytest.raises(UserError, match="exists already"):
        VideoSink(tmp_path / "there.mp4", 64, 64, Fraction(30))


def test_rotation_of_phones(tmp_path: Path) -> None:
    """A display matrix of 90 degrees, patched into the track header as phones write it (ISO 14496-12)."""
    frame = np.full((64, 96, 3), 128, np.uint8)
    frame[:32, :48] = 255  # upper left
    path = write_video(tmp_path / "p.mp4", [frame] * 3)
    data = bytearray(path.read_bytes())
    place = data.index(b"tkhd") + 4 + 40  # version and flags, times, ids, duration, reserved, layer, volume
    clockwise = struct.pack(">9i", 0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000)
    data[place : place + 36] = clockwise
    path.write_bytes(data)
    back, _ = read_video(path)
    assert back[0].shape == (96, 64, 3)
    assert back[0][10, 50].mean() > 240  # turned clockwise, upper left has become upper right
    assert back[0][80, 50].mean() < 140


@pytest.mark.parametrize(("content", "message"), [(b"", "is empty"), (b"no video " * 50, "is not a video")])
def test_bad_videos_are_named(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "bad.mp4").write_bytes(content)
    with pytest.raises(UserError, match=rf"bad\.mp4 {message}"):
        VideoSource(tmp_path / "bad.mp4")


def test_missing_and_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.mp4 does not exist"):
        VideoSource(tmp_path / "none.mp4")
    with pytest.raises(UserError, match="is a folder"):
        VideoSource(tmp_path)


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "s.wav"), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        sound.sample_rate = 8000
        container.mux(stream.encode(sound))
    with pytest.raises(UserError, match="has no video stream"):
        VideoSource(tmp_path / "s.wav")


def test_truncated_video_gives_what_there_is(tmp_path: Path, face_filter: FaceFilter) -> None:
    noise = [np.random.default_rng(i).integers(0, 256, (64, 64, 3), dtype=np.uint8) for i in range(90)]
    whole = write_video(tmp_path / "whole.mkv", noise)
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    report = convert_video(VideoJob(cut, tmp_path / "out.mp4"), face_filter)
    assert report.partial
    assert report.problem is not None
    assert "cut.mkv is" in report.problem
    assert 10 < report.frames < 90
    assert len(read_video(tmp_path / "out.mp4")[0]) == report.frames


def encode(path: Path, frames: list[np.ndarray], codec: str = "libx264", **options: str) -> Path:
    """A video by PyAV alone: containers and codecs that VideoSink does not write."""
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream(codec, rate=30)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "rgb8" if codec == "gif" else "yuv420p"
        # x264 writes other bytes with other numbers of threads: the same on every machine.
        stream.codec_context.thread_count = 2
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="bgr24")))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("share", [0.4, 0.6, 0.9])
@pytest.mark.parametrize(
    ("name", "codec"),
    [("v.mp4", "libx264"), ("v.mkv", "libx264"), ("v.webm", "libvpx"), ("v.gif", "gif"), ("v.avi", "mpeg4")],
)
def test_no_cut_passes_as_whole(tmp_path: Path, name: str, codec: str, share: float) -> None:
    """Two seconds, so that what is missing is short: a cut is told, and the whole file is not accused."""
    faststart = {"movflags": "+faststart"} if name.endswith("mp4") else {}
    path = encode(tmp_path / name, [person(i) for i in range(60)], codec, **faststart)
    with VideoSource(path) as source:
        assert sum(1 for _ in source) == 60
        assert (source.problem, source.partial) == (None, False)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with VideoSource(path) as source:
        assert 0 < sum(1 for _ in source) < 60
        assert source.partial
        assert name in (source.problem or "")


def test_a_damaged_middle_does_not_end_the_video(tmp_path: Path) -> None:
    path = encode(tmp_path / "v.mp4", [person(i) for i in range(60)], movflags="+faststart")
    content = bytearray(path.read_bytes())
    middle, length = len(content) // 2, len(content) // 20
    content[middle : middle + length] = np.random.default_rng(0).bytes(length)
    path.write_bytes(content)
    with VideoSource(path) as source:
        times = [item.time for item in source]
        assert source.partial
    assert 45 < len(times) < 60
    assert times[-1] == pytest.approx(59 / 30, abs=1e-3)


def test_a_change_of_size_is_fitted_and_told(tmp_path: Path) -> None:
    """Two transport streams joined end to end: the size changes and the clock starts again."""
    one = encode(tmp_path / "one.ts", [person(i) for i in range(10)])
    two = encode(tmp_path / "two.ts", [np.full((64, 192, 3), 200, np.uint8)] * 10)
    path = tmp_path / "joined.ts"
    path.write_bytes(one.read_bytes() + two.read_bytes())
    with VideoSource(path) as source:
        items = list(source)
        assert (source.info.width, source.info.height) == (160, 120)
        assert "joined.ts changes its size to 192x64" in (source.problem or "")
        assert not source.partial
    assert len(items) == 20
    assert all(item.frame.shape == (120, 160, 3) for item in items)
    assert np.abs(items[-1].frame[60, 80].astype(int) - 200).max() <= 4
    assert items[-1].frame[5].max() <= 4  # the letterbox
    assert [item.time for item in items] == pytest.approx([i / 30 for i in range(20)], abs=2e-3)


def test_an_unknown_codec_is_named(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mp4", [person(0)] * 2)
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzz1"))
    with pytest.raises(UserError, match=r"v\.mp4 is coded in a way"):
        VideoSource(path)


def test_letterbox_keeps_proportions() -> None:
    fitted = letterboxed(np.full((50, 100, 3), 9, np.uint8), 100, 100)
    assert (fitted[25:75] == 9).all()
    assert (fitted[:25] == 0).all()
    assert (fitted[75:] == 0).all()


def test_conversion_keeps_count_times_and_background(tmp_path: Path, face_filter: FaceFilter) -> None:
    # The drawing's own colours: matched ones would bring the skin that the negative took away back.
    face_filter.options = FilterOptions(color_match=0.0)
    source = write_video(tmp_path / "in.mp4", [person(i) for i in range(12)], Fraction(24))
    seen: list[tuple[int, int | None]] = []
    report = convert_video(VideoJob(source, tmp_path / "out.mp4"), face_filter, lambda *p: seen.append(p))
    before, times = read_video(source)
    after, times_after = read_video(tmp_path / "out.mp4")
    assert (report.frames, report.with_heads, report.problem) == (12, 12, None)
    assert seen[-1] == (12, 12)
    assert times_after == pytest.approx(times, abs=1e-4)
    for index in (0, 11):
        assert np.abs(after[index][5:30, 5:30].astype(int) - before[index][5:30, 5:30]).mean() < 4
        changed = np.abs(after[index].astype(int) - before[index])[55:65, 55 + 2 * index : 65 + 2 * index]
        assert changed.mean() > 40
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.mp4", "out.mp4"]


def test_the_source_is_never_overwritten(tmp_path: Path, face_filter: FaceFilter) -> None:
    source = write_video(tmp_path / "in.mp4", [person(0)] * 2)
    content = source.read_bytes()
    with pytest.raises(UserError, match="is the input itself"):
        convert_video(VideoJob(source, source, overwrite=True), face_filter)
    assert source.read_bytes() == content


def test_pictures_keep_what_is_not_face(tmp_path: Path, face_filter: FaceFilter) -> None:
    write_picture(Picture(person(3, 320, 240)), tmp_path / "in.png")
    report = convert_picture(tmp_path / "in.png", tmp_path / "out.png", face_filter)
    before, after = read_picture(tmp_path / "in.png").frame, read_picture(tmp_path / "out.png").frame
    assert report.with_heads == 1
    assert np.array_equal(before[150:], after[150:])
    assert not np.array_equal(before, after)


def test_pictures_of_nobody_are_said_so(tmp_path: Path, face_filter: FaceFilter) -> None:
    write_picture(Picture(empty_frame(100, 100)), tmp_path / "in.png")
    report = convert_picture(tmp_path / "in.png", tmp_path / "out.png", face_filter)
    assert report.problem is not None
    assert "Nobody was found" in report.problem
    write_picture(Picture(empty_frame(40, 100)), tmp_path / "small.png")
    with pytest.raises(UserError, match="too small"):
        convert_picture(tmp_path / "small.png", tmp_path / "out2.png", face_filter)


def test_demo_source_is_the_same_every_time() -> None:
    one, two = DemoSource(3), DemoSource(3)
    frames = [item.frame for item in one]
    assert len(frames) == 3
    assert frames[0].shape == (540, 960, 3)
    assert np.array_equal(frames[2], two.frame(2 / 30))
    assert not np.array_equal(frames[0], frames[2])


def test_memory_does_not_grow_with_length(tmp_path: Path, face_filter: FaceFilter) -> None:
    """The converter's own buffers are streams: the peak over many frames is that over few."""
    import tracemalloc

    def peak(count: int) -> int:
        source = write_video(tmp_path / f"{count}.mp4", [person(i % 9) for i in range(count)])
        tracemalloc.start()
        convert_video(VideoJob(source, tmp_path / f"{count}-out.mp4"), face_filter)
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    peak(3)
    assert peak(90) < 1.5 * peak(15)
