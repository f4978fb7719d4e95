"""Small real video files of every kind that a phone, an editor or a recorder makes."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.subtitles.subtitle import SubtitleSet
from numpy.typing import NDArray

from tests.conftest import draw_person, empty_frame

# FFmpeg's numbers.
BT709, BT470BG, SMPTE170M, BT2020, BT2020_SPACE = 1, 5, 6, 9, 9
PQ, HLG = 16, 18
LIMITED, FULL = 1, 2
NTSC = Fraction(30000, 1001)
MILLISECOND = Fraction(1, 1000)
# Frames carry their number as this many black and white squares in the upper left corner.
BITS, SQUARE = 8, 8


@dataclass(frozen=True)
class Sound:
    """An audio track: a tone of ``pitch`` Hz from ``start`` (seconds against the picture's first frame)."""

    codec: str = "aac"
    rate: int = 48000
    seconds: float = 1.5
    start: float = 0.0
    pitch: float = 440.0
    language: str | None = None
    title: str | None = None


@dataclass(frozen=True)
class Colors:
    """FFmpeg's numbers of the colours' primaries, transfer, space and range."""

    primaries: int = BT709
    transfer: int = BT709
    space: int = BT709
    range: int = LIMITED


@dataclass(frozen=True)
class Clip:
    """What a generated file holds. ``times``: of varying frames, seconds; None: one every 1/rate."""

    name: str
    codec: str = "libx264"
    pix_fmt: str = "yuv420p"
    size: tuple[int, int] = (160, 120)
    rate: Fraction = Fraction(30)
    count: int = 45
    times: tuple[float, ...] | None = None
    begin: float = 0.0
    rotation: int = 0
    pixel_aspect: Fraction = Fraction(1)
    colors: Colors | None = None
    sounds: tuple[Sound, ...] = ()
    subtitles: tuple[str, ...] = ()
    subtitle_codec: str = "subrip"
    chapters: tuple[tuple[float, float, str], ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)
    container_options: dict[str, str] = field(default_factory=dict)
    attachment: tuple[str, str, bytes] | None = None

    @property
    def frame_times(self) -> list[float]:
        """Seconds of every frame."""
        if self.times is not None:
            return [self.begin + time for time in self.times]
        return [self.begin + float(index / self.rate) for index in range(self.count)]


_LANGUAGES = (Sound(language="eng", title="original"), Sound(pitch=880.0, language="deu", title="dubbed"))
_VARYING = tuple(
    np.cumsum([0.0, *np.random.default_rng(5).choice([0.02, 0.033, 0.04, 0.1, 0.25], 24)]).round(3).tolist()
)

# The matrix: one thing out of the ordinary in each, so that a failure names it.
MATRIX = (
    Clip("plain.mp4", sounds=(Sound(),)),
    Clip("ntsc.mkv", rate=NTSC, sounds=(Sound("libopus"),)),
    Clip("film.mov", rate=Fraction(24000, 1001), codec="mpeg4", sounds=(Sound("pcm_s16le"),)),
    Clip("varying.mkv", times=_VARYING, sounds=(Sound("flac", seconds=2.0),)),
    Clip("varying.mp4", times=_VARYING),
    Clip("turned.mp4", rotation=-90, sounds=(Sound(),)),
    Clip(
        "deep.mp4",
        codec="libx265",
        pix_fmt="yuv420p10le",
        colors=Colors(),
        options={"x265-params": "log-level=0:pools=1"},
    ),
    Clip("deep422.mov", codec="prores_ks", pix_fmt="yuv422p10le", count=20, sounds=(Sound("pcm_s24le"),)),
    Clip("languages.mkv", sounds=_LANGUAGES, subtitles=("eng", "fra")),
    Clip("languages.mp4", sounds=_LANGUAGES, subtitles=("eng",), subtitle_codec="mov_text"),
    Clip("silent.webm", codec="libvpx-vp9", count=30, options={"deadline": "realtime", "cpu-used": "8"}),
    Clip("longer.mp4", count=30, sounds=(Sound(seconds=2.5),)),
    Clip("odd.mkv", size=(161, 121), pix_fmt="yuv444p"),
    Clip("delayed.mkv", sounds=(Sound("libopus", start=0.4),)),
    Clip("delayed.mp4", sounds=(Sound(start=0.4),)),
    Clip("early.mp4", begin=0.3, sounds=(Sound(),)),
    Clip("reordered.mp4", options={"bf": "3"}, sounds=(Sound(),)),
    Clip("wide.mkv", size=(144, 112), pixel_aspect=Fraction(4, 3)),
    Clip("full.mp4", pix_fmt="yuvj420p", colors=Colors(BT470BG, SMPTE170M, BT470BG, FULL)),
    Clip(
        "told.mkv",
        sounds=(Sound("libopus"),),
        chapters=((0.0, 0.5, "one"), (0.5, 1.5, "two")),
        metadata={"title": "A title", "artist": "Somebody", "comment": "für später"},
        attachment=("note.txt", "text/plain", b"attached"),
    ),
    Clip("told.mp4", chapters=((0.0, 0.5, "one"), (0.5, 1.5, "two")), metadata={"title": "A title"}),
    Clip("old.avi", codec="mpeg4", sounds=(Sound("libmp3lame"),)),
    Clip("motion.avi", codec="mjpeg", pix_fmt="yuvj422p", count=20, sounds=(Sound("pcm_s16le"),)),
    Clip("stream.ts", sounds=(Sound("mp2", start=1.4),), begin=1.4),
    Clip("moving.gif", codec="gif", pix_fmt="rgb8", rate=Fraction(20), count=20),
)


def clip(name: str) -> Clip:
    """The clip of the matrix with this file name."""
    return next(item for item in MATRIX if item.name == name)


def picture(index: int, width: int, height: int) -> NDArray[np.uint8]:
    """Frame number ``index``: a person who walks, a moving bar, and the number in squares (read_number)."""
    frame = empty_frame(width, height, seed=index)
    draw_person(frame, 0.45 * width + (index % 20), 0.55 * height, 0.4 * height)
    frame[-6:, (5 * index) % width : (5 * index) % width + 12] = 230
    for bit in range(BITS):
        frame[2 : 2 + SQUARE, 2 + SQUARE * bit : 2 + SQUARE * (bit + 1)] = 235 if index >> bit & 1 else 16
    return frame


def read_number(frame: NDArray[np.uint8]) -> int:
    """The number of a frame that :func:`picture` drew, after any encoding; ``frame``: uint8 [H, W, 3]."""
    middle = 2 + SQUARE // 2
    levels = [frame[middle, 2 + SQUARE * bit + SQUARE // 2].mean() for bit in range(BITS)]
    return sum(1 << bit for bit, level in enumerate(levels) if level > 128)


def write_clip(item: Clip, folder: Path) -> Path:
    """Write the file into ``folder`` and return its path."""
    path = folder / item.name
    with av.open(str(path), "w", container_options=item.container_options) as container:
        container.metadata.update(item.metadata)
        if item.chapters:
            container.set_chapters([_chapter(index, *told) for index, told in enumerate(item.chapters)])
        video = _video_stream(container, item)
        sounds = [_audio_stream(container, sound) for sound in item.sounds]
        titles = [_subtitle_stream(container, item.subtitle_codec, language) for language in item.subtitles]
        if item.attachment is not None:
            container.add_attachment(*item.attachment)
        packets = [packet for index, title in enumerate(titles) for packet in _subtitles(title, index)]
        packets += _video_packets(video, item)
        for sound, stream in zip(item.sounds, sounds, strict=True):
            packets += _audio_packets(stream, sound)
        # Players read files whose streams are interleaved; the muxer sorts only what it is given in time.
        for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
            container.mux(packet)
    return path


def _chapter(index: int, start: float, end: float, title: str) -> Any:
    ticks = round(start * 1000), round(end * 1000)
    return {
        "id": index + 1,
        "start": ticks[0],
        "end": ticks[1],
        "time_base": MILLISECOND,
        "metadata": {"title": title},
    }


def _video_stream(container: Any, item: Clip) -> Any:
    stream = container.add_stream(item.codec, rate=item.rate, options=dict(item.options))
    stream.width, stream.height = item.size
    stream.pix_fmt = item.pix_fmt
    context = stream.codec_context
    # x264 writes other bytes with other numbers of threads: the same file on every machine.
    context.thread_count = 2
    # Fine enough for the varying times; what knows constant rates only counts frames.
    constant = item.codec in ("mpeg4", "mjpeg", "gif", "prores_ks")
    context.time_base = 1 / item.rate if constant else Fraction(1, 90_000)
    context.sample_aspect_ratio = item.pixel_aspect
    if item.colors is not None:
        context.color_primaries, context.color_trc = item.colors.primaries, item.colors.transfer
        context.colorspace, context.color_range = item.colors.space, item.colors.range
    if item.rotation:
        stream.set_display_rotation(item.rotation)
    return stream


def _video_packets(stream: Any, item: Clip) -> list[Any]:
    context = stream.codec_context
    base = context.time_base
    packets = []
    for index, time in enumerate(item.frame_times):
        frame = av.VideoFrame.from_ndarray(picture(index, *item.size), format="bgr24")
        full = item.colors is not None and item.colors.range == FULL
        frame = frame.reformat(format=item.pix_fmt, dst_color_range="JPEG" if full else "MPEG")
        frame.time_base, frame.pts = base, round(time / base)
        packets += stream.encode(frame)
    return [*packets, *stream.encode(None)]


def _audio_stream(container: Any, sound: Sound) -> Any:
    stream = container.add_stream(sound.codec, rate=sound.rate)
    stream.codec_context.layout = "mono"
    stream.codec_context.time_base = Fraction(1, sound.rate)
    if sound.language:
        stream.metadata["language"] = sound.language
    if sound.title:
        stream.metadata["title"] = sound.title
    return stream


def _audio_packets(stream: Any, sound: Sound) -> list[Any]:
    count = round(sound.seconds * sound.rate)
    tone = 0.3 * np.sin(2 * np.pi * sound.pitch * np.arange(count) / sound.rate)
    frame = av.AudioFrame.from_ndarray((tone * 32767).astype(np.int16)[None], format="s16", layout="mono")
    frame.sample_rate, frame.time_base = sound.rate, Fraction(1, sound.rate)
    frame.pts = round(sound.start * sound.rate)
    resampler = av.AudioResampler(stream.codec_context.format.name, "mono", sound.rate)
    packets = [packet for part in resampler.resample(frame) for packet in stream.encode(part)]
    return [*packets, *stream.encode(None)]


def _subtitle_stream(container: Any, codec: str, language: str) -> Any:
    stream = container.add_stream(codec)
    stream.metadata["language"] = language
    context = stream.codec_context
    context.time_base = MILLISECOND
    context.subtitle_header = (
        b"[Script Info]\nScriptType: v4.00+\n[V4+ Styles]\nFormat: Name, Fontname, Fontsize\n"
        b"Style: Default,Arial,16\n[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, "
        b"MarginV, Effect, Text\n"
    )
    return stream


def _subtitles(stream: Any, track: int) -> list[Any]:
    packets = []
    for index, start in enumerate((100, 800)):
        text = f"{index},0,Default,,0,0,0,,track {track}, line {index}".encode()
        packet = stream.codec_context.encode_subtitle(SubtitleSet.create(text, 0, 500, start * 1000))
        packet.stream, packet.time_base = stream, MILLISECOND
        packet.pts = packet.dts = start
        packet.duration = 500
        packets.append(packet)
    return packets
