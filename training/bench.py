"""Speed of a training step: ours against a plain fp32 loop of the same networks, in one run.

animirror bench train                                      the light generator of anime-lite-1
animirror bench train options.json --size 256 --batch 1    any other one

Ours computes in bfloat16 where autocast allows it, keeps channels last, sends translation and identity
through a generator as one batch, and computes no discriminator gradients in the generator step. The plain
loop does none of this and the same mathematics otherwise. Other programs slow a machine down by moods of
seconds and minutes, so both take turns, step by step, and medians are compared.
"""

from __future__ import annotations

import dataclasses
import json
import statistics
import sys
import time
from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from torch import nn

from animirror.realtime.errors import UserError
from animirror.training import losses
from animirror.training.gan import CycleGan, check_networks
from animirror.training.networks import build
from animirror.training.options import CycleganOptions
from animirror.training.options_file import load_options
from animirror.training.pool import ImagePool

# Steps before the clock counts: oneDNN and cuDNN choose their kernels, compilers compile.
WARM_UP = 2
PRESET = "anime-lite-1.json"

# float32 [N, 3, S, S] photos and drawings in -1..1 -> every loss by its name
Step = Callable[[torch.Tensor, torch.Tensor], dict[str, float]]


@dataclass(frozen=True)
class Report:
    """Images per second (photos and drawings counted), medians over ``steps``; ``ratio``: ours to plain."""

    ours: float
    plain: float
    ratio: float
    steps: int
    device: str
    threads: int
    size: int
    batch: int
    generator: str
    bf16: bool
    compiled: bool


class PlainLoop:
    """A training step as one would write it down first: fp32, every picture on its own way."""

    def __init__(self, options: CycleganOptions, ours: CycleGan) -> None:
        """Networks of the same weights as ``ours``, contiguous in memory."""
        self.options, self.device = options, ours.device
        generator, discriminator = options.generator, options.discriminator
        self.draw, self.undraw = _twin(ours.draw, generator), _twin(ours.undraw, generator)
        self.judge_drawings = _twin(ours.judge_drawings, discriminator)
        self.judge_photos = _twin(ours.judge_photos, discriminator)
        rate, betas = options.learning_rate, (options.beta1, 0.999)
        self.generator_optimizer = torch.optim.Adam(
            [*self.draw.parameters(), *self.undraw.parameters()], rate, betas
        )
        self.discriminator_optimizer = torch.optim.Adam(
            [*self.judge_drawings.parameters(), *self.judge_photos.parameters()], rate, betas
        )
        self.drawing_pool = ImagePool(options.pool, options.seed)
        self.photo_pool = ImagePool(options.pool, options.seed + 1)

    def step(self, photos: torch.Tensor, drawings: torch.Tensor) -> dict[str, float]:
        """One update, as :meth:`CycleGan.step`."""
        options = self.options
        photos, drawings = photos.to(self.device), drawings.to(self.device)
        new_drawings, new_photos = self.draw(photos), self.undraw(drawings)
        parts = {
            "gan": (
                losses.adversarial(self.judge_drawings(new_drawings), True)
                + losses.adversarial(self.judge_photos(new_photos), True)
            )
            / 2,
            "cycle": (
                losses.l1(self.undraw(new_drawings), photos) + losses.l1(self.draw(new_photos), drawings)
            )
            / 2,
            "identity": (losses.l1(self.draw(drawings), drawings) + losses.l1(self.undraw(photos), photos))
            / 2,
        }
        parts["generator"] = torch.stack(
            [getattr(options, f"lambda_{name}") * value for name, value in parts.items()]
        ).sum()
        self.generator_optimizer.zero_grad()
        parts["generator"].backward()
        self.generator_optimizer.step()

        shown_drawings = self.drawing_pool.exchange(new_drawings.detach())
        shown_photos = self.photo_pool.exchange(new_photos.detach())
        parts["judge_drawings"] = losses.discriminator_loss(
            self.judge_drawings(drawings), self.judge_drawings(shown_drawings)
        )
        parts["judge_photos"] = losses.discriminator_loss(
            self.judge_photos(photos), self.judge_photos(shown_photos)
        )
        self.discriminator_optimizer.zero_grad()
        (parts["judge_drawings"] + parts["judge_photos"]).backward()
        self.discriminator_optimizer.step()
        return {name: float(value.detach()) for name, value in parts.items()}


def _twin(network: nn.Module, spec: dict[str, Any]) -> nn.Module:
    twin = build(spec).to(next(network.parameters()).device)
    twin.load_state_dict({name: tensor.contiguous() for name, tensor in network.state_dict().items()})
    return twin


def compare(options: CycleganOptions, steps: int, device: torch.device) -> Report:
    """Run both for so many steps each, in turns, on the same made-up pictures.

    What only one of them has (the averaged generator, the colour and equivariance losses) is left out.
    """
    options = dataclasses.replace(options, ema=0.0, lambda_color=0.0, lambda_equivariance=0.0)
    check_networks(options)
    ours = CycleGan(options, steps + WARM_UP, device)
    plain = PlainLoop(options, ours)
    random = torch.Generator().manual_seed(options.seed)
    shape = (options.batch, 3, options.size, options.size)
    photos, drawings = (torch.rand(shape, generator=random) * 2 - 1 for _ in range(2))
    times: dict[str, list[float]] = {"ours": [], "plain": []}
    for turn in range(WARM_UP + steps):
        for name, step in (("ours", ours.step), ("plain", plain.step)):
            seconds = _timed(step, photos, drawings)
            if turn >= WARM_UP:
                times[name].append(seconds)
    per_second = {name: 2 * options.batch / statistics.median(values) for name, values in times.items()}
    return Report(
        round(per_second["ours"], 3),
        round(per_second["plain"], 3),
        round(per_second["ours"] / per_second["plain"], 3),
        steps,
        torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        torch.get_num_threads(),
        options.size,
        options.batch,
        str(options.generator["name"]),
        ours.bf16,
        options.compile,
    )


def _timed(step: Step, photos: torch.Tensor, drawings: torch.Tensor) -> float:
    """Seconds of one step; that its losses come back as numbers means that the device is done."""
    start = time.perf_counter()
    step(photos, drawings)
    return time.perf_counter() - start


def run(arguments: Namespace) -> int:
    """`animirror bench train [OPTIONS.json] [--size S] [--batch N] [--steps K] [--compile] [--json]`."""
    if arguments.steps < 1:
        raise UserError(f"--steps must be at least 1, not {arguments.steps}.")
    preset = Path(str(resources.files("animirror.training.presets") / PRESET))
    options = load_options(CycleganOptions, Path(arguments.options) if arguments.options else preset)
    options = dataclasses.replace(
        options,
        size=arguments.size or options.size,
        batch=arguments.batch or options.batch,
        bf16=not arguments.no_bf16,
        compile=arguments.compile,
    )
    report = compare(options, arguments.steps, torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    if arguments.json:
        sys.stdout.write(json.dumps(dataclasses.asdict(report), indent=2) + "\n")
        return 0
    table = Table("training step", "images per second")
    table.add_row("ours", f"{report.ours:.2f}")
    table.add_row("plain fp32 loop", f"{report.plain:.2f}")
    console = Console()
    console.print(table)
    console.print(
        f"{report.ratio:.2f} times as fast: {report.generator}, {report.size} px, batch {report.batch}, "
        f"medians of {report.steps} steps on {report.device}, {report.threads} threads",
        soft_wrap=True,
        highlight=False,
    )
    return 0
