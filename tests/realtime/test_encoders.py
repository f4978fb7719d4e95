"""Every codec of the table, written and read again; what does not fit is said."""

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image, ImageSequence

from animirror.realtime.encoders import CODECS, EncodeOptions, Encoder, choose_encoder, why_not
from animirror.realtime.errors import UserError
from animirror.realtime.palette import paletted
from tests.media import picture, read_number

COUNT = 10
CLOCK = Fraction(1, 100)


def frames() -> list[av.VideoFrame]:
    result = []
    for index in range(COUNT):
        frame = av.VideoFrame.from_ndarray(picture(index, 160, 120), format="bgr24").reformat(format="bgr0")
        frame.pts, frame.time_base = 4 * index, CLOCK
        result.append(frame)
    return result


def write(path: Path, encoder: Encoder) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(encoder.name, rate=25, options=dict(encoder.options))
        stream.width, stream.height, stream.pix_fmt = 160, 120, encoder.pixel_format
        stream.codec_context.time_base = CLOCK
        stream.codec_context.thread_count = encoder.threads
        if encoder.tag is not None:
            stream.codec_context.codec_tag = encoder.tag
        for frame in paletted(frames) if encoder.pixel_format == "pal8" else frames():
            frame = frame if frame.format.name == "pal8" else frame.reformat(format=encoder.pixel_format)
            frame.time_base = CLOCK
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def read(path: Path) -> list[np.ndarray]:
    if path.suffix == ".webp":  # FFmpeg writes moving WebP, but does not read it
        with Image.open(path) as opened:
            return [np.asarray(page.convert("RGB"))[..., ::-1] for page in ImageSequence.Iterator(opened)]
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]


@pytest.mark.parametrize(
    ("name", "suffix"), [(name, suffix) for name, row in CODECS.items() for suffix in row.suffixes]
)
def test_every_codec_goes_into_its_files(tmp_path: Path, name: str, suffix: str) -> None:
    path = tmp_path / f"v{suffix}"
    write(path, choose_encoder(EncodeOptions(name), path))
    back = read(path)
    assert [read_number(frame) for frame in back] == list(range(COUNT))
    for index in (0, COUNT - 1):
        # Averaged: half the colours of yuv420p's noise are gone, as they should.
        blurred = [cv2.blur(frame, (8, 8)).astype(int) for frame in (back[index], picture(index, 160, 120))]
        assert np.abs(blurred[0] - blurred[1]).mean() < 3
    if name in ("ffv1", "apng"):
        assert np.array_equal(back[3], picture(3, 160, 120))


def test_h264_is_what_players_play(tmp_path: Path) -> None:
    encoder = choose_encoder(EncodeOptions(), tmp_path / "v.mp4")
    assert (encoder.name, encoder.pixel_format, encoder.options["crf"]) == ("libx264", "yuv420p", "18")


@pytest.mark.parametrize(("preset", "subme"), [(None, b"subme=1 "), ("veryfast", b"subme=2 ")])
def test_the_usual_preset_is_lightened(tmp_path: Path, preset: str | None, subme: bytes) -> None:
    """x264 writes into its files how it was told to search for motion."""
    path = tmp_path / "v.mp4"
    write(path, choose_encoder(EncodeOptions(preset=preset), path))
    assert subme in path.read_bytes()


def test_better_quality_is_larger(tmp_path: Path) -> None:
    sizes = []
    for crf in (5, 40):
        write(tmp_path / f"{crf}.mp4", choose_encoder(EncodeOptions(crf=crf), tmp_path / f"{crf}.mp4"))
        sizes.append((tmp_path / f"{crf}.mp4").stat().st_size)
    assert sizes[0] > 2 * sizes[1]


def test_apple_reads_h265_in_mp4_only_by_its_tag(tmp_path: Path) -> None:
    write(tmp_path / "v.mp4", choose_encoder(EncodeOptions("h265"), tmp_path / "v.mp4"))
    with av.open(str(tmp_path / "v.mp4")) as container:
        assert container.streams.video[0].codec_tag == "hvc1"
    assert choose_encoder(EncodeOptions("h265"), Path("v.mkv")).tag is None


def test_a_name_alone_chooses_the_codec() -> None:
    told = {
        suffix: choose_encoder(EncodeOptions(), Path(f"v{suffix}")).name
        for suffix in (".webm", ".gif", ".mov")
    }
    assert told == {".webm": "libvpx-vp9", ".gif": "gif", ".mov": "libx264"}
    assert choose_encoder(EncodeOptions("av1", preset="12"), Path("v.MKV")).options["preset"] == "12"


@pytest.mark.parametrize(
    ("options", "name", "message"),
    [
        (EncodeOptions("divx"), "v.mp4", r"no codec 'divx'; there are: h264"),
        (EncodeOptions("prores"), "v.mp4", r"ProRes 422 HQ .* does not go into '\.mp4' .* \.mov or \.mkv"),
        (EncodeOptions(), "v.avi", r"cannot be written as '\.avi'"),
        (EncodeOptions(crf=52), "v.mp4", r"between 0 \(best\) and 51 for H\.264, not 52"),
        (EncodeOptions("gif", crf=3), "v.gif", r"GIF .* has no --crf"),
        (EncodeOptions(preset="best"), "v.mp4", r"no preset 'best' of H\.264; there are: ultrafast"),
        (EncodeOptions("prores", preset="fast"), "v.mov", "has no --preset"),
        (EncodeOptions("vp9", hardware=True), "v.webm", "no hardware encoders for VP9"),
    ],
)
def test_what_does_not_fit_is_said(options: EncodeOptions, name: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        choose_encoder(options, Path(name))


def test_an_encoder_counts_when_it_has_encoded() -> None:
    assert why_not("libx264") is None
    assert why_not("h264_unheard_of") == "is not in this FFmpeg"


def test_hardware_is_used_where_it_starts_or_its_reasons_are_told() -> None:
    candidates = [name for name, _ in CODECS["h264"].hardware]
    starting = [name for name in candidates if why_not(name) is None]
    if starting:
        assert choose_encoder(EncodeOptions(hardware=True), Path("v.mp4")).name == starting[0]
        return
    with pytest.raises(UserError) as error:
        choose_encoder(EncodeOptions(hardware=True), Path("v.mp4"))
    assert all(name in str(error.value) for name in candidates)
