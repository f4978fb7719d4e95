import copy
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from transformers.models.segformer.modeling_segformer import SegformerDecodeHead

from animirror.export.fold import FoldedDecoder, folded
from animirror.export.to_onnx import write_onnx
from animirror.realtime.runtime import Session
from tests.export.conftest import GENERATOR, SEGMENTER, trained

WIDE: dict[str, Any] = SEGMENTER | {
    "network": SEGMENTER["network"] | {"decoder": 256},
    "size": 128,
}


def with_usual_head(network: Any) -> nn.Module:
    """A copy with transformers' own decoder."""
    network = copy.deepcopy(network)
    head = SegformerDecodeHead(network.config)
    head.load_state_dict(network.decode_head.state_dict())
    network.decode_head = head.eval()
    return network


def test_the_folded_decoder_answers_the_same() -> None:
    network = with_usual_head(trained(SEGMENTER))
    light = folded(network)
    assert isinstance(light.decode_head, FoldedDecoder)
    assert not isinstance(network.decode_head, FoldedDecoder)
    pictures = torch.randn(2, 3, 96, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected, found = network(pixel_values=pictures).logits, light(pixel_values=pictures).logits
    assert expected.abs().max() > 1
    assert (expected - found).abs().max() < 1e-4 * expected.abs().max()


def test_other_networks_stay_as_they_are() -> None:
    network = trained(GENERATOR)
    assert folded(network) is network


def test_members_of_an_ensemble_are_folded() -> None:
    network, members = SEGMENTER["network"], [SEGMENTER["network"], {"name": "efficientnet", "width": 8}]
    spec = {"name": "ensemble", "labels": network["labels"], "members": members, "shares": [0.5, 0.5]}
    ensemble = trained(SEGMENTER | {"network": spec})
    light = folded(ensemble)
    assert isinstance(light.members[0].decode_head, FoldedDecoder)
    assert not isinstance(ensemble.members[0].decode_head, FoldedDecoder)
    pictures = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected, found = ensemble(pixel_values=pictures).logits, light(pixel_values=pictures).logits
    assert (expected - found).abs().max() < 1e-3


def test_the_folded_file_is_faster(tmp_path: Path) -> None:
    network = trained(WIDE)
    write_onnx(with_usual_head(network), WIDE, tmp_path / "plain.onnx")
    write_onnx(folded(network), WIDE, tmp_path / "folded.onnx")
    sessions = [Session(tmp_path / f"{name}.onnx", "cpu", threads=1) for name in ("plain", "folded")]
    least = [float("inf"), float("inf")]
    for _ in range(20):  # in turns: other work on the machine meets both
        for index, session in enumerate(sessions):
            start = time.perf_counter()
            session.warm_up()
            least[index] = min(least[index], time.perf_counter() - start)
    assert least[1] < 0.9 * least[0]


@pytest.mark.parametrize("attribute", ["linear_projections", "linear_c"])
def test_both_names_of_the_linear_layers_are_known(attribute: str) -> None:
    """transformers 4 and 5 call them differently."""
    head = trained(SEGMENTER).decode_head
    layers = getattr(head, "linear_projections", None) or head.linear_c  # type: ignore[union-attr]
    for name in ("linear_projections", "linear_c"):
        if name in head._modules:  # type: ignore[union-attr]
            del head._modules[name]  # type: ignore[union-attr]
    setattr(head, attribute, layers)  # type: ignore[arg-type]
    assert len(FoldedDecoder(head).stages) == 4  # type: ignore[arg-type]
