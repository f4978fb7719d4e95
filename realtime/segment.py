"""Crops to label probabilities: the segmenter's end of the ONNX contract."""

from __future__ import annotations

import json

import numpy as np
from numpy.typing import NDArray

from animirror.realtime.errors import UserError
from animirror.realtime.runtime import Session
from animirror.realtime.zoo import Zoo


class Segmenter:
    """A segmentation model: pictures in, the probability of every label at every place out.

    Raises UserError where the model's metadata is not that of a segmenter.
    """

    def __init__(self, session: Session) -> None:
        metadata = session.metadata
        try:
            if metadata.get("task") != "segmentation":
                raise ValueError(f"its task is '{metadata.get('task')}'")
            self.labels: tuple[str, ...] = tuple(json.loads(metadata["labels"]))
            self.size = int(metadata["size"])
        except (KeyError, ValueError) as error:
            raise UserError(f"{session.path} is no segmenter by AniMirror's contract: {error}.") from error
        self.session = session

    def __call__(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """uint8 [N, S, S, 3] BGR -> float32 [N, L, s, s], softmax over labels. ValueError otherwise."""
        probabilities: NDArray[np.float32] = self.session.run(crops)
        return probabilities


def load_segmenter(
    zoo: Zoo, name: str | None = None, device: str = "auto", threads: int | None = None
) -> Segmenter:
    """The named (or the default) segmenter of the zoo, its file verified. Raises UserError."""
    entry = zoo.get(name) if name else zoo.default("segmentation")
    segmenter = Segmenter(Session(zoo.verify(entry), device, threads))
    if (segmenter.labels, segmenter.size) != (entry.labels, entry.size):
        raise UserError(f"{entry.file} has other labels or another size than its entry in {zoo.folder}.")
    return segmenter
