"""Crops to label probabilities: the segmenter's end of the ONNX contract."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from animirror.realtime.errors import UserError
from animirror.realtime.models import open_model
from animirror.realtime.runtime import NVIDIA_DEVICES, PROVIDERS, Session, read_contract
from animirror.realtime.zoo import ModelEntry, Zoo


class Segmenter:
    """A segmentation model: pictures in, the probability of every label at every place out.

    Raises UserError where the file is not a segmenter by the contract.
    """

    def __init__(self, session: Session) -> None:
        contract = read_contract(session, "segmentation")
        self.session = session
        self.size: int = contract["size"]
        self.labels: tuple[str, ...] = contract.get("labels", ())
        channels = session.output_shape[1] if len(session.output_shape) == 4 else None
        if session.output_type != "tensor(float)" or channels != len(self.labels):
            raise UserError(
                f"{session.path} is no segmenter by AniMirror's contract: its output is not "
                f"float32 [N, {len(self.labels)}, s, s], one plane for each of its labels."
            )

    def __call__(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """uint8 [N, S, S, 3] BGR -> float32 [N, L, s, s], softmax over labels. ValueError otherwise."""
        probabilities: NDArray[np.float32] = self.session.run(crops)
        return probabilities


def load_segmenter(
    zoo: Zoo,
    name: str | None = None,
    device: str = "auto",
    threads: int | None = None,
    precision: str = "auto",
) -> Segmenter:
    """The default segmenter of the zoo in the precision that suits (see models), or the named one as it is.

    Its file is verified. Raises UserError.
    """
    entry = zoo.get(name) if name else zoo.default("segmentation")
    if entry.task != "segmentation":
        raise UserError(f"The model '{entry.name}' is for {entry.task}, not a segmenter.")
    return _open(zoo, entry, device, threads, precision, named=name is not None)


def load_fine_segmenter(
    zoo: Zoo, device: str = "auto", threads: int | None = None, precision: str = "auto"
) -> Segmenter:
    """The default segmenter with the largest input that the zoo has, for what is kept: pictures and videos.

    It sees hair's edge and small heads best, for two and a half times the time. Raises UserError.
    """
    return _open(zoo, zoo.finest(zoo.default("segmentation")), device, threads, precision)


def load_live_segmenter(
    zoo: Zoo, device: str = "auto", threads: int | None = None, precision: str = "auto"
) -> Segmenter:
    """The segmenter that keeps up with a camera: the default one, the fine one on NVIDIA GPUs. UserError.

    Other GPUs share the memory and the watts of a laptop.
    """
    segmenter = load_segmenter(zoo, None, device, threads, precision)
    if segmenter.session.provider not in [PROVIDERS[name] for name in NVIDIA_DEVICES]:
        return segmenter
    return load_fine_segmenter(zoo, device, threads, precision)


def _open(
    zoo: Zoo, entry: ModelEntry, device: str, threads: int | None, precision: str, named: bool = False
) -> Segmenter:
    segmenter = Segmenter(open_model(zoo, entry, device, threads, precision, named))
    if (segmenter.labels, segmenter.size) != (entry.labels, entry.size):
        raise UserError(f"{entry.file} has other labels or another size than its entry in {zoo.folder}.")
    return segmenter
