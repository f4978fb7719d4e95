from pathlib import Path

import numpy as np
import pytest
import torch
from torchmetrics.image import FrechetInceptionDistance, KernelInceptionDistance

from animirror.export.to_onnx import write_onnx
from animirror.realtime.errors import UserError
from animirror.realtime.runtime import Session
from animirror.realtime.zoo import Zoo
from animirror.training import features
from animirror.training.features import InceptionFeatures, SegformerFeatures, load_extractor
from animirror.training.metrics import frechet_distance, kernel_distance
from animirror.training.networks import build
from tests.conftest import write_segmenter

SIZE = 64


def pictures(count: int, size: int = SIZE) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


def test_segformer_features_are_the_encoders_last_stage(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = build({"name": "segformer", "labels": ["a", "b"], "decoder": 16}).eval()
    description = {"task": "segmentation", "labels": ["a", "b"], "size": SIZE}
    write_onnx(network, description, tmp_path / "fresh.onnx")
    found = SegformerFeatures(tmp_path / "fresh.onnx")(pictures(10))
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    with torch.no_grad():
        answer = network(pixel_values=(rgb(pictures(10)) / 255 - mean) / std, output_hidden_states=True)
    expected = answer.hidden_states[-1].mean(dim=(2, 3)).numpy()
    assert found.shape == (10, 256)
    assert found == pytest.approx(expected, abs=1e-4)


def test_pictures_of_any_size_are_fitted() -> None:
    extractor = load_extractor("fd_segformer", torch.device("cpu"))
    large = np.repeat(np.repeat(pictures(1, 128), 4, axis=1), 4, axis=2)
    assert extractor(large) == pytest.approx(extractor(large[:, ::2, ::2]), abs=1e-4)
    assert extractor.frechet == "fd_segformer"
    assert extractor.source.startswith("segformer-faces ")


def test_the_shipped_segmenter_gives_features_and_is_left_as_it_is() -> None:
    zoo = Zoo()
    path = zoo.verify(zoo.default("segmentation"))
    assert SegformerFeatures(path)(pictures(1)).shape == (1, 256)
    assert Session(path, "cpu").output_shape[1] == 16
    zoo.verify(zoo.default("segmentation"))


def test_files_without_features_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.onnx has no layer normalisation"):
        SegformerFeatures(write_segmenter(tmp_path / "none.onnx"))
    (tmp_path / "bad.onnx").write_bytes(b"junk")
    with pytest.raises(UserError, match=r"bad\.onnx cannot be read as ONNX"):
        SegformerFeatures(tmp_path / "bad.onnx")


def test_inception_gives_torchmetrics_fid_and_kid(monkeypatch: pytest.MonkeyPatch) -> None:
    inception = pytest.importorskip("torch_fidelity.feature_extractor_inceptionv3")
    # Its published weights need the network; random ones have the same shapes.
    monkeypatch.setattr(inception, "load_state_dict_from_url", lambda *_, **__: {})
    monkeypatch.setattr(inception.FeatureExtractorInceptionV3, "load_state_dict", lambda *_, **__: None)
    torch.manual_seed(0)
    extractor = InceptionFeatures(torch.device("cpu"))
    one, other = pictures(5), pictures(4) // 2
    assert extractor(one).shape == (5, 2048)
    fid = FrechetInceptionDistance(extractor.network)
    kid = KernelInceptionDistance(extractor.network, subsets=1, subset_size=4)
    for metric in (fid, kid):
        metric.update(rgb(one[:4]), real=True)
        metric.update(rgb(other), real=False)
    features_of = (extractor(one[:4]), extractor(other))
    assert frechet_distance(*features_of) == pytest.approx(float(fid.compute()), rel=1e-3)
    assert kernel_distance(*features_of) == pytest.approx(float(kid.compute()[0]), rel=1e-3)


def rgb(images: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(images[..., ::-1].copy()).movedim(-1, 1)


def test_missing_inception_weights_are_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"Inception's weights cannot be had \(.+\): go online"):
        InceptionFeatures(torch.device("cpu"), tmp_path / "missing.pth")


def test_offline_the_score_has_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*_: object) -> None:
        raise UserError("Inception's weights cannot be had (offline): go online.")

    monkeypatch.setattr(features, "InceptionFeatures", offline)
    assert load_extractor("auto", torch.device("cpu")).frechet == "fd_segformer"
    with pytest.raises(UserError, match="cannot be had"):
        load_extractor("fid", torch.device("cpu"))
