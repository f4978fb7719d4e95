"""Every kind of video file, converted: all that is no face arrives as it was."""

from pathlib import Path

import pytest

from animirror.realtime.convert import convert_video
from animirror.realtime.encoders import EncodeOptions
from animirror.realtime.filter import FaceFilter
from animirror.realtime.job import VideoJob
from tests.media import MATRIX, NTSC, Clip, clip, write_clip
from tests.probe import differences, probe

# A GIF counts hundredths of a second.
HUNDREDTH = 0.0051
# The result's container: the same where it can be, MP4 where it cannot (AVI, GIF), as the command does.
SUFFIXES = {".avi": ".mp4", ".gif": ".mp4"}


def converted(item: Clip, folder: Path, face_filter: FaceFilter, suffix: str | None = None, **more) -> Path:  # type: ignore[no-untyped-def]
    source = write_clip(item, folder)
    target = folder / f"out{suffix or SUFFIXES.get(source.suffix, source.suffix)}"
    report = convert_video(VideoJob(source, target, **more), face_filter)
    assert not report.partial, report.problem
    assert report.frames == len(item.frame_times)
    return target


@pytest.mark.parametrize("item", MATRIX, ids=lambda item: item.name)
def test_nothing_is_lost(tmp_path: Path, face_filter: FaceFilter, item: Clip) -> None:
    target = converted(item, tmp_path, face_filter)
    before, after = probe(tmp_path / item.name), probe(target)
    assert differences(before, after, tick=HUNDREDTH if item.name.endswith("gif") else 0.0011) == []
    assert after.picture.numbers == tuple(range(len(item.frame_times)))
    assert after.picture.pix_fmt in ("yuv420p", "yuvj420p", "yuv420p10le", "yuv422p10le", "yuv444p")


@pytest.mark.parametrize(
    "name", ["languages.mkv", "told.mkv", "delayed.mkv", "varying.mkv", "deep422.mov", "stream.ts"]
)
def test_nothing_is_lost_into_mp4(tmp_path: Path, face_filter: FaceFilter, name: str) -> None:
    target = converted(clip(name), tmp_path, face_filter, ".mp4")
    assert differences(probe(tmp_path / name), probe(target)) == []


@pytest.mark.parametrize("name", ["languages.mp4", "delayed.mp4", "turned.mp4", "told.mp4", "early.mp4"])
def test_nothing_is_lost_into_matroska(tmp_path: Path, face_filter: FaceFilter, name: str) -> None:
    target = converted(clip(name), tmp_path, face_filter, ".mkv")
    assert differences(probe(tmp_path / name), probe(target)) == []


@pytest.mark.parametrize(
    ("codec", "suffix"),
    [("h265", ".mp4"), ("vp9", ".webm"), ("av1", ".mkv"), ("prores", ".mov"), ("ffv1", ".mkv")],
)
def test_every_codec_keeps_frames_and_times(
    tmp_path: Path, face_filter: FaceFilter, codec: str, suffix: str
) -> None:
    target = converted(clip("ntsc.mkv"), tmp_path, face_filter, suffix, encode=EncodeOptions(codec))
    assert differences(probe(tmp_path / "ntsc.mkv"), probe(target)) == []


@pytest.mark.parametrize("suffix", [".gif", ".apng"])
def test_moving_pictures_keep_frames(tmp_path: Path, face_filter: FaceFilter, suffix: str) -> None:
    target = converted(clip("moving.gif"), tmp_path, face_filter, suffix)
    before, after = probe(tmp_path / "moving.gif"), probe(target)
    assert after.picture.numbers == before.picture.numbers
    assert after.picture.times == pytest.approx(before.picture.times, abs=HUNDREDTH)


def test_the_rate_is_told_as_it_was(tmp_path: Path, face_filter: FaceFilter) -> None:
    target = converted(clip("ntsc.mkv"), tmp_path, face_filter, ".mp4")
    assert float(probe(target).picture.rate or 0) == pytest.approx(float(NTSC), rel=2e-3)


def test_attachments_stay(tmp_path: Path, face_filter: FaceFilter) -> None:
    target = converted(clip("told.mkv"), tmp_path, face_filter)
    assert probe(target).attachments == (("note.txt", b"attached"),)


def test_the_comparison_sees_what_is_lost(tmp_path: Path) -> None:
    """The judge judged: each of these pairs differs in what its names say."""
    told = {item.name: probe(write_clip(item, tmp_path)) for item in MATRIX if item.codec == "libx264"}

    def lost(one: str, two: str) -> str:
        return "; ".join(differences(told[one], told[two]))

    assert lost("plain.mp4", "plain.mp4") == ""
    assert "audio 0 begins +0.39" in lost("plain.mp4", "delayed.mp4")
    assert "audio 0 begins -0.3" in lost("plain.mp4", "early.mp4")
    assert "rotation 0 became -90" in lost("plain.mp4", "turned.mp4")
    assert "1 audio tracks became 2" in lost("plain.mp4", "languages.mp4")
    assert "0 subtitle tracks became 1" in lost("plain.mp4", "languages.mp4")
    assert "pixel_aspect 1 became 4/3" in lost("odd.mkv", "wide.mkv")
    assert "chapters" in lost("odd.mkv", "told.mkv")
    assert "title None became 'A title'" in lost("odd.mkv", "told.mkv")
    assert "became" in lost("varying.mkv", "longer.mp4")
    assert "frame times" in lost("plain.mp4", "ntsc.mkv")
