"""What ships is a checkpoint again: it draws the same, and its normalisation is at work."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from animirror.export.to_onnx import write_onnx
from animirror.realtime.errors import UserError
from animirror.training.data import to_tensor
from animirror.training.networks import build
from animirror.training.unfold import unfolded

NETWORK = {
    "name": "lite-enhanced",
    "width": 8,
    "blocks": 1,
    "detail_blocks": 1,
    "norm": "batch",
    "enhance": 8,
}
SIZE = 32


def photos() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (12, SIZE, SIZE, 3), dtype=np.uint8)


def trained() -> nn.Module:
    """A generator whose normalisations have statistics and scales of their own."""
    torch.manual_seed(1)
    network = build(NETWORK)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.5, 0.5)
            nn.init.uniform_(module.running_mean, -0.3, 0.3)  # type: ignore[arg-type]
            nn.init.uniform_(module.running_var, 0.5, 2.0)  # type: ignore[arg-type]
    for parameter in network.out.parameters():  # type: ignore[union-attr]
        nn.init.normal_(parameter, 0, 0.1)
    return network.eval()


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[nn.Module, Path]:
    network, path = trained(), tmp_path_factory.mktemp("unfold") / "model.onnx"
    write_onnx(network, {"task": "stylization", "style": "test", "size": SIZE}, path, "fp16")
    return network, path


def test_it_draws_as_before_and_its_statistics_are_those_of_the_photos(
    exported: tuple[nn.Module, Path],
) -> None:
    before, path = exported
    after = unfolded(path, build(NETWORK), photos())
    shown = torch.stack([to_tensor(photo) for photo in photos()])
    with torch.no_grad():
        wanted, found = before(shown), after(shown)
        assert wanted.std() > 0.1
        # Half precision of the file.
        assert (wanted - found).abs().max() < 0.02
        # In training the statistics are the batch's own: the same, since it is the same batch.
        assert (after.train()(shown) - found).abs().max() < 0.02
    fresh = build(NETWORK)
    with torch.no_grad():
        assert (fresh(shown) - found).abs().max() > 0.2


def test_another_network_is_refused(exported: tuple[nn.Module, Path]) -> None:
    with pytest.raises(UserError, match=r"model\.onnx holds another network .*'coarse\.stem\.1\.weight'"):
        unfolded(exported[1], build(NETWORK | {"width": 12}), photos())
