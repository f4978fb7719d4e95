"""Which encoder writes a video: codecs, the files they fit in, quality, hardware where it really starts."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import av.codec

from animirror.realtime.errors import UserError

DEFAULT_CODEC, LOSSLESS = "h264", "ffv1"
# x264's and SVT-AV1's bytes change with the number of threads: the same on every machine, or a resumed and a
# spread conversion would not be the same. More than four gain little below 4K.
THREADS = 4
# A driver that hangs must not hang us.
PROBE_SECONDS = 20.0
# The smallest side that all hardware encoders take is below this.
PROBE_SIDE = 256
# yuv420p in the order that all of them take; Quick Sync takes nothing else.
HARDWARE_PIXELS = "nv12"
X264_PRESETS = tuple("ultrafast superfast veryfast faster fast medium slow slower veryslow placebo".split())
# Encodes one frame; says why not and exits with 1.
PROBE = """
import sys
from fractions import Fraction
import av
from av.codec import CodecContext
try:
    context = CodecContext.create(sys.argv[1], "w")
    context.width = context.height = int(sys.argv[2])
    context.pix_fmt, context.framerate = "nv12", 30
    context.time_base = Fraction(1, 30)
    frame = av.VideoFrame(context.width, context.height, "nv12")
    frame.pts = 0
    if not context.encode(frame) + context.encode(None):
        raise RuntimeError("wrote nothing")
except Exception as error:
    print("does not start: " + str(getattr(error, "strerror", None) or error))
    sys.exit(1)
"""
# Where nobody chose a preset: x264's veryfast without its finest search for motion and its smallest blocks
# between frames takes 35 % less of the cores that the filter needs, for 5 to 10 % more bytes of the same PSNR
# (two real videos of 720p; superfast takes as long for 80 % more bytes).
X264_LIGHT = {"preset": "veryfast", "x264-params": "subme=1:partitions=i8x8,i4x4"}
# Frames that wait for later ones would blur varying times, and the parts of a resumed conversion are joined
# packet by packet.
NO_B_FRAMES = {"bf": "0"}


@dataclass(frozen=True)
class EncodeOptions:
    """What a user may choose of the result's encoding; None: what suits the codec.

    ``codec``: a name of CODECS; ``hardware``: by the first hardware encoder that starts, or not at all;
    ``pixels``: FFmpeg's name of the pixels' order, of a lossless codec only.
    """

    codec: str | None = None
    crf: int | None = None
    preset: str | None = None
    hardware: bool = False
    pixels: str | None = None


@dataclass(frozen=True)
class Encoder:
    """FFmpeg's encoder ``name`` with all that it is told.

    ``joinable``: parts can be joined packet by packet; ``tag``: the codec's four letters in MP4 (None: the
    usual); ``threads``: fixed, see THREADS. ``pixel_format`` "pal8" needs palette.paletted's frames.
    """

    name: str
    pixel_format: str
    options: dict[str, str] = field(default_factory=dict)
    joinable: bool = True
    threads: int = THREADS
    tag: str | None = None


@dataclass(frozen=True)
class Codec:
    """A row of the table. ``suffixes``: of files that hold it; ``crf``: usual and highest, None: it has none.

    ``presets``: names from fast to slow, ``preset`` being the usual one, with ``preset_extra`` where it was
    not asked for; ``preset_option``: what FFmpeg's encoder calls it. ``hardware``: encoders that may start,
    and their option for quality.
    """

    encoder: str
    title: str
    suffixes: tuple[str, ...]
    pixel_format: str = "yuv420p"
    options: tuple[tuple[str, str], ...] = ()
    crf: tuple[int, int] | None = None
    preset: str | None = None
    presets: tuple[str, ...] = ()
    preset_option: str = "preset"
    preset_extra: tuple[tuple[str, str], ...] = ()
    hardware: tuple[tuple[str, str], ...] = ()
    joinable: bool = True
    tag: str | None = None


def _numbers(last: int) -> tuple[str, ...]:
    return tuple(str(number) for number in range(last + 1))


CODECS: dict[str, Codec] = {
    "h264": Codec(
        "libx264",
        "H.264",
        (".mp4", ".m4v", ".mov", ".mkv", ".ts"),
        options=tuple(NO_B_FRAMES.items()),
        # Visually lossless. Slower presets take the filter's cores, for a few bytes less.
        crf=(18, 51),
        preset=X264_LIGHT["preset"],
        presets=X264_PRESETS,
        preset_extra=tuple(X264_LIGHT.items()),
        hardware=(
            ("h264_nvenc", "cq"),
            ("h264_qsv", "global_quality"),
            ("h264_amf", "qvbr_quality_level"),
            ("h264_videotoolbox", ""),
        ),
    ),
    "h265": Codec(
        "libx265",
        "H.265",
        (".mp4", ".mov", ".mkv", ".ts"),
        # x265 tells its life to stderr; its own pool of threads is fixed with `threads`.
        options=(*NO_B_FRAMES.items(), ("x265-params", "log-level=error:bframes=0:open-gop=0")),
        # x265's 20 looks like x264's 18.
        crf=(20, 51),
        preset="veryfast",
        presets=X264_PRESETS,
        hardware=(
            ("hevc_nvenc", "cq"),
            ("hevc_qsv", "global_quality"),
            ("hevc_amf", "qvbr_quality_level"),
            ("hevc_videotoolbox", ""),
        ),
        # What Apple's players insist on.
        tag="hvc1",
    ),
    "vp9": Codec(
        "libvpx-vp9",
        "VP9",
        (".webm", ".mkv", ".mp4"),
        options=(("b", "0"), ("row-mt", "1"), ("auto-alt-ref", "0"), ("lag-in-frames", "0")),
        crf=(24, 63),
        preset="5",
        presets=_numbers(8),
        preset_option="cpu-used",
    ),
    "av1": Codec(
        "libsvtav1",
        "AV1",
        (".webm", ".mkv", ".mp4"),
        crf=(26, 63),
        preset="9",
        presets=_numbers(13),
        hardware=(("av1_nvenc", "cq"), ("av1_qsv", "global_quality"), ("av1_amf", "qvbr_quality_level")),
    ),
    "prores": Codec(
        "prores_ks",
        "ProRes 422 HQ",
        (".mov", ".mkv"),
        "yuv422p10le",
        options=(("profile", "3"), ("vendor", "apl0")),
        # NUT, which segments are kept in, does not know it.
        joinable=False,
    ),
    LOSSLESS: Codec("ffv1", "FFV1, lossless", (".mkv",), "bgr0", options=(("level", "3"), ("g", "1"))),
    "gif": Codec("gif", "GIF", (".gif",), "pal8", joinable=False),
    "apng": Codec("apng", "animated PNG", (".apng",), "rgb24", joinable=False),
    # Beyond 90 its files grow faster than anybody sees.
    "webp": Codec("libwebp_anim", "animated WebP", (".webp",), options=(("quality", "90"),), joinable=False),
}
# What a file name alone asks for.
BY_SUFFIX = {".webm": "vp9", ".gif": "gif", ".apng": "apng", ".webp": "webp"}


def suffixes() -> tuple[str, ...]:
    """Of all files that can be written."""
    return tuple(dict.fromkeys(suffix for codec in CODECS.values() for suffix in codec.suffixes))


def default_suffix(options: EncodeOptions) -> str:
    """Of a result whose name is not given. Raises UserError for a codec that is not known."""
    return _row(options.codec or DEFAULT_CODEC).suffixes[0]


def choose_encoder(options: EncodeOptions, target: Path) -> Encoder:
    """The encoder of ``options`` for the file ``target``.

    Raises UserError where the codec is not known or does not fit the file, quality or preset are out of
    their range, or no hardware encoder starts.
    """
    suffix = target.suffix.lower()
    if suffix not in suffixes():
        known = ", ".join(suffixes())
        raise UserError(f"Videos cannot be written as '{target.suffix}' ({target}); use {known}.")
    name = options.codec or BY_SUFFIX.get(suffix, DEFAULT_CODEC)
    row = _row(name)
    if suffix not in row.suffixes:
        fitting = [other for other, codec in CODECS.items() if suffix in codec.suffixes]
        raise UserError(
            f"{row.title} (--codec {name}) does not go into '{suffix}' files ({target}): name the result "
            f"{' or '.join(row.suffixes)}, or use --codec {' or '.join(fitting)}."
        )
    tag = row.tag if suffix in (".mp4", ".mov") else None
    if options.hardware:
        return _hardware(name, row, options, tag)
    told = dict(row.options) | _quality(name, row, options) | _preset(name, row, options)
    if not _exists(row.encoder):
        raise UserError(
            f"This FFmpeg cannot write {row.title} ({row.encoder} is not in it); use --codec h264."
        )
    pixels = options.pixels if options.pixels is not None and name == LOSSLESS else row.pixel_format
    return Encoder(row.encoder, pixels, told, row.joinable, THREADS, tag)


def _row(name: str) -> Codec:
    if name not in CODECS:
        raise UserError(f"There is no codec '{name}'; there are: {', '.join(CODECS)}.")
    return CODECS[name]


def _quality(name: str, row: Codec, options: EncodeOptions) -> dict[str, str]:
    if row.crf is None:
        if options.crf is not None:
            raise UserError(f"{row.title} (--codec {name}) has no --crf; leave it out.")
        return {}
    usual, highest = row.crf
    crf = usual if options.crf is None else options.crf
    if not 0 <= crf <= highest:
        raise UserError(f"--crf must be between 0 (best) and {highest} for {row.title}, not {crf}.")
    return {"crf": str(crf)}


def _preset(name: str, row: Codec, options: EncodeOptions) -> dict[str, str]:
    if row.preset is None:
        if options.preset is not None:
            raise UserError(f"{row.title} (--codec {name}) has no --preset; leave it out.")
        return {}
    if options.preset is None:
        return {row.preset_option: row.preset} | dict(row.preset_extra)
    preset = options.preset
    if preset not in row.presets:
        raise UserError(f"There is no preset '{preset}' of {row.title}; there are: {', '.join(row.presets)}.")
    return {row.preset_option: preset}


def _hardware(name: str, row: Codec, options: EncodeOptions, tag: str | None) -> Encoder:
    """The first hardware encoder that starts. Raises UserError that says why each does not."""
    if not row.hardware:
        raise UserError(f"There are no hardware encoders for {row.title}; leave --hardware out.")
    if options.preset is not None:
        raise UserError("Hardware encoders have presets of their own: leave --preset or --hardware out.")
    reasons = []
    for encoder, option in row.hardware:
        reason = why_not(encoder)
        if reason is None:
            crf = int(_quality(name, row, options)["crf"])
            told = NO_B_FRAMES | ({option: str(crf)} if option else {})
            return Encoder(encoder, HARDWARE_PIXELS, told, row.joinable, THREADS, tag)
        reasons.append(f"{encoder} {reason}")
    raise UserError(
        f"No hardware encoder for {row.title} starts here ({'; '.join(reasons)}); leave --hardware out."
    )


def _exists(encoder: str) -> bool:
    try:
        av.codec.Codec(encoder, "w")
    except ValueError:  # av.codec.codec.UnknownCodecError is one
        return False
    return True


@lru_cache
def why_not(encoder: str) -> str | None:
    """Why an encoder cannot be used here; None: it encoded a frame. Tried in a child: drivers may crash."""
    if not _exists(encoder):
        return "is not in this FFmpeg"
    try:
        answer = subprocess.run(
            [sys.executable, "-P", "-c", PROBE, encoder, str(PROBE_SIDE)],
            capture_output=True,
            text=True,
            timeout=PROBE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"did not answer within {PROBE_SECONDS:.0f} seconds"
    if answer.returncode == 0:
        return None
    lines = answer.stdout.strip().splitlines()
    return lines[-1] if lines else f"crashed (exit code {answer.returncode})"
