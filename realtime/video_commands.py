"""The command `video`: parses, says how it goes and how it went; the work is elsewhere."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from animirror.realtime import pipes
from animirror.realtime.batch import Log, Outcome, Watcher, convert_all
from animirror.realtime.convert import convert_video, convert_with, look_of
from animirror.realtime.decode import clock_text
from animirror.realtime.encoders import CODECS
from animirror.realtime.errors import BAD_INPUT, DONE, OUR_FAULT, UserError
from animirror.realtime.filter import FaceFilter, FilterOptions
from animirror.realtime.job import Progress, VideoJob
from animirror.realtime.layout import plan
from animirror.realtime.preview import write_preview
from animirror.realtime.progress import Bars
from animirror.realtime.recipe import Recipe
from animirror.realtime.report import Report
from animirror.realtime.runtime import usable_cores
from animirror.realtime.spread import connected
from animirror.realtime.transforms import Mask, Resized
from animirror.realtime.video_bench import run_video_bench
from animirror.realtime.video_jobs import Piped, open_pipes, plan_jobs

# Makes a parser with what all commands share: the command's collection, name, function, words and example.
Command = Callable[..., Any]
# `--ray` without an address.
HERE = ""


def add_video(commands: Any, command: Command, add_filter_options: Callable[[Any], None]) -> None:
    parser = command(
        commands,
        "video",
        run_video,
        "redraw the heads in videos",
        "clip.mp4 -o anime.mp4 --from 1:00 --to 2:30",
    )
    _add_files(parser.add_argument_group("files"))
    _add_result(parser.add_argument_group("result"))
    _add_pipes(parser.add_argument_group("pipes (- as input or output)"))
    add_filter_options(parser.add_argument_group("filter"))


def _add_files(group: Any) -> None:
    group.add_argument("inputs", nargs="+", type=Path, metavar="IN", help="videos, folders of them, or -")
    # Both at once are refused in _target, with the same words as everything else.
    group.add_argument("-o", "--output", type=Path, help="the result of one input, or -")
    group.add_argument("--out-dir", type=Path, help="folder for the results of all inputs")
    group.add_argument("--recursive", action="store_true", help="the folders in folders too")
    group.add_argument(
        "--include", action="append", default=[], metavar="PATTERN", help="files of folders, such as '*.mp4'"
    )
    group.add_argument("--overwrite", action="store_true", help="replace results that exist already")
    group.add_argument("--resume", action="store_true", help="go on where an earlier run was ended")
    group.add_argument("--log", type=Path, metavar="FILE", help="write what happens as lines of JSON")
    group.add_argument(
        "--ray",
        nargs="?",
        const=HERE,
        metavar="ADDRESS",
        help="spread the work over a Ray cluster; without an address over this machine's cores",
    )


def _add_result(group: Any) -> None:
    group.add_argument("--codec", metavar="X", help=f"{', '.join(CODECS)} (h264, or by the result's name)")
    group.add_argument("--crf", type=int, help="quality: 0 is best (by the codec; H.264: 18)")
    group.add_argument(
        "--preset", help="the encoder's speed, such as slow (by the codec; H.264: veryfast, lightened)"
    )
    group.add_argument("--hardware", action="store_true", help="by a hardware encoder, where one starts")
    group.add_argument("--from", dest="begin", metavar="TIME", help="begin here, such as 00:01:00 or 60")
    group.add_argument("--to", dest="end", metavar="TIME", help="end here, such as 00:02:30")
    group.add_argument("--size", metavar="WxH", help="pixels: 1280x720, or x720 to keep the proportions")
    group.add_argument(
        "--fps", metavar="RATE", help="a constant rate, such as 25 (all frames at their times)"
    )
    group.add_argument("--compare", action="store_true", help="before and after side by side")
    group.add_argument("--mask-out", type=Path, metavar="FILE", help="the mask too, as a video of its own")
    group.add_argument(
        "--preview",
        type=int,
        metavar="N",
        help="first a PNG of N moments, before and after, beside the result",
    )
    group.add_argument("--preview-only", action="store_true", help="only that PNG")


def _add_pipes(group: Any) -> None:
    group.add_argument(
        "--format", metavar="X", help=f"container of the output: {', '.join(pipes.WRITTEN)} (matroska)"
    )
    group.add_argument("--input-format", metavar="X", help="container of the input (the output's)")
    group.add_argument("--pixels", default="bgr24", metavar="X", help="of rawvideo frames (%(default)s)")
    group.add_argument("--input-size", metavar="WxH", help="of rawvideo frames that come in, pixels")
    group.add_argument("--input-rate", metavar="RATE", help="... and how many come per second")


def add_bench(kinds: Any, command: Command, add_filter_options: Callable[[Any], None]) -> None:
    """`animirror bench video`, among the ``kinds`` of bench."""
    parser = command(
        kinds, "video", run_bench, "measure conversions against the filter alone", "--json", "bench "
    )
    parser.add_argument("--source", default="demo", help="video file (the demo)")
    parser.add_argument("--frames", type=int, default=150, help="of each conversion (%(default)s)")
    add_filter_options(parser)


def recipe_of(options: argparse.Namespace) -> Recipe:
    """The filter that a command's options ask for. Raises UserError."""
    regions = tuple(name.strip() for name in options.regions.split(",") if name.strip())
    chosen = FilterOptions(regions, options.strength, options.color_match, options.feather, options.eyes)
    return Recipe(chosen, options.style, options.device, options.threads, options.precision)


def _sharing_cores(recipe: Recipe) -> Recipe:
    """The recipe for a conversion, in which two models run at the same time."""
    return replace(recipe, threads=recipe.threads or plan(usable_cores())[1])


def run_bench(options: argparse.Namespace) -> int:
    report = run_video_bench(options.source, options.frames, _sharing_cores(recipe_of(options)))
    if options.json:
        print(json.dumps(asdict(report), indent=2))
        return DONE
    small, large = report.sizes
    print(f"{report.source}, {report.frames} frames, {report.cores} cores: {' | '.join(report.threads)}")
    print(f"{small}: filter alone {report.alone_fps} per second, conversion {report.fps}: {report.share:.0%}")
    print(f"{large}: conversion {report.larger_fps} per second, {report.times_slower} times slower")
    print(
        f"peak memory of a conversion: {report.peak_memory} MB"
        + (f" ({report.failure})" if report.failure else "")
    )
    return DONE


def run_video(options: argparse.Namespace) -> int:
    with ExitStack() as opened:
        piped = open_pipes(options, opened)
        try:
            outcomes = _run(piped.options)
        except UserError as error:
            raise UserError(piped.named(str(error))) from error
        if piped.output is not None and outcomes and outcomes[0].report is not None:
            pipes.send(outcomes[0].job.target, piped.output, sys.stdout.buffer, options.pixels)
    _tell(outcomes, options, piped)
    return _exit_code(outcomes)


def _run(options: argparse.Namespace) -> list[Outcome]:
    """What became of every video; nothing where only a preview is wanted."""
    jobs = plan_jobs(options)
    recipe = _sharing_cores(recipe_of(options))
    face_filter = recipe.make()
    console = Console(stderr=True)
    if options.preview is not None or options.preview_only:
        _preview(jobs, options, face_filter, console)
        if options.preview_only:
            return []
    return _convert(jobs, options, recipe, face_filter, console)


def _preview(
    jobs: Sequence[VideoJob], options: argparse.Namespace, face_filter: FaceFilter, console: Console
) -> None:
    moments = options.preview if options.preview is not None else 6
    for job in jobs:
        if _is_mask(job):
            continue
        sheet = job.target.with_name(f"{job.target.stem}-preview.png")
        count = write_preview(job.source, sheet, face_filter, moments, job.begin, job.end, overwrite=True)
        console.print(f"{count} moments of {escape(str(job.source))}: {escape(str(sheet))}", soft_wrap=True)


def _is_mask(job: VideoJob) -> bool:
    transform = job.transform.inner if isinstance(job.transform, Resized) else job.transform
    return isinstance(transform, Mask)


def _convert(
    jobs: Sequence[VideoJob],
    options: argparse.Namespace,
    recipe: Recipe,
    face_filter: FaceFilter,
    console: Console,
) -> list[Outcome]:
    with ExitStack() as opened:
        watchers: list[Watcher] = [Log(options.log)] if options.log is not None else []
        at_once = 1
        if options.ray is None:

            def convert(job: VideoJob, progress: Progress) -> Report:
                return convert_video(job, face_filter, progress)

        else:
            look = look_of(face_filter)
            cluster = opened.enter_context(connected(options.ray or None, recipe, look))
            at_once = cluster.workers

            def convert(job: VideoJob, progress: Progress) -> Report:
                return convert_with(replace(job, look=look), cluster.render, progress)

        watchers.append(opened.enter_context(Bars(jobs, console)))
        try:
            return convert_all(jobs, convert, watchers, at_once, options.debug)
        except KeyboardInterrupt:
            if any(job.folder.is_dir() for job in jobs):
                console.print("animirror: what was finished is kept; the same command with --resume goes on.")
            raise


def _tell(outcomes: Sequence[Outcome], options: argparse.Namespace, piped: Piped) -> None:
    """Problems as sentences on stderr; the reports as a line, a table or JSON (beside a video: on stderr)."""
    for outcome in outcomes:
        problem = outcome.problem if outcome.report is None else outcome.report.problem
        if problem:
            print(f"animirror: {piped.named(problem)}", file=sys.stderr)
    stream = sys.stderr if piped.output is not None else sys.stdout
    if options.json:
        print(piped.named(json.dumps([outcome.as_dict() for outcome in outcomes], indent=2)), file=stream)
    elif len(outcomes) > 1:
        Console(file=stream).print(_table(outcomes))
    else:
        for outcome in outcomes:
            if outcome.good or outcome.report is not None:
                print(piped.named(_line(outcome)), file=stream)


def _line(outcome: Outcome) -> str:
    report, both = outcome.report, f"{outcome.job.source} -> {outcome.job.target}"
    if report is None:
        return f"{both}: {outcome.state}"
    return f"{both}: {report.frames} frames, {report.fps} per second"


def _table(outcomes: Sequence[Outcome]) -> Table:
    figures = [Column(name, no_wrap=True) for name in ("frames", "with heads", "per second", "took", "state")]
    table = Table(Column("video", overflow="fold"), Column("result", overflow="fold"), *figures)
    for outcome in outcomes:
        report = outcome.report
        if report is None:
            table.add_row(escape(outcome.job.source.name), "", "", "", "", "", outcome.state)
            continue
        table.add_row(
            escape(outcome.job.source.name),
            escape(report.target),
            str(report.frames),
            str(report.with_heads),
            f"{report.fps:.1f}",
            clock_text(report.seconds),
            outcome.state,
        )
    return table


def _exit_code(outcomes: Sequence[Outcome]) -> int:
    if any(outcome.fault for outcome in outcomes):
        return OUR_FAULT
    return DONE if all(outcome.good for outcome in outcomes) else BAD_INPUT
