"""Commands of training and export: parsed here, done by rooms that need torch, imported when they are run."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from animirror.realtime.errors import UserError
from animirror.realtime.runtime import DEVICES

NO_TRAINING = "This command needs the training packages: pip install 'animirror[train]' (missing: {})."

# Makes a parser with what all commands share: the command's collection, name, function, words and example.
Command = Callable[..., Any]


def add_training(commands: Any, command: Command) -> None:
    """`animirror evaluate, train, report, prepare, average, unfold, export, quantize`."""
    for add in (
        _add_evaluate,
        _add_train,
        _add_report,
        _add_prepare,
        _add_average,
        _add_unfold,
        _add_export,
        _add_quantize,
    ):
        add(commands, command)


def add_bench(kinds: Any, command: Command) -> None:
    """`animirror bench train`, among the ``kinds`` of bench."""
    train = command(
        kinds,
        "train",
        _of_module("animirror.training.bench"),
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


def _add_evaluate(commands: Any, command: Command) -> None:
    parser = commands.add_parser(
        "evaluate",
        help="measure a model on validation pictures",
        epilog="example: animirror evaluate segmenter --data ../shared/data",
    )
    kinds = parser.add_subparsers(required=True, metavar="WHAT")
    segmenter = command(
        kinds,
        "segmenter",
        _of_module("animirror.training.evaluate"),
        "how well faces and hair are found",
        "--data ../shared/data",
        "evaluate ",
    )
    segmenter.add_argument("--data", required=True, help="folder with the data sets")
    generator = command(
        kinds,
        "generator",
        _of_module("animirror.training.evaluate_generator"),
        "how a style draws: a sheet, likeness to drawings, what is kept of a face, steadiness in a video",
        "--photos photos --drawings drawings --video clip.mp4 --sheet sheet.jpg",
        "evaluate ",
    )
    generator.add_argument(
        "--photos",
        nargs="+",
        required=True,
        metavar="FOLDER[:SET]",
        help="photos of people; SET: the folder's name in the splits (the folder's own)",
    )
    generator.add_argument("--splits", type=Path, help="JSON of splits: only validation photos are taken")
    generator.add_argument("--count", type=int, default=64, help="photos of each folder (%(default)s)")
    generator.add_argument("--drawings", type=Path, metavar="FOLDER", help="drawings in the style")
    generator.add_argument("--video", type=Path, metavar="FILE", help="a video of somebody who moves")
    generator.add_argument("--frames", type=int, default=150, help="frames of the video (%(default)s)")
    generator.add_argument("--sheet", type=Path, metavar="FILE", help="PNG or JPEG of all heads")
    videos = command(
        kinds,
        "videos",
        _of_module("animirror.training.evaluate_videos"),
        "how a style holds in videos: where somebody is found, how steady it is, a sheet of moments",
        "films --sheet sheet.jpg",
        "evaluate ",
    )
    videos.add_argument(
        "videos", nargs="+", type=Path, metavar="VIDEO", help="video files, or folders of them"
    )
    videos.add_argument("--frames", type=int, help="the first frames of each alone (all)")
    videos.add_argument("--sheet", type=Path, metavar="FILE", help="PNG or JPEG: a row of moments per video")
    for kind in (segmenter, generator, videos):
        kind.add_argument("--model", help="name of the model (the default one)")
        kind.add_argument("--device", choices=DEVICES, default="auto", help="where it runs (auto)")
        if kind is not videos:
            kind.add_argument("--record", action="store_true", help="write the scores into the manifest")
        kind.add_argument("--json", action="store_true", help="print the scores as JSON")


def _add_train(commands: Any, command: Command) -> None:
    parser = command(commands, "train", _run_train, "train a network", "cyclegan options.json")
    parser.add_argument("network", choices=["cyclegan", "distill", "segformer"], help="which training")
    parser.add_argument("options", help="JSON file with the options")
    parser.add_argument("--resume", action="store_true", help="go on from the run's last checkpoint")
    parser.add_argument("--max-minutes", type=float, help="save and stop after this time")


def _add_report(commands: Any, command: Command) -> None:
    parser = command(
        commands,
        "report",
        _of_module("animirror.training.report"),
        "compare trainings: scores, options, curves and samples side by side",
        "runs/thesis-low runs/thesis-default -o report",
    )
    parser.add_argument("runs", nargs="+", metavar="RUN", help="folders of runs")
    parser.add_argument("-o", "--output", default="report", help="folder for the report (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print the scores as JSON")


def _add_prepare(commands: Any, command: Command) -> None:
    parser = commands.add_parser(
        "prepare",
        help="prepare data for training",
        epilog="example: animirror prepare faces photos heads",
    )
    kinds = parser.add_subparsers(required=True, metavar="WHAT")
    _add_prepare_faces(kinds, command)
    drawings = command(
        kinds,
        "drawings",
        _of_module("animirror.training.drawings"),
        "draw photos by rule, for a generator to learn from (train distill with the option 'pairs')",
        "training/presets/anime-drawn-1.json --workers 2",
        "prepare ",
    )
    drawings.add_argument("options", help="JSON file with the options of the training")
    drawings.add_argument("--workers", type=int, default=1, help="processes (%(default)s)")
    drawings.add_argument("--count", type=int, help="at most so many photos of each set (all)")
    _add_prepare_masks(kinds, command)
    frames = command(
        kinds,
        "frames",
        _of_module("animirror.training.video_frames"),
        "keep frames of videos with hands near a head, with masks that the segmenter is sure of",
        "clip.mp4 --folder runs/videos",
        "prepare ",
    )
    frames.add_argument("videos", nargs="+", metavar="VIDEO", help="video files")
    frames.add_argument("--folder", required=True, help="folder for images, masks and hands")
    frames.add_argument("--model", help="name of the segmenter (the default one)")
    splits = command(
        kinds,
        "splits",
        _of_module("animirror.training.prepare"),
        "draw and write down the validation splits",
        "../shared/data splits.json --seed 7",
        "prepare ",
    )
    splits.add_argument("data", help="folder with the data sets")
    splits.add_argument("target", help="JSON file to write")
    splits.add_argument("--seed", type=int, default=7, help="seed of the draw (%(default)s)")


def _add_prepare_masks(kinds: Any, command: Command) -> None:
    presets = "training/presets/segformer-faces"
    for name, module, words, example in (
        (
            "parts",
            "face_parts",
            "write down what a face mesh sees of eyes and lips in photos (train segformer with 'parts')",
            f"{presets}-9.json",
        ),
        (
            "hands",
            "hand_masks",
            "write down where hands are in photos (train segformer with 'hands')",
            f"{presets}-16.json",
        ),
        (
            "labels",
            "label_teacher",
            "write down what a teacher says of photos, label by label (train segformer with 'taught')",
            f"{presets}-23.json weights/checkpoints/teacher.safetensors",
        ),
    ):
        kind = command(kinds, name, _of_module(f"animirror.training.{module}"), words, example, "prepare ")
        kind.add_argument("options", help="JSON file with the options of the training")
        if name == "labels":
            kind.add_argument("teacher", help="checkpoint of the teacher (.safetensors)")


def _add_prepare_faces(kinds: Any, command: Command) -> None:
    parser = command(
        kinds,
        "faces",
        _of_module("animirror.training.faces"),
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


def _add_average(commands: Any, command: Command) -> None:
    parser = command(
        commands,
        "average",
        _of_module("animirror.training.average"),
        "average the weights of checkpoints of one network, or the answers of several",
        "runs/a/last.safetensors runs/b/last.safetensors --shares 0.5 0.5 -o average.safetensors",
    )
    parser.add_argument("checkpoints", nargs="+", help="checkpoints; the first one's description is kept")
    parser.add_argument("--shares", nargs="+", type=float, required=True, help="of each, adding up to 1")
    parser.add_argument("-o", "--output", required=True, help="checkpoint to write (.safetensors)")
    parser.add_argument(
        "--answers",
        action="store_true",
        help="average what segmenters answer, of any networks: as slow as all of them together",
    )
    parser.add_argument(
        "--sides",
        nargs="+",
        type=float,
        metavar="S",
        help="with --answers: how large each sees the picture, as a share of its side (all of it)",
    )


def _add_unfold(commands: Any, command: Command) -> None:
    parser = command(
        commands,
        "unfold",
        _of_module("animirror.training.unfold"),
        "a generator that ships as a checkpoint to go on from",
        "cartoon-lite training/presets/cartoon-drawn-4.json -o runs/cartoon-shipped/state.safetensors",
    )
    parser.add_argument("model", help="name of the generator")
    parser.add_argument("options", help="JSON file of the training that will go on (its network and pairs)")
    parser.add_argument(
        "--judge", help="state of a training whose discriminator goes along (none: it starts anew)"
    )
    parser.add_argument("-o", "--output", required=True, help="checkpoint to write (.safetensors)")


def _add_export(commands: Any, command: Command) -> None:
    parser = command(
        commands,
        "export",
        _of_module("animirror.export.entry"),
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
        "--more-sizes",
        type=int,
        nargs="+",
        default=(),
        metavar="S",
        help="other sides that the file is to serve: a segmenter's each as a model NAME-S, a generator's in "
        "turn, for heads whose hair leaves little room to the face",
    )
    parser.add_argument(
        "--precision",
        choices=["fp32", "fp16", "w8"],
        default="fp32",
        help="how weights are stored (%(default)s; w8: bytes with a scale per channel); all compute in fp32",
    )
    parser.add_argument("--data-terms", default="not stated", help="terms of the training data")
    parser.add_argument("--json", action="store_true", help="print the entry as JSON")


def _add_quantize(commands: Any, command: Command) -> None:
    parser = command(
        commands,
        "quantize",
        _of_module("animirror.export.quantize"),
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


def _of_module(module: str) -> Callable[[argparse.Namespace], int]:
    """A command of a module that needs torch, imported when it is run."""

    def run(options: argparse.Namespace) -> int:
        try:
            loaded = importlib.import_module(module)
        except ModuleNotFoundError as error:
            raise UserError(NO_TRAINING.format(error.name)) from error
        return int(loaded.run(options))

    return run


def _run_train(options: argparse.Namespace) -> int:
    return _of_module(f"animirror.training.{options.network}")(options)
