"""Several processes as one run: what `accelerate launch` starts on more than one GPU or machine.

accelerate launch --multi_gpu --num_processes 2 -m animirror.realtime.cli train cyclegan options.json
accelerate launch --cpu --num_processes 2 --mpirun_hostfile hosts -m animirror.realtime.cli train ...
torchrun --nproc_per_node 2 -m animirror.realtime.cli train cyclegan options.json

On CPUs accelerate starts several processes through mpirun (Open MPI; `hosts` holds a line such as "localhost
slots=2"); torchrun needs nothing more. Either way they talk by gloo.

Each process takes its share of every batch. What must be common is made so in a few places: gradients are
averaged before each step of an optimizer (all at once rather than by DistributedDataParallel, which cannot
follow a generator that answers twice before one backward pass), the pools of earlier results are filled
from all shares, and random numbers are drawn for the whole batch. So two processes compute what one with
the double batch would, but for batch normalisation, whose statistics are each process's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import torch
from accelerate import PartialState
from accelerate.utils import broadcast_object_list, gather, parse_flag_from_env, reduce
from torch import nn

Value = TypeVar("Value")


class Processes:
    """The processes of this run: ``count`` of them, this one's ``index`` and ``device``.

    With one process, every method answers what it was given.
    """

    def __init__(self) -> None:
        on_cpu = not torch.cuda.is_available() or parse_flag_from_env("ACCELERATE_USE_CPU")
        state = PartialState(cpu=on_cpu)
        self.count, self.index = int(state.num_processes), int(state.process_index)
        # The loops are tried on these two only.
        self.device = state.device if state.device.type == "cuda" else torch.device("cpu")

    @property
    def is_main(self) -> bool:
        """Whether this process writes the files."""
        return self.index == 0

    def mean(self, tensor: torch.Tensor) -> torch.Tensor:
        """The mean over the processes."""
        return reduce(tensor, "mean") if self.count > 1 else tensor

    def gather(self, share: torch.Tensor) -> torch.Tensor:
        """The shares of all processes, one after the other along the first axis."""
        return gather(share.contiguous()) if self.count > 1 else share

    def own(self, whole: torch.Tensor) -> torch.Tensor:
        """This process's share of what :meth:`gather` gave."""
        return whole.chunk(self.count)[self.index] if self.count > 1 else whole

    def any(self, here: bool) -> bool:
        """Whether it is so in any process."""
        if self.count == 1:
            return here
        return bool(self.mean(torch.tensor(float(here), device=self.device)) > 0)

    def from_main(self, value: Value) -> Value:
        """The main process's value, in all of them."""
        if self.count == 1:
            return value
        values = [value]
        broadcast_object_list(values)
        return values[0]

    def wait(self) -> None:
        """Go on when all of them have come so far."""
        if self.count > 1:
            PartialState().wait_for_everyone()

    def average_gradients(self, optimizer: torch.optim.Optimizer) -> None:
        """Give the optimizer's parameters the mean of all processes' gradients."""
        if self.count == 1:
            return
        parameters = (p for group in optimizer.param_groups for p in group["params"])
        self._average([p.grad for p in parameters if p.grad is not None])

    def average_statistics(self, networks: Iterable[nn.Module]) -> None:
        """Give the networks' buffers (running means and variances) the mean of all processes'."""
        if self.count > 1:
            self._average([b for network in networks for b in network.buffers() if b.is_floating_point()])

    @torch.no_grad()
    def _average(self, tensors: list[torch.Tensor]) -> None:
        if not tensors:
            return
        # One message for all of them.
        flat = self.mean(torch.cat([tensor.flatten() for tensor in tensors]))
        for tensor, part in zip(tensors, flat.split([t.numel() for t in tensors]), strict=True):
            tensor.copy_(part.view_as(tensor))
