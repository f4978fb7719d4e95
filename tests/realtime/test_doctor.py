"""What the doctor finds on this machine, and in what onnxruntime prints elsewhere."""

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from animirror.realtime import doctor
from animirror.realtime.cli import main
from animirror.realtime.doctor import Finding, State, can_work, examine, reason_in
from animirror.realtime.errors import UserError
from animirror.realtime.zoo import Zoo


def test_this_machine_can_do_the_main_job(small_zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    found = {finding.subject: finding for finding in examine(lambda: small_zoo)}
    assert can_work(list(found.values()))
    assert found["device cpu"] == Finding("device cpu", State.GOOD, "a tiny model runs on it")
    assert found["encoder"].state is State.GOOD
    assert found["model segmenter"].told.startswith("segmentation, fp32")
    assert ("device directml" in found) == sys.platform.startswith("win")
    if sys.platform.startswith("linux"):
        assert (found["display"].state, "--sink camera" in found["display"].told) == (State.WARNING, True)


def test_int8_of_a_model_that_was_replaced_is_told(small_zoo: Zoo, tmp_path: Path) -> None:
    shutil.copytree(small_zoo.folder, tmp_path / "zoo")
    zoo = Zoo(tmp_path / "zoo")
    made = replace(zoo.get("other-small"), quantized_from=zoo.get("negative-small").sha256)
    zoo.add(made)
    assert {f.state for f in doctor._models(lambda: zoo)} == {State.GOOD}
    zoo.add(replace(made, quantized_from="0" * 64, provenance={"source": "negative-small"}))
    found = {f.subject: f for f in doctor._models(lambda: zoo)}["model other-small"]
    assert found.state is State.WARNING
    assert "was made from an earlier negative-small and is not used" in found.told
    assert "animirror quantize negative-small" in found.told


def test_a_damaged_model_is_bad(small_zoo: Zoo, tmp_path: Path) -> None:
    for path in small_zoo.folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "segmenter.onnx").write_bytes(b"not a model")
    found = {f.subject: f for f in doctor._models(lambda: Zoo(tmp_path))}
    assert found["model segmenter"].state is State.BAD
    assert found["model negative-small"].state is State.GOOD
    assert not can_work(list(found.values()))

    def broken() -> Zoo:
        raise UserError("The manifest is not valid JSON.")

    assert list(doctor._models(broken)) == [Finding("models", State.BAD, "The manifest is not valid JSON.")]


def test_missing_packages_are_bad() -> None:
    found = doctor._package(("surely-no-such-package", "nor-this"))
    assert found.state is State.BAD
    assert "pip install surely-no-such-package" in found.told


def test_a_device_that_fails_or_hangs_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "obstacle", lambda *_: None)
    monkeypatch.setitem(doctor.PROVIDERS, "cuda", "NoSuchExecutionProvider")
    found = doctor._device("cuda")
    assert found.state is State.WARNING
    monkeypatch.setattr(doctor, "PROBE_SECONDS", 0.01)
    assert "hangs" in doctor._device("cpu").told
    assert doctor._device("cpu").state is State.BAD


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (
            "2025-07-31 [E:onnxruntime:Default, provider_bridge_ort.cc:2195 TryGetProviderInfo_CUDA] "
            "x.cc:1778 Get() [ONNXRuntimeError] : 1 : FAIL : Failed to load library "
            "libonnxruntime_providers_cuda.so with error: libcudnn.so.9: cannot open shared object file: "
            "No such file or directory\n\n2025 [W:onnxruntime] Failed to create CUDAExecutionProvider.",
            "libcudnn.so.9: cannot open shared object file: No such file or directory",
        ),
        (
            "EP Error cuda_call.cc:114 CUDA failure 35: CUDA driver version is insufficient for CUDA runtime "
            "version ; GPU=0 ; hostname=e ; expr=cudaSetDevice(info_.device_id);",
            "CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version",
        ),
        (
            "[W:onnxruntime:Default] Failed to create CUDAExecutionProvider. Require cuDNN 9.* and "
            "CUDA 12.*. Please install all dependencies",
            "Require cuDNN 9.* and CUDA 12.*",
        ),
        ("Traceback\nSomethingError: odd\n", "SomethingError: odd"),
        ("", None),
    ],
)
def test_the_reason_is_found_in_what_onnxruntime_prints(output: str, reason: str | None) -> None:
    assert reason_in(output) == reason


def test_the_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    findings = [Finding("a", State.GOOD, "[fine]"), Finding("b", State.WARNING, "so so")]
    monkeypatch.setattr(doctor, "examine", lambda: iter(findings))
    assert main(["doctor"]) == 0
    assert capsys.readouterr().out == "   good  a: [fine]\nwarning  b: so so\n"
    findings.append(Finding("c", State.BAD, "broken"))
    assert main(["doctor", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)[2] == {"subject": "c", "state": "bad", "told": "broken"}
