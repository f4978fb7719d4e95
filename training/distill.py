"""Training of a student for real time: a big trained generator teaches a light one to draw as it does.

animirror train distill options.json          with "teacher": "runs/NAME/best.safetensors"
animirror train distill options.json --resume
animirror train distill options.json          with "pairs": a folder of `animirror prepare drawings`

Only photos are needed: what the teacher makes of each is what the student is to make of it. Its losses are
the L1 to the teacher's drawing (and, where it is wanted, to its gradients, or the square to its tones), the
L1 between what both drawings give in the layers of the student's own discriminator (feature matching:
pix2pixHD, Wang et al., CVPR 2018, equation 3), and the least-squares GAN loss of that discriminator, which
takes the teacher's drawings for real ones (the teacher's output as the truth for unpaired photos: GAN
Compression, Li et al., CVPR 2020, section 3.1). Features of the discriminator need no weights from
elsewhere, and fit whatever layers teacher and student have.

The teacher may also be no network but a pen that draws by rule (training/pen): it is slow, and its drawings
are made beforehand, as pairs.
"""

from __future__ import annotations

import logging
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from animirror.realtime.errors import UserError
from animirror.training import losses
from animirror.training.checkpoint import load_checkpoint
from animirror.training.drawings import read_pairs
from animirror.training.gan import GanTraining, check_networks, fresh, require_gradients
from animirror.training.lessons import pair_lessons, photo_lessons, spread
from animirror.training.loop import loader, run_loop
from animirror.training.monitor import Judge, Monitor
from animirror.training.networks.blocks import freeze_norms
from animirror.training.options import DistillOptions
from animirror.training.options_file import load_options
from animirror.training.pool import ImagePool
from animirror.training.processes import Processes
from animirror.training.samples import translate, validation_photos
from animirror.training.splits import Splits, read_splits
from animirror.training.state import start

log = logging.getLogger(__name__)


class Distillation(GanTraining):
    """Teacher, student, the student's discriminator, and one step of training."""

    command = "animirror train distill"

    def __init__(
        self,
        options: DistillOptions,
        teacher: nn.Module | None,
        total_steps: int,
        device: torch.device,
        processes: Processes | None = None,
    ) -> None:
        super().__init__(options, total_steps, device, processes)
        self.weights = {
            "l1": options.lambda_l1,
            "gradients": options.lambda_gradients,
            "tones": options.lambda_tones,
            "strokes": options.lambda_strokes,
            "features": options.lambda_features,
            "gan": options.lambda_gan,
            "equivariance": options.lambda_equivariance,
        }
        self.teacher = teacher
        if teacher is not None:
            teacher.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
            require_gradients(teacher, wanted=False)
        torch.manual_seed(options.seed)
        self.draw = fresh(options.generator, device)
        self.judge_drawings = fresh(options.discriminator, device)
        self.average = self._averaged(self.draw)
        if options.frozen_norms:
            freeze_norms(self.draw)
        self.generator_optimizer = self._adam(self.draw)
        self.discriminator_optimizer = self._adam(self.judge_drawings)
        self.drawing_pool = ImagePool(options.pool, options.seed)
        self.motion_random = torch.Generator().manual_seed(options.seed)
        # Dropout must not drop the same features in every process.
        torch.manual_seed(options.seed + self.processes.index)
        if options.compile:
            for network in (self.teacher, self.draw):
                if network is not None:
                    network.compile()

    def step(self, photos: torch.Tensor) -> dict[str, float]:
        """One update of student, then discriminator. Photos: float32 [N, 3, S, S] RGB in -1..1, without a
        teacher [N, 2, 3, S, S]: each with its drawing.

        Returns every loss, unweighted, and their weighted sum as "generator": means over all processes.
        """
        self._set_rates()
        if self.teacher is None:
            photos, wanted = (self._to_device(part) for part in photos.unbind(1))
        else:
            photos = self._to_device(photos)
            with torch.no_grad(), self._autocast():
                wanted = self.teacher(photos).float()
        parts, drawn = self._update_student(photos, wanted)
        parts["judge_drawings"] = self._update_discriminator(wanted, drawn)
        return self._step_done(parts)

    def _update_student(
        self, photos: torch.Tensor, wanted: torch.Tensor
    ) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        require_gradients(self.judge_drawings, wanted=False)
        with self._autocast():
            drawn = self.draw(photos)
            with features_of(self.judge_drawings) as found:
                scores = self.judge_drawings(drawn)
            with torch.no_grad(), features_of(self.judge_drawings) as targets:
                self.judge_drawings(wanted)
            parts = {
                **self._differences(drawn, wanted, photos),
                "features": feature_loss(found, targets),
                "gan": losses.adversarial(scores, True),
            }
            if self.weights["equivariance"] > 0:
                parts["equivariance"] = self._equivariance(photos, drawn)
        parts["generator"] = torch.stack([self.weights[name] * value for name, value in parts.items()]).sum()
        self.generator_optimizer.zero_grad(set_to_none=True)
        parts["generator"].backward()
        self.processes.average_gradients(self.generator_optimizer)
        self.generator_optimizer.step()
        return parts, drawn.detach().float()

    def _differences(
        self, drawn: torch.Tensor, wanted: torch.Tensor, photos: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        """Pixel by pixel. A pen's drawings are of heads alone; a teacher draws all that it is shown."""
        weights = torch.ones_like(wanted[:, :1])
        if self.teacher is None:
            weights = losses.drawn_weights(wanted, photos)
        found = {"l1": losses.weighted_l1(drawn, wanted, weights)}
        if self.weights["gradients"] > 0:
            found["gradients"] = losses.weighted_gradient_l1(drawn, wanted, weights)
        if self.weights["tones"] > 0:
            found["tones"] = losses.tone_loss(drawn, wanted, weights)
        if self.weights["strokes"] > 0:
            found["strokes"] = losses.tone_loss(drawn, wanted, weights, losses.STROKE_CELLS)
        return found

    def _update_discriminator(self, wanted: torch.Tensor, drawn: torch.Tensor) -> torch.Tensor:
        require_gradients(self.judge_drawings, wanted=True)
        shown = self.processes.own(self.drawing_pool.exchange(self.processes.gather(drawn)))
        with self._autocast():
            loss = losses.discriminator_loss(self.judge_drawings(wanted), self.judge_drawings(shown))
        self.discriminator_optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.processes.average_gradients(self.discriminator_optimizer)
        self.discriminator_optimizer.step()
        return loss

    def modules(self) -> dict[str, nn.Module]:
        return {"draw": self.draw, "judge_drawings": self.judge_drawings, "average": self.average}

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {
            "generator_optimizer": self.generator_optimizer,
            "discriminator_optimizer": self.discriminator_optimizer,
        }

    def pools(self) -> dict[str, ImagePool]:
        return {"drawing_pool": self.drawing_pool}


@contextmanager
def features_of(judge: nn.Module) -> Iterator[list[torch.Tensor]]:
    """Collects what each LeakyReLU of a discriminator answers within the context: its layers, in order."""
    found: list[torch.Tensor] = []
    hooks = [
        module.register_forward_hook(lambda _module, _inputs, answer: found.append(answer))
        for module in judge.modules()
        if isinstance(module, nn.LeakyReLU)
    ]
    try:
        yield found
    finally:
        for hook in hooks:
            hook.remove()


def feature_loss(found: Sequence[torch.Tensor], wanted: Sequence[torch.Tensor]) -> torch.Tensor:
    """Mean over the layers of the L1 between their features (pix2pixHD, equation 3)."""
    return torch.stack([losses.l1(a, b) for a, b in zip(found, wanted, strict=True)]).mean()


class DistillMonitor(Monitor):
    """Reports as CycleGAN's, with the teacher's drawings in the place of real ones."""

    _gan: Distillation

    def _take_pictures(self, splits: Splits | None) -> None:
        options, teacher = self._options, self._gan.teacher
        if isinstance(options, DistillOptions) and options.pairs:
            self._take_pairs(options)
            return
        if teacher is None:
            raise ValueError("a student needs a teacher or pairs")
        self._photos = validation_photos(options, splits, options.samples)
        self._drawings = translate(teacher, self._photos)
        if options.score != "none":
            photos = validation_photos(options, splits, options.score_pictures)
            self._judge = Judge(photos, translate(teacher, photos), options.score, self._gan.device)

    def _take_pairs(self, options: DistillOptions) -> None:
        """Validation pairs; training ones stand in where none were kept apart."""
        folder = Path(options.pairs)
        part = "validation" if any((folder / "validation").glob("*/*.png")) else "train"
        pairs = read_pairs(folder, part)
        self._photos, self._drawings = spread(pairs, options.samples, options.size)
        if options.score != "none":
            photos, drawings = spread(pairs, options.score_pictures, options.size)
            self._judge = Judge(photos, drawings, options.score, self._gan.device)

    def _rows(self, drawn: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
        """Of the sample sheet: photo, the teacher's drawing, the student's."""
        return [self._photos, self._drawings, drawn]


def load_teacher(options: DistillOptions) -> nn.Module:
    """The trained generator. Raises UserError where it is none, or cannot work on pictures of this size."""
    if not options.teacher:
        raise UserError(
            "Distillation needs a teacher: name a generator's checkpoint in the option 'teacher', or a "
            "folder of drawings in the option 'pairs'."
        )
    path = Path(options.teacher)
    teacher, description = load_checkpoint(path)
    if description["task"] != "stylization":
        raise UserError(f"{path} is for {description['task']}, not a generator; name another 'teacher'.")
    if float(description.get("eyes", 1.0)) != options.eyes:
        raise UserError(
            f"The teacher {path} was shown eyes {description.get('eyes', 1.0)} times as tall, and the option "
            f"'eyes' is {options.eyes}: make them the same."
        )
    return teacher


def train(options: DistillOptions, resume: bool = False, max_minutes: float | None = None) -> Path:
    """Train until the last epoch or until the minutes are over; returns the run's folder.

    Ctrl-C finishes the step, saves and raises KeyboardInterrupt. Raises UserError for unusable data, teacher,
    networks or options, for a run folder that already holds another run, and when the losses stop being
    numbers.
    """
    folder, processes = Path(options.runs) / options.name, Processes()
    check_networks(options)
    if options.frozen_norms and not options.init:
        raise UserError(
            "The option 'frozen_norms' keeps the statistics of another run; name its state in option 'init'."
        )
    teacher = None if options.pairs else load_teacher(options)
    splits = read_splits(Path(options.splits)) if options.splits else None
    lessons = pair_lessons(options) if options.pairs else photo_lessons(options, splits)
    per_epoch = options.steps_per_epoch or max(1, lessons.pictures // (options.batch * processes.count))
    total = per_epoch * options.epochs

    student = Distillation(options, teacher, total, processes.device, processes)
    progress = start(folder, options, student, resume)
    monitor = DistillMonitor(folder, options, splits, student, progress, per_epoch)
    whole = options.batch * processes.count
    data = lessons.dataset(progress.step * whole, total * whole)
    batches = loader(data, options, processes)
    run_loop(folder, student, student.step, batches, progress, monitor, per_epoch, max_minutes)
    return folder


def run(arguments: Namespace) -> int:
    """`animirror train distill OPTIONS.json [--resume] [--max-minutes M]`."""
    logging.getLogger("animirror.training").setLevel(logging.INFO)
    options = load_options(DistillOptions, Path(arguments.options))
    train(options, arguments.resume, arguments.max_minutes)
    return 0
