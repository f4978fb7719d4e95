"""The four networks of a CycleGAN and one step of their training (Zhu et al., ICCV 2017, section 3)."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from animirror.realtime.errors import UserError
from animirror.training import losses
from animirror.training.networks import build
from animirror.training.options import CycleganOptions
from animirror.training.pool import ImagePool
from animirror.training.precision import uses_bf16
from animirror.training.processes import Processes
from animirror.training.schedules import Plateau, schedule

# Gains of the networks' first weights: Xavier (Glorot and Bengio, AISTATS 2010), as in the thesis.
XAVIER_GAIN = 1.0


class GanTraining:
    """What the training of any drawing generator has: its place in the schedule, precision, processes.

    A subclass makes the networks: ``draw``, the generator that is kept, its ``average``, and what they need.
    """

    # As a checkpoint's provenance names it.
    command: str
    draw: nn.Module
    average: AveragedModel
    motion_random: torch.Generator

    def __init__(
        self,
        options: CycleganOptions,
        total_steps: int,
        device: torch.device,
        processes: Processes | None = None,
    ) -> None:
        self.options, self.device, self.processes = options, device, processes or Processes()
        self.bf16 = uses_bf16(device, options.bf16)
        self.steps, self._rate = 0, schedule(options, total_steps)
        # On top of the schedule; what the schedule 'plateau' sets after each score.
        self.plateau = Plateau()

    @property
    def learning_rate(self) -> float:
        """The rate of the next step."""
        return self.options.learning_rate * self._rate(self.steps) * self.plateau.factor

    @property
    def result(self) -> nn.Module:
        """The generator to keep: the averaged one where there is an average."""
        return self.average.module if self.options.ema > 0 else self.draw

    def modules(self) -> dict[str, nn.Module]:
        """Every network whose state a resumed run needs, by name."""
        raise NotImplementedError

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        raise NotImplementedError

    def pools(self) -> dict[str, ImagePool]:
        raise NotImplementedError

    def _adam(self, *networks: nn.Module) -> torch.optim.Adam:
        parameters = [parameter for network in networks for parameter in network.parameters()]
        return torch.optim.Adam(parameters, self.options.learning_rate, (self.options.beta1, 0.999))

    def _averaged(self, network: nn.Module) -> AveragedModel:
        return AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(self.options.ema), use_buffers=True)

    def _set_rates(self) -> None:
        for optimizer in self.optimizers().values():
            for group in optimizer.param_groups:
                group["lr"] = self.learning_rate

    def _step_done(self, parts: dict[str, torch.Tensor]) -> dict[str, float]:
        """Average the generator, count the step; the losses as means over all processes."""
        if self.options.ema > 0:
            self.average.update_parameters(self.draw)
        self.steps += 1
        # Brought to the CPU together: each look at a number waits for the GPU.
        values = self.processes.mean(torch.stack([value.detach() for value in parts.values()])).tolist()
        return dict(zip(parts, values, strict=True))

    def _equivariance(self, photos: torch.Tensor, new_drawings: torch.Tensor) -> torch.Tensor:
        count, own = photos.shape[0] * self.processes.count, self.processes.own
        motions = own(losses.random_motions(count, self.motion_random))
        noise = own(torch.randn((count, *photos.shape[1:]), generator=self.motion_random))
        moved = losses.move(photos, motions) + self._to_device(noise * losses.MOTION_NOISE)
        moved = self.draw(self._to_device(moved))
        return losses.inner_l1(moved, losses.move(new_drawings, motions))

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16)

    def _to_device(self, images: torch.Tensor) -> torch.Tensor:
        return images.to(self.device, memory_format=torch.channels_last, non_blocking=True)


class CycleGan(GanTraining):
    """The four networks, their optimizers and one step of training."""

    command = "animirror train cyclegan"

    def __init__(
        self,
        options: CycleganOptions,
        total_steps: int,
        device: torch.device,
        processes: Processes | None = None,
    ) -> None:
        super().__init__(options, total_steps, device, processes)
        torch.manual_seed(options.seed)
        self.draw = fresh(options.generator, device)  # photo -> drawing
        self.undraw = fresh(options.generator, device)  # drawing -> photo
        self.judge_drawings = fresh(options.discriminator, device)
        self.judge_photos = fresh(options.discriminator, device)
        self.average = self._averaged(self.draw)
        self.generator_optimizer = self._adam(self.draw, self.undraw)
        self.discriminator_optimizer = self._adam(self.judge_drawings, self.judge_photos)
        self.drawing_pool = ImagePool(options.pool, options.seed)
        self.photo_pool = ImagePool(options.pool, options.seed + 1)
        self.motion_random = torch.Generator().manual_seed(options.seed)
        # Dropout must not drop the same features in every process.
        torch.manual_seed(options.seed + self.processes.index)
        if options.compile:
            for network in (self.draw, self.undraw, self.judge_drawings, self.judge_photos):
                network.compile()

    def step(self, photos: torch.Tensor, drawings: torch.Tensor) -> dict[str, float]:
        """One update of generators, then discriminators. Pictures: float32 [N, 3, S, S] RGB in -1..1.

        Returns every loss, unweighted, and their weighted sum as "generator": means over all processes.
        """
        self._set_rates()
        photos, drawings = self._to_device(photos), self._to_device(drawings)
        parts, new_drawings, new_photos = self._update_generators(photos, drawings)
        parts |= self._update_discriminators(photos, drawings, new_drawings, new_photos)
        return self._step_done(parts)

    def _update_generators(
        self, photos: torch.Tensor, drawings: torch.Tensor
    ) -> tuple[dict[str, torch.Tensor], torch.Tensor, torch.Tensor]:
        options, count = self.options, photos.shape[0]
        require_gradients(self.judge_drawings, self.judge_photos, wanted=False)
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
        self.processes.average_gradients(self.generator_optimizer)
        self.generator_optimizer.step()
        return parts, new_drawings.detach().float(), new_photos.detach().float()

    def _update_discriminators(
        self,
        photos: torch.Tensor,
        drawings: torch.Tensor,
        new_drawings: torch.Tensor,
        new_photos: torch.Tensor,
    ) -> dict[str, torch.Tensor]:
        require_gradients(self.judge_drawings, self.judge_photos, wanted=True)
        # Every process keeps the pools of all of them, which so stay the same.
        gather, own = self.processes.gather, self.processes.own
        shown_drawings = own(self.drawing_pool.exchange(gather(new_drawings)))
        shown_photos = own(self.photo_pool.exchange(gather(new_photos)))
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
        self.processes.average_gradients(self.discriminator_optimizer)
        self.discriminator_optimizer.step()
        return parts

    def modules(self) -> dict[str, nn.Module]:
        return {
            "draw": self.draw,
            "undraw": self.undraw,
            "judge_drawings": self.judge_drawings,
            "judge_photos": self.judge_photos,
            "average": self.average,
        }

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {
            "generator_optimizer": self.generator_optimizer,
            "discriminator_optimizer": self.discriminator_optimizer,
        }

    def pools(self) -> dict[str, ImagePool]:
        return {"drawing_pool": self.drawing_pool, "photo_pool": self.photo_pool}


def check_networks(options: CycleganOptions) -> None:
    """Raise UserError where the networks cannot work on pictures of the options' size; computes nothing."""
    for name, spec in (("generator", options.generator), ("discriminator", options.discriminator)):
        with torch.device("meta"):
            picture = torch.empty(2, 3, options.size, options.size)
            network = build(spec)
            try:
                answer = network(picture)
            except RuntimeError as error:
                raise UserError(
                    f"The {name} '{spec['name']}' cannot work on pictures of {options.size} px ({error}); "
                    "change the option 'size', such as to a multiple of 32, or the network's depth."
                ) from error
        if name == "generator" and answer.shape != picture.shape:
            raise UserError(
                f"The generator '{spec['name']}' makes pictures of {tuple(answer.shape[2:])} px out of "
                f"{options.size} px; change the option 'size', such as to a multiple of 32."
            )


def fresh(spec: dict[str, Any], device: torch.device) -> nn.Module:
    """A network with Xavier weights, ready to train on ``device``."""
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


def require_gradients(*networks: nn.Module, wanted: bool) -> None:
    for network in networks:
        network.requires_grad_(wanted)
