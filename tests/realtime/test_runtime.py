from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from animirror.realtime import runtime
from animirror.realtime.errors import UserError
from animirror.realtime.runtime import Session
from animirror.realtime.segment import Segmenter, load_segmenter
from animirror.realtime.stylize import Stylizer, load_stylizer
from animirror.realtime.zoo import Zoo
from tests.conftest import GROUND, HAIR, SIZE, SKIN


def test_segmenter_answers_by_the_contract(segmenter: Segmenter) -> None:
    crops = np.empty((3, SIZE, SIZE, 3), np.uint8)
    crops[0], crops[1], crops[2] = GROUND, SKIN, HAIR
    answer = segmenter(crops)
    assert answer.shape == (3, 16, SIZE // 4, SIZE // 4)
    assert np.allclose(answer.sum(axis=1), 1, atol=1e-5)
    assert [segmenter.labels[i] for i in answer[:, :, 5, 5].argmax(axis=1)] == ["background", "skin", "hair"]


def test_stylizer_inverts(stylizer: Stylizer) -> None:
    crops = np.random.default_rng(0).integers(0, 256, (2, SIZE, SIZE, 3), dtype=np.uint8)
    assert np.array_equal(stylizer(crops), 255 - crops)


def test_wrong_input_is_a_value_error(segmenter: Segmenter) -> None:
    with pytest.raises(ValueError, match="takes uint8"):
        segmenter(np.zeros((1, 64, 64, 3), np.uint8))
    with pytest.raises(ValueError, match="float32"):
        segmenter(np.zeros((1, SIZE, SIZE, 3), np.float32))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=rf"\[N, {SIZE}, {SIZE}, 3\], not uint8 \[{SIZE}, {SIZE}, 3\]"):
        segmenter(np.zeros((SIZE, SIZE, 3), np.uint8))


def test_auto_runs_somewhere_and_says_where(models: tuple[Path, Path]) -> None:
    session = Session(models[0], "auto")
    session.warm_up()
    assert session.provider in onnxruntime.get_available_providers()
    # Where the GPU provider is built in but did not start, the reason must be there.
    gpu = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
    if gpu and session.provider == "CPUExecutionProvider":
        assert session.note is not None
        assert "cuda" in session.note


def test_a_device_that_is_not_there_is_refused(models: tuple[Path, Path]) -> None:
    with pytest.raises(UserError, match=r"'coreml' cannot be used.*--device auto"):
        Session(models[0], "coreml")
    with pytest.raises(UserError, match="Unknown device 'abacus'"):
        Session(models[0], "abacus")


@pytest.mark.parametrize("device", ["cpu", "auto"])
@pytest.mark.parametrize("keep", [0, 50, 400])
def test_a_damaged_model_is_named(models: tuple[Path, Path], tmp_path: Path, device: str, keep: int) -> None:
    (tmp_path / "x.onnx").write_bytes(models[0].read_bytes()[:keep])
    with pytest.raises(UserError, match=r"x\.onnx cannot be loaded.*put the original file back"):
        Session(tmp_path / "x.onnx", device)


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no model file .*gone\.onnx"):
        Session(tmp_path / "gone.onnx", "cpu")


@pytest.mark.parametrize("device", ["auto", "tensorrt"])
def test_a_provider_that_fails_prints_nothing(
    models: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    device: str,
) -> None:
    """onnxruntime itself prints red lines to stderr (CUDA) or a paragraph to stdout (TensorRT)."""
    wanted = "CUDAExecutionProvider" if device == "auto" else "TensorrtExecutionProvider"
    if wanted not in onnxruntime.get_available_providers() or runtime._has_nvidia_driver():
        pytest.skip("needs an onnxruntime with GPU providers on a machine without GPU")
    monkeypatch.setattr(runtime, "_has_nvidia_driver", lambda: True)
    if device == "auto":
        session = Session(models[0], device)
        assert session.provider == "CPUExecutionProvider"
        assert session.note is not None
        assert session.note.startswith("cuda did not start")
    else:
        with pytest.raises(UserError, match="tensorrt did not start"):
            Session(models[0], device)
    printed = capfd.readouterr()
    assert (printed.out, printed.err) == ("", "")


def test_one_session_serves_many_threads(stylizer: Stylizer) -> None:
    levels = range(0, 256, 8)
    crops = [np.full((1, SIZE, SIZE, 3), level, np.uint8) for level in levels]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(stylizer, crops))
    assert [int(a.min()) for a in answers] == [255 - level for level in levels]
    assert [int(a.max()) for a in answers] == [255 - level for level in levels]


def test_no_crops_give_no_answers(segmenter: Segmenter) -> None:
    assert segmenter(np.zeros((0, SIZE, SIZE, 3), np.uint8)).shape == (0, 16, SIZE // 4, SIZE // 4)


def test_tasks_are_not_mixed_up(models: tuple[Path, Path]) -> None:
    with pytest.raises(UserError, match=r"no model for segmentation .*its task is 'stylization'"):
        Segmenter(Session(models[1], "cpu"))
    with pytest.raises(UserError, match=r"no model for stylization .*its task is 'segmentation'"):
        Stylizer(Session(models[0], "cpu"))


def test_shipped_models_load_and_keep_the_contract() -> None:
    zoo = Zoo()
    segmenter, stylizer = load_segmenter(zoo, device="cpu"), load_stylizer(zoo, device="cpu")
    noise = np.random.default_rng(0).integers(0, 256, (2, segmenter.size, segmenter.size, 3), dtype=np.uint8)
    both = segmenter(noise)
    assert both.shape[:2] == (2, len(segmenter.labels))
    assert both.shape[2] >= segmenter.size // 4
    assert np.allclose(both.sum(axis=1), 1, atol=1e-4)
    assert np.allclose(segmenter(noise[1:])[0], both[1], atol=1e-4)
    drawn = stylizer(np.zeros((2, stylizer.size, stylizer.size, 3), np.uint8))
    assert drawn.dtype == np.uint8
    assert drawn.shape == (2, stylizer.size, stylizer.size, 3)


def test_cuda_searches_by_rule_and_the_cpu_stands_behind_it(
    models: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What onnxruntime is asked for; no GPU is needed to ask."""
    asked: list[object] = []
    real = onnxruntime.InferenceSession

    def session(path: str, options: object, providers: list[object]) -> object:
        asked.extend(providers)
        return real(path, options, providers=["CPUExecutionProvider"])

    monkeypatch.setattr(runtime.ort, "InferenceSession", session)
    monkeypatch.setattr(runtime, "preload", lambda name: None)
    runtime._session(models[0], "cuda", 1, None)
    assert asked == [
        ("CUDAExecutionProvider", {"cudnn_conv_algo_search": "HEURISTIC"}),
        ("CPUExecutionProvider", {}),
    ]
