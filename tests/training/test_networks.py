import pytest
import torch
from torch import nn
from transformers.models.segformer.modeling_segformer import SegformerDecodeHead

from animirror.realtime.errors import UserError
from animirror.training.networks import build
from animirror.training.networks.blocks import freeze_norms
from animirror.training.networks.lite import LiteEnhancedGenerator


def parameters(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize("norm", ["batch", "instance", "layer", "none"])
@pytest.mark.parametrize(
    "spec",
    [
        {"name": "resnet", "filters": 4, "blocks": 1},
        {"name": "resnet", "filters": 4, "blocks": 1, "upsampling": "resize"},
        {"name": "unet", "filters": 4, "depth": 4, "dropout": 0.5},
        {"name": "unet", "filters": 4, "depth": 2, "upsampling": "resize"},
        {"name": "lite", "width": 8, "blocks": 1},
    ],
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


def test_the_thesiss_resnet_is_its_table_5_1() -> None:
    layers = build({"name": "resnet"}).layers
    shapes, picture = [], torch.zeros(2, 3, 32, 32)
    for layer in layers:
        picture = layer(picture)
        if not isinstance(layer, nn.BatchNorm2d | nn.ReLU | nn.Tanh):
            shapes.append(tuple(picture.shape[1:]))
    down, body = [(64, 32, 32), (128, 16, 16), (256, 8, 8)], [(256, 8, 8)] * 9
    assert shapes == [*down, *body, (128, 16, 16), (64, 32, 32), (3, 32, 32)]
    convolutions = [m for m in layers.modules() if isinstance(m, nn.Conv2d)]
    assert {m.padding_mode for m in convolutions} == {"reflect"}
    assert [m.kernel_size[0] for m in convolutions] == [7, 3, 3, *[3] * 18, 7]
    for up in (m for m in layers.modules() if isinstance(m, nn.ConvTranspose2d)):
        assert (up.kernel_size, up.stride, up.output_padding) == ((3, 3), (2, 2), (1, 1))


def test_unet_has_the_published_size_and_its_skips() -> None:
    # pix2pix's U-Net 256 has 54.414 million weights (its training log, batch normalisation): ours
    # has 4,928 more, biases before a normalisation.
    assert parameters(build({"name": "unet"})) - 4928 == pytest.approx(54.414e6, abs=1e3)
    network = build({"name": "unet", "filters": 4, "depth": 3, "norm": "none"})
    # The innermost doubling sees its own map alone, every other one the joined maps of two ways.
    ups = [m.in_channels for m in network.modules() if isinstance(m, nn.ConvTranspose2d)]
    assert ups == [16, 2 * 8, 2 * 4]
    # Without the way through the middle, what is left of the picture came over the outermost skip.
    for parameter in network.up.parameters():
        nn.init.zeros_(parameter)
    one, other = torch.rand(2, 1, 3, 16, 16)
    assert not torch.allclose(network(one), network(other))


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


def test_the_light_head_learns_as_transformers_own() -> None:
    torch.manual_seed(1)
    network = build({"name": "segformer", "labels": ["a", "b", "c"], "decoder": 32, "dropout": 0.0})
    light = network.decode_head
    usual = SegformerDecodeHead(network.config)
    usual.load_state_dict(light.state_dict())
    stages = [torch.randn(2, width, 32 >> at, 24 >> at) for at, width in enumerate((32, 64, 160, 256))]
    for head in (light, usual):
        head.train()(stages).square().mean().backward()
    torch.testing.assert_close(light(stages), usual(stages), rtol=1e-4, atol=1e-5)
    learnt = dict(usual.named_parameters())
    assert learnt["linear_fuse.weight"].grad.abs().max() > 1e-4
    for name, parameter in light.named_parameters():
        torch.testing.assert_close(parameter.grad, learnt[name].grad, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"name": "vgg"}, "Unknown network 'vgg'"),
        ({"name": "lite", "colour": 1}, "cannot be built"),
        ({"name": "resnet", "norm": "magic"}, "Unknown normalisation"),
        ({"name": "resnet", "upsampling": "magic"}, "upsampling must be"),
        ({"name": "unet", "upsampling": "magic"}, "upsampling must be"),
        ({"name": "unet", "depth": 1}, "depth must be at least 2"),
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


def test_a_ceiling_keeps_what_a_generator_never_met_from_growing_in_it() -> None:
    torch.manual_seed(0)
    spec = {"name": "lite-enhanced", "width": 8, "blocks": 4, "enhance": 8, "norm": "none"}
    free, capped = build(spec), build(spec | {"ceiling": 6.0})
    for parameter in free.parameters():
        parameter.data *= 3
    capped.load_state_dict(free.state_dict())
    heights: dict[bool, list[float]] = {False: [], True: []}
    for network, limited in ((free, False), (capped, True)):
        for module in network.modules():
            if isinstance(module, (nn.ReLU, nn.Hardtanh)):
                module.register_forward_hook(
                    lambda _m, _i, out, kept=heights[limited]: kept.append(float(out.max()))
                )
        network.eval()(torch.rand(1, 3, 64, 64) * 2 - 1)
    assert len(heights[True]) == len(heights[False]) > 8
    assert max(heights[False]) > 60
    assert max(heights[True]) == 6.0


def test_frozen_norms_train_the_network_that_runs_live() -> None:
    torch.manual_seed(0)
    network = build({"name": "lite", "width": 8, "blocks": 1, "norm": "batch"})
    shown = torch.rand(2, 3, 32, 32) * 2 - 1
    network.train()
    assert not torch.allclose(network(shown), network.eval()(shown), atol=1e-3)
    freeze_norms(network)
    with torch.no_grad():
        live = network.eval()(shown)
    before = {name: value.clone() for name, value in network.named_buffers()}
    drawn = network.train()(shown)
    assert torch.allclose(drawn, live, atol=1e-6)
    drawn.mean().backward()
    assert all(torch.equal(before[name], value) for name, value in network.named_buffers())
    scales = [m.weight.grad for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    assert scales
    assert all(grad is not None and grad.abs().max() > 0 for grad in scales)
