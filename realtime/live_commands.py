"""The commands around the live picture: live, doctor, bench; they parse and print, the work is elsewhere."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from animirror.realtime import doctor
from animirror.realtime.bench import BenchOptions, BenchReport, run_bench
from animirror.realtime.config import PRESETS, LiveConfig, resolve, resolve_one, save, user_file
from animirror.realtime.endurance import HOUR, EnduranceOptions, run_endurance
from animirror.realtime.errors import DONE, OUR_FAULT
from animirror.realtime.live import LiveReport, Session
from animirror.realtime.models import PRECISION_HELP, PRECISIONS
from animirror.realtime.runtime import DEVICES

# Makes a parser with what all commands share: the command's collection, name, function, words and example.
Command = Callable[..., Any]


def add_live(commands: Any, command: Command) -> None:
    parser = command(
        commands, "live", run_live, "the picture of a camera or file, filtered as it comes", "--sink camera"
    )
    for item in dataclasses.fields(LiveConfig):
        flag, told = "--" + item.name.replace("_", "-"), item.metadata["help"]
        # Flags that are not given must not hide what the file says.
        if isinstance(item.default, bool):
            parser.add_argument(
                flag, action=argparse.BooleanOptionalAction, default=argparse.SUPPRESS, help=told
            )
        else:
            action = "append" if item.name == "sink" else "store"
            parser.add_argument(
                flag, action=action, metavar="X", default=argparse.SUPPRESS, help=told.replace("%", "%%")
            )
    parser.add_argument("--config", type=Path, help=f"TOML file with these settings ({user_file()})")
    parser.add_argument("--preset", choices=PRESETS, help="settings that fit together; files and flags win")
    parser.add_argument("--print-config", action="store_true", help="print the settings and their origins")
    parser.add_argument("--save-config", type=Path, help="write the settings as they were at the end")
    parser.add_argument("--json", action="store_true", help="print the figures of the session as JSON")


def add_doctor(commands: Any, command: Command) -> None:
    parser = command(commands, "doctor", run_doctor, "say what works on this machine and what does not", "")
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")


def add_bench(commands: Any, command: Command) -> Any:
    parser = command(commands, "bench", run_bench_command, "measure speed", "--size 1280x720 --json")
    parser.add_argument("--source", default="demo", help="video file (the demo)")
    parser.add_argument("--size", default="1280x720", help="pixels (%(default)s)")
    parser.add_argument("--frames", type=int, default=BenchOptions.frames, help="of each part (%(default)s)")
    parser.add_argument("--device", choices=DEVICES, default="auto", help="where the models run (auto)")
    parser.add_argument("--style", help="style or model name, see `animirror models`")
    parser.add_argument("--threads", type=int, help="threads per model on the CPU (by the cores)")
    parser.add_argument("--stages", type=int, help="threads of the pipeline, 1 to 3 (by the cores)")
    parser.add_argument("--segment-every", type=int, default=1, help="segment every Nth frame (1)")
    parser.add_argument("--precision", choices=PRECISIONS, default="auto", help=PRECISION_HELP)
    parser.add_argument("--no-thesis", action="store_true", help="leave the thesis's networks out")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    return parser


def add_endurance(kinds: Any, command: Command) -> None:
    parser = command(
        kinds,
        "endurance",
        run_endurance_command,
        "work for hours, as fast as it goes: does memory stay flat, is the recording whole?",
        f"clip.mp4 --frames {HOUR} --size 320x240 -o hour.mp4",
        "bench ",
    )
    parser.add_argument("source", type=Path, help="video file, played again and again")
    parser.add_argument("--frames", type=int, default=HOUR, help="how many frames (an hour: %(default)s)")
    parser.add_argument("--size", help="pixels, such as 320x240 (the file's own)")
    parser.add_argument("-o", "--output", type=Path, help="video file to record into (none)")
    parser.add_argument("--overwrite", action="store_true", help="replace a recording that exists already")
    parser.add_argument("--device", choices=DEVICES, default="auto", help="where the models run (auto)")
    parser.add_argument("--style", help="style or model name, see `animirror models`")
    parser.add_argument("--precision", choices=PRECISIONS, default="auto", help=PRECISION_HELP)
    parser.add_argument("--json", action="store_true", help="print the report as JSON")


def run_live(options: argparse.Namespace) -> int:
    names = [item.name for item in dataclasses.fields(LiveConfig)]
    flags = {name: getattr(options, name) for name in names if hasattr(options, name)}
    resolved = resolve(flags, options.config, options.preset)
    if options.print_config:
        print(resolved.text(), end="")
        return DONE
    session = Session(resolved.config)
    _print_start(session.report())
    try:
        session.run()
    finally:
        if options.save_config is not None:
            save(replace(resolved, config=replace(resolved.config, **session.choices())), options.save_config)
        _print_live(session.report(), options.json)
    return DONE


def _print_start(report: LiveReport) -> None:
    """One line on what runs where and, if so, why nothing better does; beside any --json answer."""
    devices = ", ".join(dict.fromkeys(report.providers.values()))
    notes = f" ({'; '.join(report.notes)})" if report.notes else ""
    print(f"animirror: {report.source} at {report.size} on {devices}{notes}", file=sys.stderr)


def _print_live(report: LiveReport, as_json: bool) -> None:
    if as_json:
        print(json.dumps(asdict(report), indent=2))
        return
    told = report.statistics
    print(f"{told.done} frames in {told.seconds:.1f} s: {told.fps_out} of {told.fps_in} per second")
    print(f"age from capture to sink: {told.age.median} ms, p95 {told.age.p95} ms; {told.dropped} dropped")
    print_stages({name: asdict(spread) for name, spread in told.steps.items()})


def run_doctor(options: argparse.Namespace) -> int:
    findings: list[doctor.Finding] = []
    colors = {doctor.State.GOOD: "green", doctor.State.WARNING: "yellow", doctor.State.BAD: "red"}
    console = Console(highlight=False)
    for finding in doctor.examine():
        findings.append(finding)
        if not options.json:
            mark = f"[{colors[finding.state]}]{finding.state.value:>7}[/]"
            console.print(f"{mark}  {escape(f'{finding.subject}: {finding.told}')}", soft_wrap=True)
    if options.json:
        print(
            json.dumps([asdict(finding) | {"state": finding.state.value} for finding in findings], indent=2)
        )
    return DONE if doctor.can_work(findings) else OUR_FAULT


def run_bench_command(options: argparse.Namespace) -> int:
    names = [item.name for item in dataclasses.fields(BenchOptions) if item.name not in ("size", "thesis")]
    chosen = {name: getattr(options, name) for name in names}
    size = resolve_one("size", options.size)
    report = run_bench(BenchOptions(**chosen, size=size, thesis=not options.no_thesis))
    if options.json:
        print(json.dumps(asdict(report), indent=2))
    else:
        _print_bench(report)
    return DONE


def run_endurance_command(options: argparse.Namespace) -> int:
    chosen = {item.name: getattr(options, item.name) for item in dataclasses.fields(EnduranceOptions)}
    size = None if options.size is None else resolve_one("size", options.size)
    report = run_endurance(EnduranceOptions(**chosen | {"size": size}))
    if options.json:
        print(json.dumps(asdict(report), indent=2))
        return DONE
    print(f"{report.frames} frames ({report.heads} with a head) of {report.source} at {report.size}")
    print(f"{report.seconds} s, {report.fps} per second, with {', '.join(report.models)}")
    print(f"memory, MB: {' '.join(f'{value:.0f}' for value in report.memory)}")
    print(f"growth after the first tenth: {report.growth} MB, {report.growth_per_10000} MB in 10,000 frames")
    if report.recorded is not None:
        print(f"{options.output} holds {report.recorded} frames")
    return DONE


def _print_bench(report: BenchReport) -> None:
    told = ", ".join(f"{name} on {provider}" for name, provider in report.models.items())
    print(f"{report.source} at {report.size}, {report.heads} heads a frame; {told}")
    threads = " | ".join(report.threads)
    print(f"{report.cores} cores, {report.model_threads} threads a model; pipeline: {threads}")
    print_stages({name: asdict(spread) for name, spread in report.steps.items()})
    print(f"one after the other {report.alone_fps} frames per second, pipeline {report.pipeline_fps}")
    print(f"(the slowest thread alone would allow {report.pipeline_fps / report.share:.1f})")
    age = report.live.age
    print(f"live: {report.live.fps_out} of {report.live.fps_in}, age {age.median} ms, p95 {age.p95} ms")
    print(f"peak memory {report.peak_memory} MB, of it since the warm-up {report.memory_growth} MB")
    if report.thesis is not None:
        row = report.thesis
        networks = f"SegFormer B5 at 512 {row.segment.median} ms, ResNet-9 at 256 {row.stylize.median} ms"
        print(f"the thesis's networks: {networks}, {row.fps} frames per second")
    if report.note:
        print(report.note)


def print_stages(stages: dict[str, dict[str, float]]) -> None:
    table = Table("stage", "median ms", "p95 ms")
    for stage, values in stages.items():
        table.add_row(stage, f"{values['median']:.1f}", f"{values['p95']:.1f}")
    Console().print(table)
