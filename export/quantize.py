"""A model of the zoo as int8: calibrated on what it sees live, kept only where it is as good and faster.

animirror quantize anime-lite --crops ../shared/data/photos
"""

from __future__ import annotations

import io
import json
import logging
import sys
import tempfile
import time as clock
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from animirror.export.coloring import coloring
from animirror.export.seen import Seen, look
from animirror.realtime.errors import UserError
from animirror.realtime.processor import int8_is_fast
from animirror.realtime.runtime import Session
from animirror.realtime.zoo import INT8, ModelEntry, Zoo, sha256

# Per task. Convolutions of the generator take nearly all its time; SegFormer's half is in matrix products.
OPERATIONS = {"stylization": ["Conv"], "segmentation": ["Conv", "MatMul", "Gemm"]}
# Activations beyond these percentiles are clipped; which is best depends on the network. A GAN's spikes (see
# Karras et al., CVPR 2020, section 2) reach several hundred times the usual range: with them in it, nothing
# is left of the picture (anime-lite before it had a ceiling, see rectifier: 12 dB at 100, 37 dB at 99.6).
PERCENTILES = (99.3, 99.5, 99.6, 99.7, 99.9, 99.99)
# Crops to calibrate on and to check on. A percentile is settled by some dozen; more only take time.
CALIBRATED_ON, CHECKED_ON = 32, 24
MIN_CROPS = 4
# What is good enough. Generator: PSNR within heads, dB, median of the crops: over 30 no difference is seen
# between two drawings side by side. Segmenter: share of the pixels of heads with the same label as before.
LEAST_PSNR, LEAST_AGREEMENT = 30.0, 0.985
# Another file, and a small loss, are worth it from this share of the time on (one thread, median of runs).
WORTH_IT, RUNS = 0.8, 15
# Pictures of the sheet: photo, drawing, drawing by int8.
SHEET_ROWS = 8


@dataclass(frozen=True)
class Quality:
    """int8 beside its source on ``crops`` that it was not calibrated on, within heads.

    ``likeness``: dB (generator) or share of equal labels (segmenter), median of crops; ``worst``: of the
    worst crop; ``mean_difference``: in grey levels or probability; ``time``: share of the source's, on one
    thread of a CPU.
    """

    crops: int
    likeness: float
    worst: float
    mean_difference: float
    time: float


@dataclass(frozen=True)
class Candidate:
    """A quantized file, the percentile it was calibrated with, its likeness."""

    path: Path
    percentile: float
    answers: NDArray[Any]
    likeness: float


def quantize_model(zoo: Zoo, name: str, crops: Path, sheet: Path | None = None) -> tuple[ModelEntry, Quality]:
    """Add ``name``-int8 to the zoo, made from the model ``name`` and the pictures of people in ``crops``.

    Pictures take turns: of two, one calibrates, one checks. ``sheet``: where to draw source and int8 beside
    each other (generators). Raises UserError, leaving the zoo as it is, where int8 is not as good or hardly
    faster.
    """
    source = zoo.get(name)
    if source.precision == INT8:
        raise UserError(f"The model '{name}' is int8 already; name the one that it was made from.")
    path = zoo.verify(source)
    calibration, check = look(zoo, source, crops, CALIBRATED_ON, CHECKED_ON)
    if min(len(calibration.inputs), len(check.inputs)) < MIN_CROPS:
        raise UserError(f"In the pictures of {crops} too few heads are found; give a folder of portraits.")
    with tempfile.TemporaryDirectory() as folder:
        before = Session(path, "cpu", threads=1)
        expected = answers_of(before, check.inputs)
        best = _best(source, path, calibration, check, expected, Path(folder))
        after = Session(best.path, "cpu", threads=1)
        quality = _quality(
            source.task, check, expected, best.answers, _time_share(before, after, check.inputs)
        )
        if sheet is not None and source.task == "stylization":
            draw_sheet(sheet, check.inputs, expected, best.answers)
        _judge(source, quality)
        target = zoo.folder / f"{name}-{INT8}.onnx"
        candidate = target.with_suffix(".tmp")
        candidate.write_bytes(best.path.read_bytes())
        candidate.replace(target)
    entry = _entry(source, target, crops, len(calibration.inputs), best.percentile, quality)
    zoo.add(entry)
    return entry, quality


def write_int8(path: Path, target: Path, task: str, inputs: NDArray[np.uint8], percentile: float) -> None:
    """Quantize the ONNX file ``path`` into ``target``, calibrated on uint8 [N, S, S, 3] BGR ``inputs``.

    Weights per channel, activations unsigned, both as QDQ: measured fastest on AVX512-VNNI (anime-lite, one
    thread: 10.5 ms; signed activations 11.6; fp32 18.4). Weights have 7 bits: CPUs without VNNI would
    overflow with 8, and it costs 0.5 dB. A generator's colours stay float (see coloring).
    """
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        quant_pre_process(str(path), str(prepared), skip_symbolic_shape=True)
        kept = coloring(onnx.load(str(prepared))) if task == "stylization" else []
        with _silenced():
            quantize_static(
                str(prepared),
                str(target),
                _Inputs(Session(path, "cpu").input_name, inputs),
                quant_format=QuantFormat.QDQ,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                per_channel=True,
                reduce_range=True,
                op_types_to_quantize=OPERATIONS[task],
                nodes_to_exclude=kept,
                calibrate_method=CalibrationMethod.Percentile,
                extra_options={"CalibPercentile": percentile},
            )
    model = onnx.load(str(target))
    onnx.helper.set_model_props(model, Session(path, "cpu").metadata)
    onnx.save(model, str(target))


def answers_of(session: Session, inputs: NDArray[np.uint8]) -> NDArray[Any]:
    """The session's answers to uint8 [N, S, S, 3], one by one."""
    return np.concatenate([session.run(item[None]) for item in inputs])


def likeness(task: str, expected: NDArray[Any], found: NDArray[Any], mask: NDArray[np.bool_]) -> float:
    """Of two answers for one crop, within ``mask`` (bool [s, s] of the answer's size).

    PSNR in dB of drawings (99 where they are equal), share of equal labels of probabilities.
    """
    if task == "segmentation":
        return float((expected.argmax(axis=0) == found.argmax(axis=0))[mask].mean())
    error = float(np.square(expected.astype(np.float64) - found)[mask].mean())
    return 99.0 if error == 0 else float(10 * np.log10(255.0**2 / error))


def draw_sheet(
    path: Path, inputs: NDArray[np.uint8], expected: NDArray[np.uint8], found: NDArray[np.uint8]
) -> None:
    """Write a PNG with rows of photo, drawing, drawing by int8."""
    chosen = np.linspace(0, len(inputs) - 1, min(SHEET_ROWS, len(inputs))).astype(int)
    rows = [np.hstack([inputs[index], expected[index], found[index]]) for index in chosen]
    if not cv2.imwrite(str(path), np.vstack(rows)):
        raise UserError(f"The sheet {path} cannot be written; give a PNG file in a folder that exists.")


class _Inputs(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, name: str, inputs: NDArray[np.uint8]) -> None:
        self._items: Iterator[dict[str, NDArray[np.uint8]]] = iter([{name: item[None]} for item in inputs])

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        return next(self._items, None)


def _best(
    source: ModelEntry, path: Path, calibration: Seen, check: Seen, expected: NDArray[Any], folder: Path
) -> Candidate:
    """The candidate of the percentile that comes nearest to the source."""
    best: Candidate | None = None
    for percentile in PERCENTILES:
        target = folder / f"{percentile}.onnx"
        write_int8(path, target, source.task, calibration.inputs, percentile)
        answers = answers_of(Session(target, "cpu", threads=1), check.inputs)
        value = float(np.median(_likenesses(source.task, check, expected, answers)))
        if best is None or value > best.likeness:
            best = Candidate(target, percentile, answers, value)
    assert best is not None  # PERCENTILES are not empty
    return best


def _likenesses(task: str, check: Seen, expected: NDArray[Any], found: NDArray[Any]) -> list[float]:
    return [likeness(task, *item) for item in zip(expected, found, check.masks, strict=True)]


def _quality(task: str, check: Seen, expected: NDArray[Any], found: NDArray[Any], time: float) -> Quality:
    values = _likenesses(task, check, expected, found)
    difference = np.abs(expected.astype(np.float64) - found)
    within = [
        (item.mean(axis=0) if task == "segmentation" else item)[mask].mean()
        for item, mask in zip(difference, check.masks, strict=True)
    ]
    return Quality(
        len(values),
        round(float(np.median(values)), 4),
        round(min(values), 4),
        round(float(np.mean(within)), 5),
        round(time, 3),
    )


def _time_share(before: Session, after: Session, inputs: NDArray[np.uint8]) -> float:
    """Time of one by time of the other, in turns, so that other work on the machine meets both."""
    times: tuple[list[float], list[float]] = ([], [])
    for session in (before, after):
        session.warm_up()
    for index in range(RUNS):
        item = inputs[index % len(inputs)][None]
        for session, kept in zip((before, after), times, strict=True):
            start = clock.perf_counter()
            session.run(item)
            kept.append(clock.perf_counter() - start)
    return float(np.median(times[1]) / np.median(times[0]))


def _judge(source: ModelEntry, quality: Quality) -> None:
    """Raises UserError with the figures where int8 is not worth it.

    A processor that is slow with int8 says nothing of those that will run it (see processor.int8_is_fast).
    """
    drawing = source.task == "stylization"
    least, unit = (LEAST_PSNR, " dB") if drawing else (LEAST_AGREEMENT, " of the labels")
    told = f"likeness {quality.likeness:.4g}{unit}, time {quality.time:.0%} of {source.precision}"
    if quality.likeness < least:
        raise UserError(
            f"'{source.name}' is not kept as int8: it differs too much ({told}; at least {least})."
        )
    if quality.time > WORTH_IT and int8_is_fast():
        raise UserError(
            f"'{source.name}' is not kept as int8: it is hardly faster here ({told}; at most {WORTH_IT:.0%})."
        )


def _entry(
    source: ModelEntry, path: Path, crops: Path, count: int, percentile: float, quality: Quality
) -> ModelEntry:
    return replace(
        source,
        name=path.stem,
        file=path.name,
        sha256=sha256(path),
        bytes=path.stat().st_size,
        precision=INT8,
        quantized_from=source.sha256,
        scores=[],
        provenance={
            "command": f"animirror quantize {source.name} --crops {crops}",
            "source": source.name,
            "calibration": {"pictures": str(crops), "crops": count, "percentile": percentile},
            "quality": asdict(quality),
            "onnxruntime": ort.__version__,
        },
    )


@contextmanager
def _silenced() -> Iterator[None]:
    """onnxruntime prints its progress to stdout and warns of what we do on purpose."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.disable(before)


def run(arguments: Namespace) -> int:
    """`animirror quantize MODEL --crops FOLDER [--weights FOLDER] [--sheet PNG] [--json]`."""
    zoo = Zoo(Path(arguments.weights)) if arguments.weights else Zoo()
    sheet = Path(arguments.sheet) if arguments.sheet else None
    entry, quality = quantize_model(zoo, arguments.model, Path(arguments.crops), sheet)
    if arguments.json:
        sys.stdout.write(json.dumps({"entry": asdict(entry), "quality": asdict(quality)}, indent=2) + "\n")
        return 0
    unit = " dB" if entry.task == "stylization" else " of the labels"
    sys.stdout.write(
        f"{entry.file}: {entry.bytes / 1e6:.1f} MB, likeness {quality.likeness:.4g}{unit} (worst "
        f"{quality.worst:.4g}) on {quality.crops} crops, time {quality.time:.0%} of {arguments.model}\n"
    )
    return 0
