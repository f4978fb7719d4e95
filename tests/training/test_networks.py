import pytest
import torch
from torch import nn

from animirror.realtime.errors import UserError
from animirror.training.networks import build
from animirror.training.networks.lite import LiteEnhancedGenerator


def parameters(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize("norm", ["batch", "instance", "layer", "none"])
@pytest.mark.parametrize(
    "spec", [{"name": "resnet", "filters": 4, "blocks": 1}, {"name": "lite", "width": 8, "blocks": 1}]
)
def test_generators_keep_shape_and_range(spec: dict[str, object], norm: str) -> None:
    drawn = build(spec | {"norm": norm})(torch.randn(2, 3, 64, 48) * 3)
    assert drawn.shape == (2, 3, 64, 48)
    assert drawn.abs().max() <= 1


def test_the_thesiss_resnet_has_its_published_size() -> None:
    # Zhu's ResNet-9 with instance normalisation has 11.378 million weights (their training log prints it).
    assert parameters(build({"name": "resnet", "norm": "instance"})) == pytest.approx(11.378e6, rel=1e-3)
    with_resize = build({"name": "resnet", "norm": "instance", "upsampling": "resize"})
    assert not any(isinstance(m, nn.ConvTranspose2d) for m in with_resize.modules())
    with_dropout = build({"name": "resnet", "filters": 4, "dropout": 0.5})
    assert sum(isinstance(m, nn.Dropout) for m in with_dropout.modules()) == 9


def test_patchgan_sees_patches_of_70_pixels() -> None:
    judge = build({"name": "patchgan", "norm": "none", "filters": 4})
    picture = torch.zeros(1, 3, 128, 128, requires_grad=True)
    (scores,) = judge(picture)
    assert scores.shape == (1, 1, 14, 14)
    scores[0, 0, 7, 7].backward()
    assert picture.grad is not None
    seen = picture.grad[0].abs().sum(0).nonzero()
    assert (seen.max(0).values - seen.min(0).values + 1).tolist() == [70, 70]


def test_enhancer_starts_as_the_coarse_picture_doubled() -> None:
    coarse = build({"name": "lite", "width": 8, "blocks": 1}).eval()
    enhanced = build({"name": "lite-enhanced", "width": 8, "blocks": 1, "enhance": 8}).eval()
    assert isinstance(enhanced, LiteEnhancedGenerator)
    enhanced.load_coarse(coarse.state_dict())
    smooth = torch.nn.functional.interpolate(torch.randn(1, 3, 4, 4), size=(64, 64), mode="bicubic")
    half = torch.nn.functional.avg_pool2d(smooth, 2)
    doubled = torch.nn.functional.interpolate(coarse(half).atanh(), scale_factor=2.0, mode="bilinear").tanh()
    assert torch.allclose(enhanced(smooth), doubled, atol=1e-4)


def test_multiscale_judge_sees_both_sizes() -> None:
    judge = build({"name": "patchgan-multiscale", "norm": "none", "filters": 4, "fine_filters": 4})
    fine, coarse = judge(torch.randn(2, 3, 128, 128))
    assert (fine.shape, coarse.shape) == ((2, 1, 14, 14), (2, 1, 6, 6))


def test_patchgan_has_the_published_size() -> None:
    # 64-128-256-512 with instance normalisation (no weights of its own): 2.765 million.
    assert parameters(build({"name": "patchgan", "norm": "instance"})) == pytest.approx(2.765e6, rel=1e-3)


def test_segformer_answers_at_a_quarter() -> None:
    network = build({"name": "segformer", "labels": ["a", "b", "c"], "decoder": 32})
    logits = network(pixel_values=torch.randn(1, 3, 64, 64)).logits
    assert logits.shape == (1, 3, 16, 16)
    b0 = build({"name": "segformer", "labels": [str(i) for i in range(150)]})
    assert parameters(b0) == pytest.approx(3.75e6, rel=0.02)  # 3.8 M in table 2 of the paper


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"name": "vgg"}, "Unknown network 'vgg'"),
        ({"name": "lite", "colour": 1}, "cannot be built"),
        ({"name": "resnet", "norm": "magic"}, "Unknown normalisation"),
        ({"name": "resnet", "upsampling": "magic"}, "upsampling must be"),
        ({"name": "segformer", "labels": ["a"], "variant": "b9"}, "Unknown SegFormer variant"),
    ],
)
def test_mistakes_are_named(spec: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        build(spec)


def test_pretrained_offline_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(UserError, match=r"nvidia/mit-b0-nowhere.*go online"):
        build({"name": "segformer", "labels": ["a"], "pretrained": "nvidia/mit-b0-nowhere"})
