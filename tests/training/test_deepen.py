"""A shallow SegFormer's checkpoint begins a deeper one."""

from pathlib import Path

import pytest
import torch
from torch import nn

from animirror.realtime.errors import UserError
from animirror.training.average import average
from animirror.training.checkpoint import load_tensors, save_checkpoint
from animirror.training.deepen import load_deepened
from animirror.training.networks import build

SHALLOW = {"name": "segformer", "labels": ["a", "b"], "decoder": 16, "depths": [1, 2, 1, 1]}
DEEP = SHALLOW | {"depths": [2, 2, 3, 1]}


@pytest.fixture
def shallow(tmp_path: Path) -> nn.Module:
    """A shallow network whose checkpoint is shallow.safetensors."""
    torch.manual_seed(2)
    network = build(SHALLOW).eval()
    save_checkpoint(tmp_path / "shallow.safetensors", network, {})
    return network


def deep(path: Path) -> nn.Module:
    torch.manual_seed(3)
    network = build(DEEP).eval()
    load_deepened(network, path)
    return network


@torch.no_grad()
def test_the_deeper_network_answers_the_same(shallow: nn.Module, tmp_path: Path) -> None:
    picture = torch.randn(1, 3, 64, 64)
    wanted = shallow(picture).logits
    assert wanted.std() > 1e-4
    assert torch.equal(deep(tmp_path / "shallow.safetensors")(picture).logits, wanted)


def test_every_added_layer_learns(shallow: nn.Module, tmp_path: Path) -> None:
    network = deep(tmp_path / "shallow.safetensors")
    network(torch.randn(1, 3, 64, 64)).logits.square().mean().backward()
    gradients = {name: parameter.grad for name, parameter in network.named_parameters()}
    for layer in ("stages.0.blocks.1", "stages.2.blocks.1", "stages.2.blocks.2"):
        for output in ("attention.o_proj", "mlp.fc2"):
            gradient = gradients[f"segformer.{layer}.{output}.weight"]
            assert gradient is not None
            assert gradient.abs().max() > 0


def test_a_network_of_as_many_layers_is_loaded_as_it_is(shallow: nn.Module, tmp_path: Path) -> None:
    again = build(SHALLOW)
    load_deepened(again, tmp_path / "shallow.safetensors")
    for name, value in shallow.state_dict().items():
        assert torch.equal(again.state_dict()[name], value), name


def test_the_average_of_both_is_between(shallow: nn.Module, tmp_path: Path) -> None:
    network = deep(tmp_path / "shallow.safetensors")
    output = "segformer.stages.2.blocks.2.mlp.fc2.weight"
    with torch.no_grad():
        dict(network.named_parameters())[output].fill_(1.0)
    save_checkpoint(tmp_path / "deep.safetensors", network, {})
    mean = average([tmp_path / "deep.safetensors", tmp_path / "shallow.safetensors"], [0.25, 0.75])
    assert mean.keys() == load_tensors(tmp_path / "deep.safetensors")[0].keys()
    assert mean[output].unique().tolist() == [0.25]


@pytest.mark.parametrize("change", [{"depths": [1, 1, 1, 1]}, {"decoder": 8}, {"variant": "b1"}])
def test_what_does_not_fit_is_named(shallow: nn.Module, tmp_path: Path, change: dict[str, object]) -> None:
    with pytest.raises(UserError, match=r"shallow\.safetensors does not fit its network"):
        load_deepened(build(SHALLOW | change), tmp_path / "shallow.safetensors")
