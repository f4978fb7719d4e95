from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import nn

from animirror.export.parity import Parity, check_parity
from animirror.export.to_onnx import write_onnx
from animirror.realtime.errors import UserError
from tests.export.conftest import GENERATOR, SIZE, trained


class Shifted(nn.Module):
    """The network, its answer brighter by so many grey levels."""

    def __init__(self, network: nn.Module, levels: float) -> None:
        super().__init__()
        self.network, self.levels = network, levels

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        shifted: torch.Tensor = self.network(images) + self.levels / 127.5
        return shifted


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[nn.Module, Path]:
    network, path = trained(GENERATOR), tmp_path_factory.mktemp("parity") / "g.onnx"
    write_onnx(network, GENERATOR, path)
    return network, path


def test_the_file_of_the_network_agrees(exported: tuple[nn.Module, Path], crops: NDArray[np.uint8]) -> None:
    parity = check_parity(exported[0], "stylization", exported[1], crops)
    assert parity.crops == 3
    assert parity.largest <= 1
    assert parity.share_different <= 1e-3


@pytest.mark.parametrize("levels", [1, 2, 30])
def test_a_shift_of_all_levels_is_no_rounding(
    exported: tuple[nn.Module, Path], crops: NDArray[np.uint8], levels: float
) -> None:
    with pytest.raises(UserError, match=rf"g\.onnx does not answer.*largest difference {levels}"):
        check_parity(Shifted(exported[0], levels), "stylization", exported[1], crops)


def test_one_wrong_weight_is_found(
    exported: tuple[nn.Module, Path], crops: NDArray[np.uint8], tmp_path: Path
) -> None:
    model = onnx.load(str(exported[1]))
    weights = max(model.graph.initializer, key=lambda tensor: int(np.prod(tensor.dims)))
    values = numpy_helper.to_array(weights).copy()
    values[0, 0] += 0.5
    weights.CopyFrom(numpy_helper.from_array(values, weights.name))
    onnx.save(model, str(tmp_path / "bad.onnx"))
    with pytest.raises(UserError, match="does not answer as the checkpoint does"):
        check_parity(exported[0], "stylization", tmp_path / "bad.onnx", crops)


def test_figures_by_hand(tmp_path: Path) -> None:
    """One level in one of the crops is one in 3 * SIZE * SIZE * 3 values; the file copies its input."""
    path = tmp_path / "copy.onnx"
    write_onnx(nn.Identity(), GENERATOR, path)
    crops = np.full((3, SIZE, SIZE, 3), 100, np.uint8)
    crops[1, 5, 7, 0] = 7

    class Lowers(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return torch.where(images < 8 / 127.5 - 1, images - 1 / 127.5, images)

    parity = check_parity(Lowers(), "stylization", path, crops)
    assert parity == Parity(3, 1.0, 1 / (3 * SIZE * SIZE * 3))
