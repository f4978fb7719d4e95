"""What ships, to go on from: an exported generator's weights, back in a network with batch normalisation.

animirror unfold cartoon-lite training/presets/cartoon-drawn-4.json \
  --judge weights/checkpoints/anime-lite-state.safetensors -o runs/cartoon-shipped/state.safetensors

Export folds each normalisation into its convolution (Jacob et al., CVPR 2018, section 3.2). Here every
normalisation gets the mean and the variance that its convolution's answers have on the preset's photos, and
the scale and the shift that undo them: the network draws as before, and trains on as if never folded.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from rich.console import Console
from torch import nn

from animirror.realtime.errors import UserError
from animirror.realtime.zoo import Zoo
from animirror.training.average import GENERATOR
from animirror.training.checkpoint import checkpoint_path, load_tensors, save_tensors
from animirror.training.drawings import read_pairs
from animirror.training.lessons import spread
from animirror.training.networks import build
from animirror.training.options import DistillOptions
from animirror.training.options_file import load_options
from animirror.training.samples import translate

# Photos that the statistics are taken from.
PHOTOS = 64
# A training's state calls its discriminators so.
JUDGES = "judge_"
# How export calls the network's tensors, and those that it stores in half precision.
PREFIX, HALF = "network.", "_half"


def run(arguments: Namespace) -> int:
    """`animirror unfold MODEL OPTIONS.json -o FILE [--judge STATE]`."""
    target = checkpoint_path(arguments.output)
    options, zoo = load_options(DistillOptions, Path(arguments.options)), Zoo()
    entry = zoo.get(arguments.model)
    if not options.pairs:
        raise UserError(f"{arguments.options} names no 'pairs', whose photos unfolding needs.")
    photos, _ = spread(read_pairs(Path(options.pairs), "train"), PHOTOS, options.size)
    network = unfolded(zoo.verify(entry), build(options.generator), photos)
    tensors = {f"{GENERATOR}{name}": tensor for name, tensor in network.state_dict().items()}
    if arguments.judge:
        tensors |= _judges(Path(arguments.judge))
    save_tensors(target, tensors, {"unfolded": entry.name, "sha256": entry.sha256})
    Console(stderr=True).print(f"{target}: {entry.name}, to go on from ('init')", soft_wrap=True)
    return 0


def unfolded(path: Path, network: nn.Module, photos: NDArray[np.uint8]) -> nn.Module:
    """``network`` with the weights of the exported file, in evaluation mode.

    ``photos``: uint8 [N, S, S, 3] BGR. Raises UserError where the file holds another network.
    """
    weights = _exported(path)
    own = network.state_dict()
    wanted = [
        f"{name}.{kind}"
        for name, module in network.named_modules()
        if isinstance(module, nn.Conv2d)
        for kind in ("weight", "bias")
    ]
    odd = [name for name in wanted if name not in weights or weights[name].shape != own[name].shape]
    if odd:
        raise UserError(f"{path} holds another network than the options name: '{odd[0]}' is not there so.")
    network.load_state_dict({name: weights[name] for name in wanted}, strict=False)
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    _undo(norms, [torch.zeros(n.num_features) for n in norms], [torch.ones(n.num_features) for n in norms])
    _undo(norms, *_statistics(network.eval(), norms, photos))
    return network


def _judges(path: Path) -> dict[str, torch.Tensor]:
    """The discriminators of another training's state: one that knows drawings teaches from the first step."""
    judges = {name: tensor for name, tensor in load_tensors(path)[0].items() if name.startswith(JUDGES)}
    if not judges:
        raise UserError(f"{path} holds no discriminator; name the state of a generator's training.")
    return judges


def _exported(path: Path) -> dict[str, torch.Tensor]:
    """Float tensors of an exported file by the names that they have in the network."""
    return {
        item.name.removeprefix(PREFIX).removesuffix(HALF): torch.from_numpy(
            numpy_helper.to_array(item).astype(np.float32)
        )
        for item in onnx.load(str(path)).graph.initializer
        if item.name.startswith(PREFIX)
    }


def _undo(
    norms: Sequence[nn.BatchNorm2d], means: Sequence[torch.Tensor], variances: Sequence[torch.Tensor]
) -> None:
    """Give every normalisation its statistics, and the scale and shift with which it changes nothing."""
    with torch.no_grad():
        for norm, mean, variance in zip(norms, means, variances, strict=True):
            # BatchNorm's default is to keep them.
            assert norm.running_mean is not None
            assert norm.running_var is not None
            norm.running_mean.copy_(mean)
            norm.running_var.copy_(variance)
            norm.weight.copy_((variance + norm.eps).sqrt())
            norm.bias.copy_(mean)


def _statistics(
    network: nn.Module, norms: Sequence[nn.BatchNorm2d], photos: NDArray[np.uint8]
) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Mean and variance of each channel of what each normalisation is given, over all photos."""
    sums = [torch.zeros(2, norm.num_features, dtype=torch.float64) for norm in norms]
    counts = [0] * len(norms)

    def count(index: int, given: torch.Tensor) -> None:
        values = given.double()
        sums[index] += torch.stack([values.sum(dim=(0, 2, 3)), values.square().sum(dim=(0, 2, 3))])
        counts[index] += given.numel() // given.shape[1]

    hooks = [
        norm.register_forward_pre_hook(lambda _module, given, index=index: count(index, given[0]))
        for index, norm in enumerate(norms)
    ]
    translate(network, photos)
    for hook in hooks:
        hook.remove()
    means = [total[0] / n for total, n in zip(sums, counts, strict=True)]
    squares = [total[1] / n for total, n in zip(sums, counts, strict=True)]
    variances = [square - mean.square() for square, mean in zip(squares, means, strict=True)]
    return [mean.float() for mean in means], [variance.clamp(min=0.0).float() for variance in variances]
