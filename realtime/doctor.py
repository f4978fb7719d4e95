"""What works on this machine and what does not: packages, devices, cameras, display, codecs, models."""

from __future__ import annotations

import base64
import importlib.metadata
import os
import platform
import re
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import av
import av.codec
import numpy as np
import onnxruntime as ort
import pyvirtualcam

from animirror.realtime.config import resolve, user_file
from animirror.realtime.devices import list_cameras
from animirror.realtime.errors import UserError
from animirror.realtime.runtime import PROVIDERS, obstacle, preload, usable_cores
from animirror.realtime.sinks import CODEC
from animirror.realtime.vcam import missing
from animirror.realtime.window import display_answers
from animirror.realtime.zoo import Zoo

OLDEST_PYTHON = (3, 11)
# What must be there, by the names of the distributions; of one group any will do.
PACKAGES = (
    ("numpy",),
    ("opencv-python", "opencv-contrib-python", "opencv-python-headless"),
    ("av",),
    ("onnxruntime-gpu", "onnxruntime", "onnxruntime-directml"),
    ("pyvirtualcam",),
    ("platformdirs",),
    ("pillow",),
    ("rich",),
)
# Video codecs that people's files have, to be read.
DECODERS = ("h264", "hevc", "vp9", "av1", "mjpeg")
# A convolution of uint8 [N, 8, 8, 3] with a 3x3 kernel of ones, opset 18: needs cuDNN on NVIDIA, as the real
# models do. Made with onnx.helper, zlib, base85.
TINY_MODEL = (
    "c-rIOwCZ8v66a#95MoSIVsTC^F45xTVk*g(U|hh+#HGT;m?p$npu`zcl$cjskYAjtCCJ56kXn@Mz~I2_!05oVfRUYxpNp}8i?"
    "LjYu@Y!PeqNanV~JKZ2O|eF2nsMdF_wGfFfcUO(+fw*fczuQCCb4hB*?`q#OTMx#K8f@%t=7mO0X;=LY5JT*+AHdg^NKz2mn{_"
    "Enx<"
)
# A TensorRT engine is built on the way; a driver that hangs must not keep us.
PROBE_SECONDS = 120.0
# Where onnxruntime says why a provider failed, in its own words: the rest is source files and line numbers.
REASONS = (
    r"with error: ([^\n]+)",
    r"(CUDA failure \d+: [^;\n]+)",
    r"(CUDNN failure \d+: [^;\n]+)",
    r"(Require [^\n]+?)\. Please",
    r"\[ONNXRuntimeError\] : \d+ : \w+ : ([^\n]+)",
)


class State(Enum):
    """How it stands; BAD: the main job, redrawing pictures, cannot be done."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; ``told``: what was found and, where it is not good, what to do."""

    subject: str
    state: State
    told: str


def examine(zoo: Callable[[], Zoo] = Zoo) -> Iterator[Finding]:
    """Look at everything, one after the other."""
    yield _python()
    yield from map(_package, PACKAGES)
    yield Finding("cores", State.GOOD, f"{usable_cores()} usable")
    available = ort.get_available_providers()
    yield from (_device(device) for device, provider in PROVIDERS.items() if provider in available)
    yield from _models(zoo)
    yield _encoder()
    yield _decoders()
    yield from _cameras()
    yield _virtual_camera()
    yield _display()
    yield _settings()


def can_work(findings: list[Finding]) -> bool:
    """Whether the main job can be done."""
    return all(finding.state is not State.BAD for finding in findings)


def _python() -> Finding:
    told = f"{platform.python_version()} on {platform.platform()}"
    if sys.version_info < OLDEST_PYTHON:
        return Finding("Python", State.BAD, f"{told}; install 3.11 or newer")
    return Finding("Python", State.GOOD, told)


def _package(names: tuple[str, ...]) -> Finding:
    for name in names:
        try:
            return Finding(name, State.GOOD, importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            continue
    return Finding(names[0], State.BAD, f"missing; run `pip install {names[0]}`")


def _device(device: str) -> Finding:
    """Whether models run on a device, tried in a child process: some providers crash the asker."""
    subject = f"device {device}"
    reason = obstacle(device, ort.get_available_providers())
    if reason is None:
        reason = _probe(device)
    if reason is None:
        return Finding(subject, State.GOOD, "a tiny model runs on it")
    return Finding(subject, State.BAD if device == "cpu" else State.WARNING, reason)


def _probe(device: str) -> str | None:
    """Run the tiny model on a device in a child process; why it failed, or None."""
    program = f"from animirror.realtime.doctor import try_device; try_device({device!r})"
    try:
        answer = subprocess.run(
            [sys.executable, "-P", "-c", program],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PROBE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"hangs: no answer within {PROBE_SECONDS:.0f} seconds"
    if answer.returncode == 0:
        return None
    return reason_in(answer.stdout + answer.stderr) or f"fails with exit code {answer.returncode}"


def try_device(device: str) -> None:
    """Run the tiny model on a device, or end the process; why is printed, mostly by onnxruntime."""
    preload(device)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tiny.onnx"
        path.write_bytes(zlib.decompress(base64.b85decode(TINY_MODEL)))
        session = ort.InferenceSession(str(path), providers=[PROVIDERS[device]])
        if PROVIDERS[device] not in session.get_providers():
            sys.exit(3)
        session.disable_fallback()
        (answer,) = session.run(None, {"x": np.full((2, 8, 8, 3), 2, np.uint8)})
    if answer.shape != (2, 1, 6, 6) or not np.allclose(answer, 54.0):
        sys.exit(f"with error: it computes wrong numbers ({float(answer.flat[0]):g} for 54)")


def reason_in(output: str) -> str | None:
    """Why a provider failed, out of what onnxruntime printed."""
    for pattern in REASONS:
        found = re.search(pattern, output)
        if found is not None:
            return found.group(1).strip().rstrip(".")
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else None


def _models(zoo: Callable[[], Zoo]) -> Iterator[Finding]:
    try:
        known = zoo()
        states = known.describe()
    except UserError as error:
        yield Finding("models", State.BAD, str(error))
        return
    for state in states:
        entry = state.entry
        good = f"{entry.task}, {entry.precision}, {entry.bytes / 1e6:.1f} MB, SHA-256 {entry.sha256[:12]}..."
        subject = f"model {entry.name}"
        if state.problem:
            yield Finding(subject, State.BAD, state.problem)
        elif known.outdated(entry):
            source = entry.provenance.get("source", "MODEL")
            advice = f"run `animirror quantize {source} --crops FOLDER`"
            yield Finding(
                subject, State.WARNING, f"was made from an earlier {source} and is not used; {advice}"
            )
        else:
            yield Finding(subject, State.GOOD, good)


def _encoder() -> Finding:
    try:
        av.codec.Codec(CODEC, "w")
    except ValueError:
        return Finding(
            "encoder", State.WARNING, f"{CODEC} is missing: no videos can be written; reinstall av"
        )
    return Finding("encoder", State.GOOD, f"{CODEC} (PyAV {av.__version__})")


def _decoders() -> Finding:
    lacking = [name for name in DECODERS if name not in av.codecs_available]
    if lacking:
        return Finding("decoders", State.WARNING, f"{', '.join(lacking)} missing; reinstall av")
    return Finding("decoders", State.GOOD, ", ".join(DECODERS))


def _cameras() -> Iterator[Finding]:
    cameras = list_cameras(probe=True)
    if not cameras:
        yield Finding("cameras", State.WARNING, "none found; connect one, or use --source FILE or demo")
    for camera in cameras:
        path = camera.path
        told = f"{camera.name}{f' ({path})' if path else ''}"
        if path is not None and not os.access(path, os.R_OK | os.W_OK):
            yield Finding(
                f"camera {camera.index}",
                State.WARNING,
                f"{told} may not be opened; run `sudo usermod -aG video $USER` and log in again",
            )
        else:
            yield Finding(f"camera {camera.index}", State.GOOD, told)


def _virtual_camera() -> Finding:
    try:
        with pyvirtualcam.Camera(640, 480, 30, fmt=pyvirtualcam.PixelFormat.BGR) as camera:
            return Finding("virtual camera", State.GOOD, f"{camera.device} ({camera.backend})")
    except (RuntimeError, OSError) as error:
        return Finding("virtual camera", State.WARNING, missing(str(error)))


def _display() -> Finding:
    if display_answers():
        return Finding("display", State.GOOD, "windows can be opened")
    return Finding(
        "display", State.WARNING, "none answers; use --sink camera, a file or none, or set DISPLAY"
    )


def _settings() -> Finding:
    path = user_file()
    if not path.is_file():
        return Finding("settings", State.GOOD, f"none of your own ({path})")
    try:
        resolve({})
    except UserError as error:
        return Finding("settings", State.WARNING, str(error))
    return Finding("settings", State.GOOD, str(path))
