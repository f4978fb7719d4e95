"""The registry: a network is one file here and one line in NETWORKS."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import nn

from animirror.realtime.errors import UserError
from animirror.training.networks.efficientnet import EfficientNetSegmenter
from animirror.training.networks.ensemble import SegmenterEnsemble
from animirror.training.networks.lite import LiteEnhancedGenerator, LiteGenerator
from animirror.training.networks.patchgan import MultiscalePatchGAN, PatchGAN
from animirror.training.networks.resnet import ResnetGenerator
from animirror.training.networks.segformer import build_segformer
from animirror.training.networks.unet import UnetGenerator

NETWORKS: dict[str, Callable[..., nn.Module]] = {
    "segformer": build_segformer,
    "efficientnet": EfficientNetSegmenter,
    "ensemble": SegmenterEnsemble,
    "resnet": ResnetGenerator,
    "unet": UnetGenerator,
    "lite": LiteGenerator,
    "lite-enhanced": LiteEnhancedGenerator,
    "patchgan": PatchGAN,
    "patchgan-multiscale": MultiscalePatchGAN,
}


def build(spec: Mapping[str, Any]) -> nn.Module:
    """The network that ``spec`` describes: {"name": a key of NETWORKS, ...its keyword arguments}.

    Raises UserError for an unknown name or an argument that the network does not take.
    """
    arguments = dict(spec)
    name = arguments.pop("name", None)
    if name not in NETWORKS:
        raise UserError(f"Unknown network '{name}'; known: {', '.join(sorted(NETWORKS))}.")
    try:
        return NETWORKS[name](**arguments)
    except TypeError as error:
        raise UserError(f"Network '{name}' cannot be built from {arguments}: {error}.") from error
