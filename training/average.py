"""Averages of checkpoints: weights between two trainings of one network are often better than either's.

animirror average runs/a/last.safetensors runs/b/last.safetensors --shares 0.5 0.5 -o average.safetensors

Works where the second training began from the first (Wortsman et al., "Robust fine-tuning of zero-shot
models", CVPR 2022, section 3: WiSE-FT). Networks of other shapes have their answers averaged (--answers).
"""

from __future__ import annotations

import math
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from animirror.realtime.errors import UserError
from animirror.training.checkpoint import checkpoint_path, load_tensors, read_description, save_tensors

# A generator's tensors in the state of its training are called so.
GENERATOR = "draw."


def run(arguments: Namespace) -> int:
    """`animirror average CHECKPOINT CHECKPOINT... --shares S S... -o FILE [--answers]`."""
    target = checkpoint_path(arguments.output)
    paths = [Path(path) for path in arguments.checkpoints]
    if arguments.sides and not arguments.answers:
        raise UserError("--sides is for answers: give --answers, too, or leave it out.")
    if arguments.answers:
        tensors, description = side_by_side(paths, arguments.shares, arguments.sides)
    else:
        tensors, description = average(paths, arguments.shares), read_description(paths[0])
    shares = {str(path): share for path, share in zip(paths, arguments.shares, strict=True)}
    save_tensors(target, tensors, description | {"average": shares})
    Console(stderr=True).print(f"{target}: the average of {len(paths)} checkpoints", soft_wrap=True)
    return 0


def side_by_side(
    paths: Sequence[Path], shares: Sequence[float], sides: Sequence[float] | None = None
) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Tensors and description of one network that asks all of these segmenters (networks/ensemble.py).

    ``sides``: how large each sees the picture, as a share of its side (None: all of it). Size and provenance
    are the first one's, beside that of the others. Raises UserError where shares or sides do not fit, or a
    checkpoint is no segmenter of the first one's labels.
    """
    _check_shares(paths, shares)
    if sides is not None and (len(sides) != len(paths) or not all(0 < side <= 1 for side in sides)):
        raise UserError(f"--sides wants {len(paths)} numbers over 0, 1 at most, one for each checkpoint.")
    told = [read_description(path) for path in paths]
    labels = told[0].get("labels")
    for path, description in zip(paths, told, strict=True):
        if description["task"] != "segmentation" or description.get("labels") != labels:
            raise UserError(
                f"{path} is no segmenter with the labels of {paths[0]}: their answers have no average."
            )
    tensors = {
        f"members.{place}.{name}": tensor
        for place, path in enumerate(paths)
        for name, tensor in load_tensors(path)[0].items()
    }
    network = {
        "name": "ensemble",
        "labels": labels,
        "members": [description["network"] for description in told],
        "shares": list(shares),
        "sides": list(sides) if sides else None,
    }
    members = [description.get("provenance", {}) for description in told]
    provenance = {"command": "animirror average --answers", "members": members}
    return tensors, told[0] | {"network": network, "provenance": provenance}


def average(paths: Sequence[Path], shares: Sequence[float]) -> dict[str, torch.Tensor]:
    """The weighted mean of checkpoints' tensors, float32; other types as in the first.

    Of a training's state the generator's tensors count. Raises UserError where shares or tensors do not fit.
    """
    _check_shares(paths, shares)
    parts = [_network_tensors(path) for path in paths]
    first = parts[0]
    for path, tensors in zip(paths, parts, strict=True):
        if {n: t.shape for n, t in tensors.items()} != {n: t.shape for n, t in first.items()}:
            raise UserError(
                f"{path} holds another network than {paths[0]}: their weights have no average, their answers "
                "may have one (--answers)."
            )
    mean = dict(first)
    for name, value in first.items():
        if value.is_floating_point():
            weighted = [share * part[name].float() for share, part in zip(shares, parts, strict=True)]
            mean[name] = torch.stack(weighted).sum(dim=0)
    return mean


def _check_shares(paths: Sequence[Path], shares: Sequence[float]) -> None:
    if len(paths) < 2 or len(shares) != len(paths):
        raise UserError(
            f"Name two checkpoints or more and as many shares, not {len(paths)} and {len(shares)}."
        )
    if any(share < 0 for share in shares) or not math.isclose(sum(shares), 1.0, abs_tol=1e-6):
        raise UserError("The shares must be 0 or more and add up to 1.")


def _network_tensors(path: Path) -> dict[str, torch.Tensor]:
    tensors, _ = load_tensors(path)
    drawn = {name.removeprefix(GENERATOR): t for name, t in tensors.items() if name.startswith(GENERATOR)}
    return drawn or tensors
