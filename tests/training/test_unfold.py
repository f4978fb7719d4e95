"""What ships is a checkpoint again: it draws the same, and its normalisation is at work."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from animirror.export.to_onnx import write_onnx
from animirror.realtime.cli import main
from animirror.realtime.errors import UserError
from animirror.realtime.runtime import Session
from animirror.realtime.zoo import Zoo
from animirror.training.checkpoint import load_tensors, save_tensors
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


def test_a_style_that_ships_is_unfolded_with_a_judge_that_goes_along(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    preset = Path(__file__).parents[2] / "training" / "presets" / "cartoon-drawn-4.json"
    options = json.loads(preset.read_text()) | {"pairs": str(tmp_path / "pairs")}
    (tmp_path / "options.json").write_text(json.dumps(options))
    for side in ("photos", "drawings"):
        folder = tmp_path / "pairs" / "train" / side
        folder.mkdir(parents=True)
        for index, photo in enumerate(photos()[:2]):
            cv2.imwrite(str(folder / f"{index}.png"), cv2.resize(photo, (320, 320)))
    save_tensors(
        tmp_path / "state.safetensors", {"draw.x": torch.zeros(1), "judge_drawings.x": torch.ones(1)}, {}
    )
    command = [
        "unfold",
        "cartoon-lite",
        str(tmp_path / "options.json"),
        "-o",
        str(tmp_path / "new.safetensors"),
    ]
    assert main([*command, "--judge", str(tmp_path / "state.safetensors")]) == 0
    tensors, told = load_tensors(tmp_path / "new.safetensors")
    zoo = Zoo()
    assert told == {"unfolded": "cartoon-lite", "sha256": zoo.get("cartoon-lite").sha256}
    assert tensors.pop("judge_drawings.x") == 1
    network = build(options["generator"]).eval()
    network.load_state_dict({name.removeprefix("draw."): tensor for name, tensor in tensors.items()})
    shown = cv2.resize(photos()[0], (256, 256), interpolation=cv2.INTER_CUBIC)
    session = Session(zoo.folder / zoo.get("cartoon-lite").file, "cpu")
    with torch.no_grad():
        drawn = (network(to_tensor(shown)[None])[0].movedim(0, -1).numpy()[..., ::-1] + 1) * 127.5
    assert np.abs(drawn - session.run(shown[None])[0]).mean() < 1.5

    save_tensors(tmp_path / "none.safetensors", {"draw.x": torch.zeros(1)}, {})
    assert main([*command, "--judge", str(tmp_path / "none.safetensors")]) == 2
    assert "none.safetensors holds no discriminator" in capsys.readouterr().err
