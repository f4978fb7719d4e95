"""Training of the generator: CycleGAN (Zhu et al., ICCV 2017), read from top to bottom.

animirror train cyclegan training/presets/anime-lite-1.json --max-minutes 60
animirror train cyclegan training/presets/anime-lite-1.json --resume
"""

from __future__ import annotations

import csv
import json
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader

from animirror.realtime.errors import UserError
from animirror.training import losses
from animirror.training.checkpoint import load_tensors, save_checkpoint, save_tensors
from animirror.training.data import Blur, UnpairedDataset, jitters, read_pictures
from animirror.training.look import as_filtered
from animirror.training.networks import build
from animirror.training.options import CycleganOptions, dump_options, load_options
from animirror.training.pool import ImagePool
from animirror.training.samples import sample_sheet, validation_batch
from animirror.training.splits import read_splits

# Gains of the networks' first weights: Xavier (Glorot and Bengio, AISTATS 2010), as in the thesis.
XAVIER_GAIN = 1.0
LOG_EVERY = 50


class CycleGan:
    """The four networks, their optimizers and one step of training."""

    def __init__(self, options: CycleganOptions, total_steps: int, device: torch.device) -> None:
        self.options, self.device = options, device
        torch.manual_seed(options.seed)
        self.draw = _fresh(options.generator, device)  # photo -> drawing
        self.undraw = _fresh(options.generator, device)  # drawing -> photo
        self.judge_drawings = _fresh(options.discriminator, device)
        self.judge_photos = _fresh(options.discriminator, device)
        self.average = AveragedModel(
            self.draw, multi_avg_fn=get_ema_multi_avg_fn(options.ema), use_buffers=True
        )
        adam: dict[str, Any] = {"lr": options.learning_rate, "betas": (options.beta1, 0.999)}
        self.generator_optimizer = torch.optim.Adam(
            [*self.draw.parameters(), *self.undraw.parameters()], **adam
        )
        self.discriminator_optimizer = torch.optim.Adam(
            [*self.judge_drawings.parameters(), *self.judge_photos.parameters()], **adam
        )
        rate = constant_then_linear(total_steps, options.constant_share)
        self.schedules = [
            torch.optim.lr_scheduler.LambdaLR(optimizer, rate)
            for optimizer in (self.generator_optimizer, self.discriminator_optimizer)
        ]
        self.drawing_pool = ImagePool(options.pool, options.seed)
        self.photo_pool = ImagePool(options.pool, options.seed + 1)
        self.motion_random = torch.Generator().manual_seed(options.seed)

    def step(self, photos: torch.Tensor, drawings: torch.Tensor) -> dict[str, float]:
        """One update of generators, then discriminators. Pictures: float32 [N, 3, S, S] RGB in -1..1.

        Returns every loss, unweighted, and their weighted sum as "generator".
        """
        photos, drawings = self._to_device(photos), self._to_device(drawings)
        parts, new_drawings, new_photos = self._update_generators(photos, drawings)
        parts |= self._update_discriminators(photos, drawings, new_drawings, new_photos)
        for schedule in self.schedules:
            schedule.step()
        if self.options.ema > 0:
            self.average.update_parameters(self.draw)
        return {name: float(value.detach()) for name, value in parts.items()}

    def _update_generators(
        self, photos: torch.Tensor, drawings: torch.Tensor
    ) -> tuple[dict[str, torch.Tensor], torch.Tensor, torch.Tensor]:
        options, count = self.options, photos.shape[0]
        _require_gradients(self.judge_drawings, self.judge_photos, wanted=False)
        with self._autocast():
            # Translation and identity go through a generator as one batch; batch normalisation then always
            # sees both domains, in training as in the running statistics that inference uses.
            new_drawings, same_drawings = self.draw(torch.cat([photos, drawings])).split(count)
            new_photos, same_photos = self.undraw(torch.cat([drawings, photos])).split(count)
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
                "identity": (losses.l1(same_drawings, drawings) + losses.l1(same_photos, photos)) / 2,
            }
            if options.lambda_color > 0:
                parts["color"] = losses.color_loss(new_drawings, photos)
            if options.lambda_equivariance > 0:
                parts["equivariance"] = self._equivariance(photos, new_drawings)
        weighted = [getattr(options, f"lambda_{name}") * value for name, value in parts.items()]
        parts["generator"] = torch.stack(weighted).sum()
        self.generator_optimizer.zero_grad(set_to_none=True)
        parts["generator"].backward()
        self.generator_optimizer.step()
        return parts, new_drawings.detach().float(), new_photos.detach().float()

    def _equivariance(self, photos: torch.Tensor, new_drawings: torch.Tensor) -> torch.Tensor:
        motions = losses.random_motions(photos.shape[0], self.motion_random)
        noise = torch.randn(photos.shape, generator=self.motion_random) * losses.MOTION_NOISE
        moved = self.draw(self._to_device(losses.move(photos, motions).cpu() + noise))
        return losses.inner_l1(moved, losses.move(new_drawings, motions))

    def _update_discriminators(
        self,
        photos: torch.Tensor,
        drawings: torch.Tensor,
        new_drawings: torch.Tensor,
        new_photos: torch.Tensor,
    ) -> dict[str, torch.Tensor]:
        _require_gradients(self.judge_drawings, self.judge_photos, wanted=True)
        shown_drawings = self.drawing_pool.exchange(new_drawings)
        shown_photos = self.photo_pool.exchange(new_photos)
        with self._autocast():
            parts = {
                "judge_drawings": losses.discriminator_loss(
                    self.judge_drawings(drawings), self.judge_drawings(shown_drawings)
                ),
                "judge_photos": losses.discriminator_loss(
                    self.judge_photos(photos), self.judge_photos(shown_photos)
                ),
            }
        self.discriminator_optimizer.zero_grad(set_to_none=True)
        (parts["judge_drawings"] + parts["judge_photos"]).backward()
        self.discriminator_optimizer.step()
        return parts

    @property
    def result(self) -> nn.Module:
        """The generator to keep: the averaged one where there is an average."""
        return self.average.module if self.options.ema > 0 else self.draw

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.options.bf16)

    def _to_device(self, images: torch.Tensor) -> torch.Tensor:
        return images.to(self.device, memory_format=torch.channels_last, non_blocking=True)

    def modules(self) -> dict[str, Any]:
        """Everything whose state a resumed run needs, by name."""
        return {
            "draw": self.draw,
            "undraw": self.undraw,
            "judge_drawings": self.judge_drawings,
            "judge_photos": self.judge_photos,
            "average": self.average,
        }


def constant_then_linear(total: int, constant_share: float) -> Callable[[int], float]:
    """Factor of the learning rate at a step: 1 for the constant share, then linear to 0 at ``total``."""
    constant = int(total * constant_share)

    def factor(step: int) -> float:
        return 1.0 if step < constant else max(0.0, (total - step) / max(1, total - constant))

    return factor


def _fresh(spec: dict[str, Any], device: torch.device) -> nn.Module:
    network = build(spec)
    _xavier(network)
    return network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]


def _xavier(network: nn.Module) -> None:
    """Xavier weights for every convolution but those that a network wants to start at zero."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d) and module.weight.any():
            nn.init.xavier_normal_(module.weight, gain=XAVIER_GAIN)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def _require_gradients(*networks: nn.Module, wanted: bool) -> None:
    for network in networks:
        network.requires_grad_(wanted)


@dataclass
class Progress:
    """Where a run stands."""

    step: int = 0
    seconds: float = 0.0
    sums: dict[str, float] = field(default_factory=dict)

    def add(self, parts: dict[str, float]) -> None:
        for name, value in parts.items():
            self.sums[name] = self.sums.get(name, 0.0) + value


def train(options: CycleganOptions, resume: bool = False, max_minutes: float | None = None) -> Path:
    """Train until the last epoch or until the minutes are over; returns the run's folder.

    Raises UserError for unusable data, for a run folder that already holds another run, and when the
    losses stop being numbers.
    """
    folder = Path(options.runs) / options.name
    splits = read_splits(Path(options.splits)) if options.splits else None
    root = Path(options.data_root)
    photos = as_filtered(read_pictures(root, options.photos, splits, validation=False), options)
    drawings = read_pictures(root, options.drawings, splits, validation=False)
    per_epoch = options.steps_per_epoch or max(1, len(photos) // options.batch)
    total = per_epoch * options.epochs

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    gan, progress = CycleGan(options, total, device), Progress()
    _start(folder, options, gan, progress, resume)
    sheet = validation_batch(root, options, splits)
    deadline = None if max_minutes is None else time.monotonic() + 60 * max_minutes

    data = UnpairedDataset(
        photos,
        drawings,
        options.size,
        progress.step * options.batch,
        total * options.batch,
        options.seed,
        jitters(options),
        Blur(options.blur_sigma, options.blur_kernel, options.blur_share),
    )
    started = time.monotonic() - progress.seconds
    for batch in DataLoader(data, batch_size=options.batch, drop_last=True):
        parts = gan.step(batch["photo"], batch["drawing"])
        progress.step += 1
        progress.seconds = time.monotonic() - started
        progress.add(parts)
        if parts["generator"] != parts["generator"]:
            raise UserError(
                f"Training of {options.name} ended: the losses are no numbers at step {progress.step}."
            )
        if progress.step % LOG_EVERY == 0:
            _log(folder, progress)
        over = deadline is not None and time.monotonic() > deadline
        if progress.step % per_epoch == 0 or progress.step == total or over:
            _save(folder, options, gan, progress, per_epoch)
            sample_sheet(gan.result, gan.undraw, sheet, folder / "samples" / f"{progress.step:06d}.png")
        if over:
            break
    return folder


def _start(folder: Path, options: CycleganOptions, gan: CycleGan, progress: Progress, resume: bool) -> None:
    state = folder / "state.safetensors"
    if resume:
        _restore(state, gan, progress)
        return
    if state.exists():
        raise UserError(
            f"{folder} already holds a run; resume it (--resume), rename it, or change the option 'name'."
        )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "options.json").write_text(dump_options(options), encoding="utf-8")
    if options.init:
        _initialise(gan, Path(options.init))


def _initialise(gan: CycleGan, path: Path) -> None:
    """Start the four networks from another run's: the same ones, or those of its coarse-to-fine half."""
    tensors, _ = load_tensors(path)
    for name in ("draw", "undraw", "judge_drawings", "judge_photos"):
        network, weights = gan.modules()[name], _with_prefix(tensors, f"{name}.")
        if network.state_dict().keys() == weights.keys():
            network.load_state_dict(weights)
        elif hasattr(network, "load_coarse"):
            network.load_coarse(weights)
        else:
            raise UserError(f"{path} holds other networks than this run's options name; change 'init'.")


def _log(folder: Path, progress: Progress) -> None:
    """Append the means since the last line to losses.csv."""
    row = {"step": progress.step, "seconds": round(progress.seconds, 1)}
    means = {name: round(value / LOG_EVERY, 5) for name, value in progress.sums.items()}
    path = folder / "losses.csv"
    fresh = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [*row, *means])
        if fresh:
            writer.writeheader()
        writer.writerow(row | means)
    progress.sums.clear()


def _save(folder: Path, options: CycleganOptions, gan: CycleGan, progress: Progress, per_epoch: int) -> None:
    description = {
        "task": "stylization",
        "network": options.generator,
        "size": options.size,
        "style": options.style,
        "eyes": options.eyes,
        "provenance": {
            "command": "animirror train cyclegan",
            "options": json.loads(dump_options(options)),
            "step": progress.step,
            "epochs": round(progress.step / per_epoch, 3),
            "hours": round(progress.seconds / 3600, 3),
            "device": str(gan.device),
            "seed": options.seed,
        },
    }
    save_checkpoint(folder / "last.safetensors", gan.result, description)
    tensors = dict(_state(gan))
    save_tensors(folder / "state.safetensors", tensors, {"step": progress.step, "seconds": progress.seconds})


def _state(gan: CycleGan) -> Iterator[tuple[str, torch.Tensor]]:
    """All tensors that a resumed run needs: networks, Adam's moments, pools, random states."""
    for name, module in gan.modules().items():
        for key, value in module.state_dict().items():
            yield f"{name}.{key}", value
    for name, optimizer in _optimizers(gan).items():
        for index, moments in optimizer.state_dict()["state"].items():
            for key, value in moments.items():
                yield f"{name}.{index}.{key}", value
    for name, pool in _pools(gan).items():
        yield f"{name}.random", pool.random_state
        if pool.pictures:
            yield f"{name}.pictures", torch.stack(pool.pictures)
    yield "motion_random", gan.motion_random.get_state()


def _restore(path: Path, gan: CycleGan, progress: Progress) -> None:
    tensors, description = load_tensors(path)
    progress.step, progress.seconds = int(description["step"]), float(description["seconds"])
    for name, module in gan.modules().items():
        module.load_state_dict(_with_prefix(tensors, f"{name}."))
    for name, optimizer in _optimizers(gan).items():
        moments: dict[int, dict[str, torch.Tensor]] = {}
        for key, value in _with_prefix(tensors, f"{name}.").items():
            index, item = key.split(".")
            moments.setdefault(int(index), {})[item] = value
        optimizer.load_state_dict({"state": moments, "param_groups": optimizer.state_dict()["param_groups"]})
    for name, pool in _pools(gan).items():
        kept = tensors.get(f"{name}.pictures")
        pool.restore([] if kept is None else list(kept.to(gan.device)), tensors[f"{name}.random"])
    gan.motion_random.set_state(tensors["motion_random"])
    for schedule, optimizer in zip(gan.schedules, _optimizers(gan).values(), strict=True):
        schedule.last_epoch = progress.step
        for group, base, factor in zip(
            optimizer.param_groups, schedule.base_lrs, schedule.lr_lambdas, strict=True
        ):
            group["lr"] = base * factor(progress.step)


def _optimizers(gan: CycleGan) -> dict[str, torch.optim.Optimizer]:
    return {
        "generator_optimizer": gan.generator_optimizer,
        "discriminator_optimizer": gan.discriminator_optimizer,
    }


def _pools(gan: CycleGan) -> dict[str, ImagePool]:
    return {"drawing_pool": gan.drawing_pool, "photo_pool": gan.photo_pool}


def _with_prefix(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}


def run(arguments: Namespace) -> int:
    """`animirror train cyclegan OPTIONS.json [--resume] [--max-minutes M]`."""
    options = load_options(CycleganOptions, Path(arguments.options))
    train(options, arguments.resume, arguments.max_minutes)
    return 0
