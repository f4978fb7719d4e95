"""Crops to label probabilities: the segmenter's end of the ONNX contract."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from animirror.realtime.errors import UserError
from animirror.realtime.models import open_model
from animirror.realtime.runtime import Session, read_contract
from animirror.realtime.zoo import Zoo


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
    segmenter = Segmenter(open_model(zoo, entry, device, threads, precision, named=name is not None))
    if (segmenter.labels, segmenter.size) != (entry.labels, entry.size):
        raise UserError(f"{entry.file} has other labels or another size than its entry in {zoo.folder}.")
    return segmenter
