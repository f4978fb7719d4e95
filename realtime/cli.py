"""The command: parses, builds, runs; no logic of its own."""

from __future__ import annotations

import argparse
import importlib
import json
import logging
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from animirror.realtime import live_commands, video_commands
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
NO_TRAINING = "This command needs the training packages: pip install 'animirror[train]' (missing: {})."


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
    _add_evaluate(commands)
    _add_train(commands)
    _add_report(commands)
    _add_prepare(commands)
    _add_export(commands)
    _add_quantize(commands)
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


def _add_evaluate(commands: Any) -> None:
    parser = _command(
        commands,
        "evaluate",
        _training_command("animirror.training.evaluate"),
        "measure a model on validation pictures",
        "segmenter --data ../shared/data",
    )
    parser.add_argument("what", choices=["segmenter"], help="what to measure")
    parser.add_argument("--data", required=True, help="folder with the data sets")
    parser.add_argument("--model", help="name of the model (the default one)")
    parser.add_argument("--device", choices=DEVICES, default="auto")
    parser.add_argument("--record", action="store_true", help="write the scores into the manifest")
    parser.add_argument("--json", action="store_true", help="print the scores as JSON")


def _add_train(commands: Any) -> None:
    parser = _command(commands, "train", _run_train, "train a network", "cyclegan options.json")
    parser.add_argument("network", choices=["cyclegan", "distill", "segformer"], help="which training")
    parser.add_argument("options", help="JSON file with the options")
    parser.add_argument("--resume", action="store_true", help="go on from the run's last checkpoint")
    parser.add_argument("--max-minutes", type=float, help="save and stop after this time")


def _add_report(commands: Any) -> None:
    parser = _command(
        commands,
        "report",
        _training_command("animirror.training.report"),
        "compare trainings: scores, options, curves and samples side by side",
        "runs/thesis-low runs/thesis-default -o report",
    )
    parser.add_argument("runs", nargs="+", metavar="RUN", help="folders of runs")
    parser.add_argument("-o", "--output", default="report", help="folder for the report (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print the scores as JSON")


def _add_prepare(commands: Any) -> None:
    parser = commands.add_parser(
        "prepare",
        help="prepare data for training",
        epilog="example: animirror prepare faces photos heads",
    )
    kinds = parser.add_subparsers(required=True, metavar="WHAT")
    _add_prepare_faces(kinds)
    drawings = _command(
        kinds,
        "drawings",
        _training_command("animirror.training.drawings"),
        "draw photos by rule, for a generator to learn from (train distill with the option 'pairs')",
        "training/presets/anime-drawn-1.json --workers 2",
        "prepare ",
    )
    drawings.add_argument("options", help="JSON file with the options of the training")
    drawings.add_argument("--workers", type=int, default=1, help="processes (%(default)s)")
    drawings.add_argument("--count", type=int, help="at most so many photos of each set (all)")
    splits = _command(
        kinds,
        "splits",
        _training_command("animirror.training.prepare"),
        "draw and write down the validation splits",
        "../shared/data splits.json --seed 7",
        "prepare ",
    )
    splits.add_argument("data", help="folder with the data sets")
    splits.add_argument("target", help="JSON file to write")
    splits.add_argument("--seed", type=int, default=7, help="seed of the draw (%(default)s)")


def _add_prepare_faces(kinds: Any) -> None:
    parser = _command(
        kinds,
        "faces",
        _training_command("animirror.training.faces"),
        "cut the heads out of photos, and list what was left out and why",
        "photos heads --size 256 --workers 2",
        "prepare ",
    )
    parser.add_argument("data", metavar="SRC", help="folder of photos, with all folders in it")
    parser.add_argument("target", metavar="DST", help="folder for the crops and faces.csv, the list")
    parser.add_argument("--size", type=int, default=256, help="side of the crops, px (%(default)s)")
    parser.add_argument(
        "--format", choices=["webp", "png"], default="webp", help="of the crops (%(default)s)"
    )
    parser.add_argument("--min-side", type=float, help="smallest head crop in the photo, px (half of --size)")
    parser.add_argument(
        "--min-sharpness", type=float, help="variance of the Laplacian; 0 keeps blurred heads (60)"
    )
    parser.add_argument("--keep-grey", action="store_true", help="keep black-and-white photos")
    parser.add_argument("--workers", type=int, default=1, help="processes (%(default)s)")
    parser.add_argument("--model", help="name of the segmenter (the default one)")
    parser.add_argument("--device", choices=DEVICES, default="auto", help="where it runs (auto)")
    parser.add_argument("--json", action="store_true", help="print the counts as JSON")


def _add_export(commands: Any) -> None:
    parser = _command(
        commands,
        "export",
        _training_command("animirror.export.entry"),
        "checkpoint to a checked ONNX model with its manifest entry",
        "runs/anime/last.safetensors --name anime --crops photos",
    )
    parser.add_argument("checkpoint", help="checkpoint (.safetensors with its .json beside it)")
    parser.add_argument("--name", required=True, help="name of the model")
    parser.add_argument("--crops", required=True, help="folder of pictures for the parity check")
    parser.add_argument(
        "--weights", help="folder with the manifest, made where missing (the installed models' own)"
    )
    parser.add_argument("--size", type=int, help="side of the model's input, px (the training size)")
    parser.add_argument(
        "--precision", choices=["fp32", "fp16"], default="fp32", help="how weights are stored (%(default)s)"
    )
    parser.add_argument("--data-terms", default="not stated", help="terms of the training data")
    parser.add_argument("--json", action="store_true", help="print the entry as JSON")


def _add_quantize(commands: Any) -> None:
    parser = _command(
        commands,
        "quantize",
        _training_command("animirror.export.quantize"),
        "make a model small and fast for computers without a graphics card (int8), if it stays as good",
        "anime-lite --crops ../shared/data/photos",
    )
    parser.add_argument("model", help="name of the model, see `animirror models`")
    parser.add_argument(
        "--crops", required=True, help="folder of pictures of people to calibrate and check on"
    )
    parser.add_argument("--weights", help="folder with the manifest (the installed models' own)")
    parser.add_argument("--sheet", help="PNG for photos, drawings and int8 drawings side by side")
    parser.add_argument("--json", action="store_true", help="print the entry and its quality as JSON")


def _add_bench(commands: Any) -> None:
    parser = live_commands.add_bench(commands, _command)
    kinds = parser.add_subparsers(
        metavar="train|endurance|video", help="measure a training step, hours or conversions instead"
    )
    live_commands.add_endurance(kinds, _command)
    video_commands.add_bench(kinds, _command, _add_filter_options)
    train = _command(
        kinds,
        "train",
        _training_command("animirror.training.bench"),
        "compare our CycleGAN training step with a plain fp32 loop of the same networks",
        "--size 128 --batch 4 --json",
        "bench ",
    )
    train.add_argument("options", nargs="?", help="JSON file of a CycleGAN training (the light generator's)")
    train.add_argument("--size", type=int, help="side of the pictures, px (the options')")
    train.add_argument("--batch", type=int, help="pictures of each domain per step (the options')")
    train.add_argument("--steps", type=int, default=10, help="timed steps of each (%(default)s)")
    train.add_argument("--compile", action="store_true", help="torch.compile our networks")
    train.add_argument("--no-bf16", action="store_true", help="keep ours in float32 too")
    train.add_argument("--json", action="store_true", help="print the report as JSON")


def _training_command(module: str) -> Callable[[argparse.Namespace], int]:
    """A command of a module that needs torch, imported when it is run."""

    def run(options: argparse.Namespace) -> int:
        try:
            loaded = importlib.import_module(module)
        except ModuleNotFoundError as error:
            raise UserError(NO_TRAINING.format(error.name)) from error
        return int(loaded.run(options))

    return run


def _run_train(options: argparse.Namespace) -> int:
    return _training_command(f"animirror.training.{options.network}")(options)


def run_demo_command(options: argparse.Namespace) -> int:
    if options.frames < 1:
        raise UserError(f"--frames must be at least 1, not {options.frames}.")
    report = run_demo(
        recipe_of(options).make(), options.out_dir, options.frames, window=not options.no_window
    )
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
            print(f"{report.source} -> {report.target}: {report.frames} frames, {report.fps} per second")
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
