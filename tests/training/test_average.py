"""Checkpoints of one network are averaged."""

import json
from pathlib import Path

import pytest
import torch

from animirror.realtime.cli import main
from animirror.realtime.errors import UserError
from animirror.training.average import average
from animirror.training.checkpoint import load_checkpoint, save_checkpoint, save_tensors
from animirror.training.networks import build

NETWORK = {"name": "lite", "width": 4, "blocks": 1, "norm": "batch"}
DESCRIPTION = {"task": "stylization", "network": NETWORK, "size": 64}


def checkpoint(path: Path, seed: int) -> torch.nn.Module:
    torch.manual_seed(seed)
    model = build(NETWORK)
    save_checkpoint(path, model, DESCRIPTION)
    return model


def test_the_command_writes_a_checkpoint_between(tmp_path: Path) -> None:
    first, second = (checkpoint(tmp_path / f"{seed}.safetensors", seed) for seed in (1, 2))
    target = tmp_path / "mean.safetensors"
    files = [str(tmp_path / f"{seed}.safetensors") for seed in (1, 2)]
    assert main(["average", *files, "--shares", "0.25", "0.75", "-o", str(target)]) == 0
    mean, description = load_checkpoint(target)
    for name, value in mean.named_parameters():
        a, b = (dict(model.named_parameters())[name] for model in (first, second))
        assert torch.allclose(value, 0.25 * a + 0.75 * b, atol=1e-6)
    assert description["network"] == NETWORK
    told = json.loads(target.with_suffix(".json").read_text())
    assert told["average"] == {files[0]: 0.25, files[1]: 0.75}


def test_a_state_gives_its_generator(tmp_path: Path) -> None:
    model = checkpoint(tmp_path / "last.safetensors", 3)
    state = {f"draw.{name}": torch.zeros_like(t) for name, t in model.state_dict().items()}
    save_tensors(tmp_path / "state.safetensors", state | {"judge_drawings.x": torch.ones(1)}, {})
    mean = average([tmp_path / "last.safetensors", tmp_path / "state.safetensors"], [0.5, 0.5])
    assert mean.keys() == model.state_dict().keys()
    name, value = next(iter(model.named_parameters()))
    assert torch.allclose(mean[name], value / 2)


def test_half_precision_is_averaged_in_full(tmp_path: Path) -> None:
    for name, value in (("a", 1.0), ("b", 1.0009765625)):
        save_tensors(tmp_path / f"{name}.safetensors", {"w": torch.tensor([value]).half()}, {})
    mean = average([tmp_path / "a.safetensors", tmp_path / "b.safetensors"], [0.5, 0.5])
    assert mean["w"].dtype == torch.float32
    assert mean["w"].item() == 1.00048828125


def together(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """A quarter and three quarters; which part of a face (labels 1 and 2) it is, the first says."""
    mean = 0.25 * a + 0.75 * b
    mean[:, 1:3] = mean[:, 1:3].sum(dim=1, keepdim=True) * a[:, 1:3] / a[:, 1:3].sum(dim=1, keepdim=True)
    return mean


def test_answers_of_other_networks_are_averaged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = ["background", "skin", "eyes", "hair"]
    networks = {
        "a": {"name": "segformer", "labels": labels, "decoder": 16},
        "b": {"name": "efficientnet", "labels": labels, "width": 8},
    }
    told = {"task": "segmentation", "size": 64, "labels": labels}
    models, files = {}, {}
    for name, network in networks.items():
        torch.manual_seed(len(models))
        models[name], files[name] = build(network).eval(), str(tmp_path / f"{name}.safetensors")
        provenance = {"options": {"name": name}}
        about = {**told, "network": network, "provenance": provenance}
        save_checkpoint(Path(files[name]), models[name], about)
    target = tmp_path / "both.safetensors"
    asked = ["average", files["a"], files["b"], "--shares", "0.25", "0.75", "-o", str(target), "--answers"]
    assert main(asked) == 0
    both, description = load_checkpoint(target)
    pictures = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(5))
    with torch.no_grad():
        a, b, mean = (
            model(pixel_values=pictures).logits.softmax(dim=1) for model in (models["a"], models["b"], both)
        )
    assert (a - b).abs().max() > 0.01
    assert torch.allclose(mean, together(a, b), atol=1e-5)
    assert [about["options"]["name"] for about in description["provenance"]["members"]] == ["a", "b"]
    assert description["provenance"]["command"] == "animirror average --answers"
    # One of them may see the picture smaller, and answer as many cells.
    assert main([*asked, "--sides", "0.5", "1"]) == 0
    small = torch.nn.functional.interpolate(pictures, size=(32, 32), mode="bilinear", align_corners=False)
    with torch.no_grad():
        a = models["a"](pixel_values=small).logits.softmax(dim=1)
        a = torch.nn.functional.interpolate(a, size=(16, 16), mode="bilinear", align_corners=False)
        mean = load_checkpoint(target)[0](pixel_values=pictures).logits.softmax(dim=1)
    assert torch.allclose(mean, together(a, b), atol=1e-5)
    assert main([*asked, "--sides", "0.5"]) == 2
    assert "--sides wants 2 numbers" in " ".join(capsys.readouterr().err.split())
    assert main(["average", files["a"], files["a"], *asked[3:-1], "--sides", "1", "1"]) == 2
    assert "--sides is for answers" in " ".join(capsys.readouterr().err.split())
    # The first says which part of a face it is, whatever its share.
    assert main([*asked[:4], "0", "1", *asked[6:]]) == 0
    with torch.no_grad():
        mean = load_checkpoint(target)[0](pixel_values=pictures).logits.softmax(dim=1)
        a = models["a"](pixel_values=pictures).logits.softmax(dim=1)
    assert torch.allclose(mean[:, 1] / mean[:, 2], a[:, 1] / a[:, 2], rtol=1e-3)
    assert torch.allclose(mean[:, 3], b[:, 3], atol=1e-5)
    # Weights of these have no average, and networks of other labels no average of answers.
    assert main(asked[:-1]) == 2
    assert "their answers may have one" in " ".join(capsys.readouterr().err.split())
    save_checkpoint(Path(files["b"]), models["b"], {**told, "labels": ["x"], "network": networks["b"]})
    assert main(asked) == 2
    assert "is no segmenter with the labels of" in " ".join(capsys.readouterr().err.split())


def test_what_does_not_fit_is_named(tmp_path: Path) -> None:
    for name, size in (("a", 1), ("b", 2)):
        save_tensors(tmp_path / f"{name}.safetensors", {"w": torch.ones(size)}, {})
    a, b = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    with pytest.raises(UserError, match=r"b\.safetensors holds another network than"):
        average([a, b], [0.5, 0.5])
    with pytest.raises(UserError, match="add up to 1"):
        average([a, a], [0.5, 0.6])
    with pytest.raises(UserError, match="as many shares, not 2 and 1"):
        average([a, a], [1.0])
    assert main(["average", str(a), str(a), "--shares", "0.5", "0.5", "-o", str(tmp_path / "x.onnx")]) == 2
    assert (
        main(["average", str(a), str(tmp_path / "none.safetensors"), "--shares", "1", "0", "-o", str(a)]) == 2
    )
