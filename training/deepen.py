"""Deeper networks from shallower checkpoints: layers are added that change nothing until they are trained."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import nn

from animirror.training.checkpoint import fit_weights, load_tensors

# A layer of a SegFormer's encoder, by the names of its tensors: stage, place in the stage, and the rest.
LAYER = re.compile(r"(segformer\.stages\.\d+\.blocks\.)(\d+)\.(.+)")
# What a layer adds to its input comes out of these two.
OUTPUTS = ("attention.o_proj.", "mlp.fc2.")


def load_deepened(model: nn.Module, path: Path) -> None:
    """Load a checkpoint of a SegFormer of as many layers as ``model`` or fewer; the answers stay the same.

    A stage's missing layers become copies of its last one that add nothing to their input, as their outputs'
    weights are 0 (Chen et al., "Net2Net", ICLR 2016, section 2.3: a deeper network that begins as the same
    function). Raises UserError where the checkpoint does not fit otherwise.
    """
    tensors, _ = load_tensors(path)
    fit_weights(model, deepened(tensors, model.state_dict()), path)


def deepened(tensors: dict[str, torch.Tensor], wanted: Iterable[str]) -> dict[str, torch.Tensor]:
    """The tensors, and those of ``wanted`` layers behind each stage's last one; see :func:`load_deepened`."""
    last: dict[str, int] = {}
    for name in tensors:
        if found := LAYER.fullmatch(name):
            last[found[1]] = max(int(found[2]), last.get(found[1], 0))
    grown = dict(tensors)
    for name in wanted:
        found = LAYER.fullmatch(name)
        if found is None or found[1] not in last or int(found[2]) <= last[found[1]]:
            continue
        source = tensors[f"{found[1]}{last[found[1]]}.{found[3]}"]
        grown[name] = torch.zeros_like(source) if found[3].startswith(OUTPUTS) else source.clone()
    return grown
