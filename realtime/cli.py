"""The command: parses, builds, runs; no logic of its own."""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from animirror.realtime import live_commands, training_commands, video_commands
from animirror.realtime.demo import run_demo
from animirror.realtime.errors import BAD_INPUT, DONE, INTERRUPTED, OUR_FAULT, UserError
from animirror.realtime.filter import FilterOptions
from animirror.realtime.images import FORMATS
from animirror.realtime.models import PRECISION_HELP, PRECISIONS
from animirror.realtime.pictures import convert_picture
from animirror.realtime.regions import DEFAULT_REGIONS
from animirror.realtime.runtime import DEVICES
from animirror.realtime.studio_commands import add_studio
from animirror.realtime.video_commands import recipe_of
from animirror.realtime.zoo import Zoo

DEMO_FRAMES = 150


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 done, 1 our fault, 2 bad input, 130 interrupted."""
    options = build_parser().parse_args(arguments)
    logging.basicConfig(level=logging.DEBUG if options.debug else logging.WARNING, format="%(message)s")
    signal.signal(signal.SIGTERM, _terminated)
    try:
        return int(options.run(options))
    except UserError as error:
        print(f"animirror: {error}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print("animirror: interrupted; nothing was left half-written.", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        if options.debug:
            raise
        print(
            f"animirror: this is our fault: {type(error).__name__}: {error}. "
            "Run it again with --debug and report what it prints.",
            file=sys.stderr,
        )
        return OUR_FAULT


def _terminated(*_: object) -> None:
    raise KeyboardInterrupt


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="animirror", description="Turns the people in front of a camera into anime characters, live."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_demo(commands)
    live_commands.add_live(commands, _command)
    _add_image(commands)
    video_commands.add_video(commands, _command, _add_filter_options)
    add_studio(commands, _command)
    _add_models(commands)
    live_commands.add_doctor(commands, _command)
    training_commands.add_training(commands, _command)
    _add_bench(commands)
    return parser


def _command(
    commands: Any, name: str, run: Callable[..., int], text: str, example: str, group: str = ""
) -> Any:
    parser = commands.add_parser(
        name,
        help=text,
        description=text.capitalize() + ".",
        epilog=f"example: animirror {group}{name} {example}",
    )
    parser.add_argument("--debug", action="store_true", help="show tracebacks and log everything")
    parser.set_defaults(run=run)
    return parser


def _add_filter_options(parser: Any) -> None:
    parser.add_argument("--device", choices=DEVICES, default="auto", help="where the models run (auto)")
    parser.add_argument("--style", help="style or model name, see `animirror models`")
    parser.add_argument(
        "--regions", default=",".join(DEFAULT_REGIONS), help="regions or labels to redraw (face,hair)"
    )
    parser.add_argument("--strength", type=float, default=1.0, help="0 to 1 (1)")
    parser.add_argument(
        "--color-match", type=float, default=FilterOptions.color_match, help="0 to 1 (%(default)s)"
    )
    parser.add_argument("--feather", type=float, default=1.0, help="softness of the edge, 1 is usual")
    parser.add_argument(
        "--eyes", type=float, default=1.0, help="size of eyes: 0 as they are, 1 as the style has them (1)"
    )
    parser.add_argument("--threads", type=int, help="threads per model on the CPU (all cores)")
    parser.add_argument("--precision", choices=PRECISIONS, default="auto", help=PRECISION_HELP)
    parser.add_argument("--json", action="store_true", help="print the report as JSON")


def _add_demo(commands: Any) -> None:
    parser = _command(commands, "demo", run_demo_command, "the built-in portrait, filtered", "--out-dir /tmp")
    _add_filter_options(parser)
    parser.add_argument("--frames", type=int, default=DEMO_FRAMES, help="how many frames (%(default)s)")
    parser.add_argument("--out-dir", type=Path, default=Path(), help="where the files go (here)")
    parser.add_argument("--no-window", action="store_true", help="never open a window")


def _add_image(commands: Any) -> None:
    parser = _command(
        commands, "image", run_image, "redraw the heads in pictures", "portrait.jpg -o anime.png"
    )
    parser.add_argument("inputs", nargs="+", type=Path, metavar="IN", help="files to convert")
    target = parser.add_mutually_exclusive_group()
    target.add_argument("-o", "--output", type=Path, help="the result of one input")
    target.add_argument("--out-dir", type=Path, help="folder for the results of all inputs")
    parser.add_argument("--overwrite", action="store_true", help="replace results that exist already")
    _add_filter_options(parser)


def _add_models(commands: Any) -> None:
    parser = _command(commands, "models", run_models, "list the models and check their files", "--json")
    parser.add_argument("--json", action="store_true", help="print everything in the manifest as JSON")


def _add_bench(commands: Any) -> None:
    parser = live_commands.add_bench(commands, _command)
    kinds = parser.add_subparsers(
        metavar="train|endurance|video", help="measure a training step, hours or conversions instead"
    )
    live_commands.add_endurance(kinds, _command)
    video_commands.add_bench(kinds, _command, _add_filter_options)
    training_commands.add_bench(kinds, _command)


def run_demo_command(options: argparse.Namespace) -> int:
    if options.frames < 1:
        raise UserError(f"--frames must be at least 1, not {options.frames}.")
    face_filter = replace(recipe_of(options), live=True).make()
    report = run_demo(face_filter, options.out_dir, options.frames, window=not options.no_window)
    if options.json:
        print(json.dumps(asdict(report), indent=2))
        return DONE
    print(f"{report.frames} frames, {report.fps} frames per second through the filter")
    live_commands.print_stages(report.stages)
    print(f"written: {report.video}, {report.sheet}")
    return DONE


def run_image(options: argparse.Namespace) -> int:
    """Convert every picture; one failure does not stop the rest, and makes the exit code 2."""
    pairs = _pairs(options)
    face_filter, reports, code = recipe_of(options).make(), [], DONE
    for source, target in pairs:
        try:
            report = convert_picture(source, target, face_filter, options.overwrite)
        except UserError as error:
            print(f"animirror: {error}", file=sys.stderr)
            code = BAD_INPUT
            continue
        reports.append(report)
        if report.problem:
            print(f"animirror: {report.problem}", file=sys.stderr)
            code = BAD_INPUT if report.partial else code
        if not options.json:
            print(f"{report.source} -> {report.target}: {report.seconds} seconds")
    if options.json:
        print(json.dumps([asdict(report) for report in reports], indent=2))
    return code


def _pairs(options: argparse.Namespace) -> list[tuple[Path, Path]]:
    """Every input with its result; no two share one, or --overwrite would lose the first."""
    if options.output is not None and len(options.inputs) > 1:
        raise UserError("-o names one result, but there are several inputs; use --out-dir.")
    if options.out_dir is not None:
        try:
            options.out_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"The folder {options.out_dir} cannot be made: {error.strerror}.") from error
    taken: dict[Path, Path] = {}
    for source in options.inputs:
        target = _target(source, options)
        if target in taken:
            raise UserError(f"{taken[target]} and {source} would both be written to {target}; rename one.")
        taken[target] = source
    return [(source, target) for target, source in taken.items()]


def _target(source: Path, options: argparse.Namespace) -> Path:
    if options.output is not None:
        return Path(options.output)
    # Some formats can be read but not written (GIF, AVIF).
    kept = source.suffix if source.suffix.lower() in FORMATS else ".png"
    name = f"{source.stem}-anime{kept}"
    return (options.out_dir or source.parent) / name


def run_models(options: argparse.Namespace) -> int:
    states = Zoo().describe()
    if options.json:
        print(json.dumps([asdict(state) for state in states], indent=2))
    else:
        table = Table(
            Column("model", no_wrap=True), "task", "style or labels", "size", "MB", "precision", "file"
        )
        for state in states:
            entry = state.entry
            what = entry.style or f"{len(entry.labels or ())} labels"
            table.add_row(
                entry.name,
                entry.task,
                what,
                str(entry.size),
                f"{entry.bytes / 1e6:.1f}",
                entry.precision,
                state.problem or "good",
            )
        Console().print(table)
    return BAD_INPUT if any(state.problem for state in states) else DONE


if __name__ == "__main__":
    sys.exit(main())
