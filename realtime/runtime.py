"""onnxruntime sessions: provider choice and fallback, threads, warm-up."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from animirror.realtime.errors import UserError

log = logging.getLogger(__name__)

PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "directml": "DmlExecutionProvider",
}
DEVICES = ("auto", *PROVIDERS)
# What `auto` tries before the CPU, best first. TensorRT builds engines for minutes: only when asked for.
AUTO = ("cuda", "coreml", "directml")
# onnxruntime prints red lines when a provider's libraries are missing; we say it in one line ourselves.
FATAL_ONLY = 4


@dataclass(frozen=True)
class Started:
    """A session that runs, the provider that it really got, and why not a better one (None: no reason)."""

    session: Any
    provider: str
    note: str | None


class Session:
    """One ONNX model with one input and one output, ready to run; may be called from several threads.

    ``device``: one of DEVICES. "auto" takes the best provider that truly starts and falls back to the CPU;
    a device asked for by name must start. ``threads``: of one run on the CPU; None: one per core.
    Raises UserError when the file is no ONNX model of this form or the device does not start.
    """

    def __init__(self, path: Path, device: str = "auto", threads: int | None = None) -> None:
        started = _start(path, device, threads or os.cpu_count() or 1)
        self._session, self.provider, self.note = started.session, started.provider, started.note
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        if len(inputs) != 1 or len(outputs) != 1:
            raise UserError(
                f"{path} is no AniMirror model: it has {len(inputs)} inputs, {len(outputs)} outputs."
            )
        self.path = path
        self.input_name: str = inputs[0].name
        self.output_name: str = outputs[0].name
        self.input_shape: tuple[int | str, ...] = tuple(inputs[0].shape)
        self.metadata: dict[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)

    def run(self, array: NDArray[np.uint8]) -> NDArray[Any]:
        """The output for one input. Raises ValueError for an array that does not fit the model."""
        expected = tuple(n for n in self.input_shape if isinstance(n, int))
        if array.dtype != np.uint8 or array.ndim != 4 or array.shape[1:] != expected:
            raise ValueError(f"{self.path.name} takes uint8 [N, {expected}], not {array.dtype} {array.shape}")
        return np.asarray(self._session.run(None, {self.input_name: np.ascontiguousarray(array)})[0])

    def warm_up(self) -> None:
        """Run once on an empty picture: the first run allocates and is slow."""
        self.run(np.zeros((1, *(n for n in self.input_shape if isinstance(n, int))), np.uint8))


def _start(path: Path, device: str, threads: int) -> Started:
    if device not in DEVICES:
        raise UserError(f"Unknown device '{device}'; known: {', '.join(DEVICES)}.")
    if device == "cpu":
        return Started(_session(path, PROVIDERS["cpu"], threads), PROVIDERS["cpu"], None)
    available = ort.get_available_providers()
    reasons = []
    for name in AUTO if device == "auto" else (device,):
        provider = PROVIDERS[name]
        if provider not in available:
            if device != "auto":
                reasons.append(f"{name} is not in this onnxruntime (it has {', '.join(available)})")
            continue
        session = _session(path, provider, threads)
        # onnxruntime falls back silently: only the session knows what it got.
        if provider in session.get_providers():
            return Started(session, provider, None)
        reasons.append(f"{name} did not start (driver or libraries missing)")
    if device != "auto":
        raise UserError(
            f"The device '{device}' cannot be used: {'; '.join(reasons)}; use --device auto or cpu."
        )
    note = "; ".join(reasons) or None
    return Started(_session(path, PROVIDERS["cpu"], threads), PROVIDERS["cpu"], note)


def _session(path: Path, provider: str, threads: int) -> Any:
    options = ort.SessionOptions()
    options.log_severity_level = FATAL_ONLY
    options.intra_op_num_threads = threads
    # Segmenter, generator, decoder and encoder share the cores: waiting threads must not burn them.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    providers = [provider] if provider == PROVIDERS["cpu"] else [provider, PROVIDERS["cpu"]]
    ort.set_default_logger_severity(FATAL_ONLY)
    try:
        return ort.InferenceSession(str(path), options, providers=providers)
    except Exception as error:  # onnxruntime's exceptions share no public base class
        raise UserError(f"The model {path} cannot be loaded by onnxruntime: {_first_line(error)}.") from error


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__
