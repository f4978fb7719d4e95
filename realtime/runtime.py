"""onnxruntime sessions: provider choice and fallback, threads, warm-up."""

from __future__ import annotations

import contextlib
import ctypes
import io
import json
import logging
import os
import sys
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
# An exhaustive search, onnxruntime's default, stops the picture for seconds at each new number of heads.
PROVIDER_OPTIONS = {"cuda": {"cudnn_conv_algo_search": "HEURISTIC"}}
NVIDIA_DEVICES = ("cuda", "tensorrt")
# What a model calls the side of its input where it leaves it open.
SIDE = "S"
# The driver's own library. Where it is missing, hundreds of MB of CUDA need not be loaded only to fail.
NVIDIA_DRIVERS = {"linux": "libcuda.so.1", "win32": "nvcuda.dll"}


@dataclass(frozen=True)
class Started:
    """A session that runs, the provider that it really got, and why not a better one (None: no reason)."""

    session: Any
    provider: str
    note: str | None


class Session:
    """One ONNX model with one input and one output, ready to run; may be called from several threads.

    ``device``: one of DEVICES. "auto" takes the best provider that truly starts and falls back to the CPU;
    a device asked for by name must start. ``threads``: of one run on the CPU; None: one per core that this
    process may use. ``side``: of the input, px, for a model that leaves it open; onnxruntime then plans for
    that side, as fast as for a model of that side alone. ``provider`` is what really runs, ``note`` why
    nothing better does (None: no reason). Raises UserError when the file is no ONNX model of this form or the
    device does not start.
    """

    def __init__(
        self, path: Path, device: str = "auto", threads: int | None = None, side: int | None = None
    ) -> None:
        started = _start(path, device, threads or usable_cores(), side)
        self._session, self.provider, self.note = started.session, started.provider, started.note
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        if len(inputs) != 1 or len(outputs) != 1:
            raise UserError(
                f"{path} is no AniMirror model: it has {len(inputs)} inputs, {len(outputs)} outputs."
            )
        self.path = path
        self.input_name: str = inputs[0].name
        self.output_name: str = outputs[0].name
        self.input_type: str = inputs[0].type
        self.input_shape: tuple[int | str | None, ...] = tuple(inputs[0].shape)
        self.output_type: str = outputs[0].type
        self.output_shape: tuple[int | str | None, ...] = tuple(outputs[0].shape)
        self.metadata: dict[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)

    @property
    def name(self) -> str:
        """As the manifest calls it: the file's name, with the side where it is not the file's own."""
        side = self.input_shape[1] if len(self.input_shape) == 4 else None
        other = isinstance(side, int) and "sizes" in self.metadata and str(side) != self.metadata.get("size")
        return f"{self.path.stem}-{side}" if other else self.path.stem

    def run(self, array: NDArray[np.uint8]) -> NDArray[Any]:
        """The output for one input. Raises ValueError for an array that does not fit the model."""
        expected = self.input_shape[1:]
        if array.dtype != np.uint8 or array.ndim != 4 or not _fits(array.shape[1:], expected):
            raise ValueError(
                f"{self.path.name} takes uint8 [N, {', '.join(map(str, expected))}], "
                f"not {array.dtype} {list(array.shape)}"
            )
        return np.asarray(self._session.run(None, {self.input_name: np.ascontiguousarray(array)})[0])

    def warm_up(self) -> None:
        """Run once on an empty picture of every size that it takes: the first run allocates and is slow."""
        fixed = tuple(n for n in self.input_shape[1:] if isinstance(n, int))
        is_open = len(fixed) < len(self.input_shape[1:])
        for shape in [(side, side, 3) for side in _sizes(self.metadata)] if is_open else [fixed]:
            self.run(np.zeros((1, *shape), np.uint8))


def _fits(shape: tuple[int, ...], expected: tuple[int | str | None, ...]) -> bool:
    """Whether an array has this shape, in which named axes are open, those of one name equal."""
    named: dict[int | str | None, int] = {}
    return len(shape) == len(expected) and all(
        found == (wanted if isinstance(wanted, int) else named.setdefault(wanted, found))
        for found, wanted in zip(shape, expected, strict=True)
    )


def usable_cores() -> int:
    """Cores that this process may run on: a container or `taskset` may allow fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


# Beyond it the discs around the eyes would show nothing but eye.
MAX_EYES = 2.0


def read_contract(session: Session, task: str) -> dict[str, Any]:
    """The metadata of a model for ``task``, with ``size`` as an int and ``labels`` (if any) as a tuple.

    ``sizes``: all sides that this session takes, px, the smallest first.

    Raises UserError where the file does not keep the ONNX contract: one that claims one shape and has another
    would only fail, or draw nonsense, frames later.
    """
    try:
        return _parse_contract(session, task)
    except (KeyError, ValueError) as error:
        reason = f"its metadata lacks {error}" if isinstance(error, KeyError) else str(error)
        raise UserError(
            f"{session.path} is no model for {task} by AniMirror's contract: {reason}."
        ) from error


def _parse_contract(session: Session, task: str) -> dict[str, Any]:
    known: dict[str, Any] = dict(session.metadata)
    if known["task"] != task:
        raise ValueError(f"its task is '{known['task']}'")
    side, sizes = session.input_shape[1] if len(session.input_shape) == 4 else None, _sizes(known)
    # The model's own side, or of those that it was made for the one that it was opened with.
    size = known["size"] = side if isinstance(side, int) and side in sizes else int(known["size"])
    # Only generators are opened with their side left open (see models).
    by_turns = task == "stylization" and side == SIDE and len(sizes) > 0
    known["sizes"] = tuple(sorted(sizes)) if by_turns else (size,)
    axis = SIDE if by_turns else size
    if session.input_type != "tensor(uint8)" or session.input_shape[1:] != (axis, axis, 3):
        raise ValueError(f"its input is not uint8 [N, {size}, {size}, 3]")
    if "labels" in known:
        labels = json.loads(known["labels"])
        if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
            raise ValueError("its labels are not a list of names")
        known["labels"] = tuple(labels)
    if "eyes" in known:
        known["eyes"] = float(known["eyes"])
        if not 1.0 <= known["eyes"] <= MAX_EYES:
            raise ValueError(f"its eyes are to be enlarged {known['eyes']:g} times")
    return known


def _sizes(metadata: dict[str, Any]) -> list[int]:
    """The sides of the input that a model was made for, where its file serves several. ValueError."""
    sizes = json.loads(metadata.get("sizes", "[]"))
    if not isinstance(sizes, list) or not all(isinstance(side, int) for side in sizes):
        raise ValueError("its sizes are not a list of numbers")
    return sizes


def _start(path: Path, device: str, threads: int, side: int | None) -> Started:
    if device not in DEVICES:
        raise UserError(f"Unknown device '{device}'; known: {', '.join(DEVICES)}.")
    if not path.is_file():
        raise UserError(f"There is no model file {path}.")
    available = ort.get_available_providers()
    # Of a device that this onnxruntime was built without, `auto` has nothing to say.
    names = (
        [name for name in (*AUTO, "cpu") if PROVIDERS[name] in available] if device == "auto" else [device]
    )
    reasons: list[str] = []
    for name in names:
        reason = obstacle(name, available)
        if reason is None:
            session = _session(path, name, threads, side)
            # onnxruntime falls back silently: only the session knows what it got.
            if PROVIDERS[name] in session.get_providers():
                return Started(session, PROVIDERS[name], "; ".join(reasons) or None)
            reason = "did not start (its libraries are missing or do not fit the driver)"
        reasons.append(f"{name} {reason}")
    raise UserError(f"The device '{device}' cannot be used: {'; '.join(reasons)}; use --device auto or cpu.")


def obstacle(name: str, available: list[str]) -> str | None:
    """What keeps a device from even being tried (None: nothing)."""
    if PROVIDERS[name] not in available:
        return f"is not in this onnxruntime (it has {', '.join(available)})"
    if name in NVIDIA_DEVICES and not _has_nvidia_driver():
        return "needs an NVIDIA driver, and there is none"
    return None


def preload(name: str) -> None:
    """Load a device's libraries: the pip packages of the `cuda` extra lie where no loader looks."""
    if name in NVIDIA_DEVICES and hasattr(ort, "preload_dlls"):
        ort.preload_dlls()


def _has_nvidia_driver() -> bool:
    try:
        ctypes.CDLL(NVIDIA_DRIVERS[sys.platform])
    except (KeyError, OSError):
        return False
    return True


def _session(path: Path, name: str, threads: int, side: int | None) -> Any:
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = FATAL_ONLY
    options.intra_op_num_threads = threads
    # Segmenter, generator, decoder and encoder share the cores: waiting threads must not burn them. Measured
    # on two cores with other work on them: the segmenter takes 30 ms without spinning and 57 ms with it.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if side is not None:
        options.add_free_dimension_override_by_name(SIDE, side)
    wanted = list(dict.fromkeys([name, "cpu"]))
    providers = [(PROVIDERS[device], PROVIDER_OPTIONS.get(device, {})) for device in wanted]
    ort.set_default_logger_severity(FATAL_ONLY)
    chatter = io.StringIO()
    try:
        # Where a provider fails, onnxruntime prints paragraphs to stdout, in the midst of a --json answer.
        with contextlib.redirect_stdout(chatter):
            preload(name)
            session = ort.InferenceSession(str(path), options, providers=providers)
    except Exception as error:  # onnxruntime's exceptions share no public base class
        raise UserError(
            f"The model {path} cannot be loaded by onnxruntime ({_first_line(error)}): "
            "put the original file back, or export it again."
        ) from error
    finally:
        if chatter.getvalue():
            log.debug("%s", chatter.getvalue())
    # A device lost later must be heard of, not be replaced with a printed line.
    session.disable_fallback()
    return session


def _first_line(error: Exception) -> str:
    """What onnxruntime has to say, without its "[ONNXRuntimeError] : 7 : INVALID_PROTOBUF : " and path."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].rsplit(" : ", 1)[-1].rsplit(" failed:", 1)[-1].rstrip(".")
