"""What the options of `animirror video` ask for: pipes opened, a job for every video."""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from animirror.realtime import pipes
from animirror.realtime.encoders import CODECS, DEFAULT_CODEC, LOSSLESS, EncodeOptions, default_suffix
from animirror.realtime.errors import UserError
from animirror.realtime.job import VideoJob, check_job
from animirror.realtime.selection import PIPE, RESULT, Selected, parse_rate, parse_size, parse_span, select
from animirror.realtime.transforms import Compare, Mask, Plain, Resized, Transform


@dataclass(frozen=True)
class Piped:
    """The options with files in place of pipes; ``output``: the container that goes out, or None.

    ``files``: those that stand for pipes.
    """

    options: argparse.Namespace
    output: str | None = None
    files: tuple[Path, ...] = ()

    def named(self, text: str) -> str:
        """A message with the pipe's name in place of its file's."""
        for file in self.files:
            text = text.replace(str(file), str(PIPE))
        return text


def open_pipes(options: argparse.Namespace, opened: ExitStack) -> Piped:
    """Read the input pipe into a file, and give the output one a file to be sent from. Raises UserError."""
    reads, writes = PIPE in options.inputs, options.output == PIPE
    if not reads and not writes:
        return Piped(options)
    if len(options.inputs) > 1:
        raise UserError("A pipe (-) is one video: give no other input beside it.")
    changed = argparse.Namespace(**vars(options))
    format_name = options.format or "matroska"
    folder = None if writes or options.output is None else options.output.parent
    between = opened.enter_context(pipes.between(folder))
    if writes:
        if sys.stdout.isatty():
            raise UserError(
                "The video would be printed on the terminal; put another program behind the pipe."
            )
        changed.output = between / f"result{pipes.result_suffix(format_name)}"
        if format_name == pipes.RAW:
            changed.codec, changed.raw_pixels = LOSSLESS, pipes.kept_as(options.pixels)
    elif options.output is None:
        raise UserError("What comes through a pipe has no name: name the result with -o.")
    if reads:
        if sys.stdin.isatty():
            raise UserError("There is no pipe before this command to read a video (-) from.")
        name = options.input_format or format_name
        changed.inputs = [pipes.spool(sys.stdin.buffer, name, between, _raw_frames(options, name))]
    files = [path for path in (*changed.inputs, changed.output) if path.is_relative_to(between)]
    return Piped(changed, format_name if writes else None, tuple(files))


def _raw_frames(options: argparse.Namespace, name: str) -> pipes.RawFrames | None:
    if name != pipes.RAW or options.input_size is None or options.input_rate is None:
        return None
    width, height = parse_size(options.input_size)
    if width is None or height is None:
        raise UserError(f"--input-size needs both sides, such as 1280x720, not {options.input_size}.")
    return pipes.RawFrames(options.pixels, width, height, parse_rate(options.input_rate))


def plan_jobs(options: argparse.Namespace) -> list[VideoJob]:
    """A job for each video that the options ask for; no two share a result. Raises UserError."""
    chosen = select(options.inputs, options.recursive, options.include)
    begin, end = parse_span(options.begin, options.end)
    encode = EncodeOptions(
        options.codec, options.crf, options.preset, options.hardware, getattr(options, "raw_pixels", None)
    )
    shared = VideoJob(
        Path(),
        Path(),
        encode,
        options.overwrite,
        options.resume,
        begin,
        end,
        None if options.fps is None else parse_rate(options.fps),
    )
    if options.output is not None and (len(chosen) > 1 or options.inputs[0].is_dir()):
        raise UserError("-o names one result, but there are several inputs; use --out-dir.")
    if options.output is not None and options.out_dir is not None:
        raise UserError("-o and --out-dir both name the result; use one of them.")
    taken: dict[Path, VideoJob] = {}
    for item in chosen:
        job = replace(shared, source=item.path, target=_target(item, options, encode))
        for each in _with_mask(job, options, single=len(chosen) == 1):
            if each.target in taken:
                both = f"{taken[each.target].source} and {each.source}"
                raise UserError(f"{both} would both be written to {each.target}; rename one.")
            taken[each.target] = each
    jobs = list(taken.values())
    if len(jobs) == 1:
        check_job(jobs[0])
    return jobs


def _with_mask(job: VideoJob, options: argparse.Namespace, single: bool) -> list[VideoJob]:
    """The job, transformed as it should be, and that of the mask where one is wanted."""
    job_of_mask = []
    if options.mask_out is not None:
        if not single:
            raise UserError(
                "--mask-out names one video, but there are several inputs; convert one at a time."
            )
        job_of_mask = [replace(job, target=options.mask_out, transform=_sized(Mask(), options))]
    inner: Transform = Compare() if options.compare else Plain()
    return [replace(job, transform=_sized(inner, options)), *job_of_mask]


def _sized(transform: Transform, options: argparse.Namespace) -> Transform:
    return transform if options.size is None else Resized(*parse_size(options.size), transform)


def _target(item: Selected, options: argparse.Namespace, encode: EncodeOptions) -> Path:
    if options.output is not None:
        return Path(options.output)
    folder = item.path.parent
    if options.out_dir is not None:
        folder = options.out_dir / item.below
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"The folder {folder} cannot be made: {error.strerror}.") from error
    # The same container where it can be: it holds the same subtitles, chapters and sounds.
    kept, usual = item.path.suffix.lower(), default_suffix(encode)
    fits = CODECS[encode.codec or DEFAULT_CODEC].suffixes
    return folder / f"{item.path.stem}{RESULT}{kept if kept in fits else usual}"
