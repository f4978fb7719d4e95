"""Crops to styled crops: the generator's end of the ONNX contract."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from animirror.realtime.errors import UserError
from animirror.realtime.models import open_model
from animirror.realtime.runtime import Session, read_contract
from animirror.realtime.zoo import Zoo


class Stylizer:
    """A stylization model: pictures in, the same pictures drawn out.

    Raises UserError where the file is not a generator by the contract.
    """

    def __init__(self, session: Session) -> None:
        contract = read_contract(session, "stylization")
        self.session = session
        self.size: int = contract["size"]
        # All sides that it draws at, px, the smallest first.
        self.sizes: tuple[int, ...] = contract["sizes"]
        self.style: str = contract.get("style", "")
        self.eyes: float = contract.get("eyes", 1.0)
        as_input = (session.input_type, session.input_shape[1:])
        if not self.style or (session.output_type, session.output_shape[1:]) != as_input:
            raise UserError(
                f"{session.path} is no generator by AniMirror's contract: it names no style, or its output "
                f"is not uint8 [N, {self.size}, {self.size}, 3]."
            )

    def __call__(self, crops: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """uint8 [N, S, S, 3] BGR, S one of ``sizes`` -> the same shape and colour order. ValueError."""
        if crops.ndim == 4 and crops.shape[1] not in self.sizes:
            raise ValueError(f"{self.session.path.name} draws at {self.sizes} px, not {crops.shape[1]}")
        styled: NDArray[np.uint8] = self.session.run(crops)
        return styled


def load_stylizer(
    zoo: Zoo,
    style: str | None = None,
    device: str = "auto",
    threads: int | None = None,
    precision: str = "auto",
) -> Stylizer:
    """The generator of a style (default: the first of the manifest) in the precision that suits (see models).

    ``style`` may be a model's own name: that model then as it is. Its file is verified. Raises UserError.
    """
    entry = zoo.for_style(style) if style else zoo.default("stylization")
    stylizer = Stylizer(open_model(zoo, entry, device, threads, precision, named=style == entry.name))
    if (stylizer.style, stylizer.size) != (entry.style, entry.size):
        raise UserError(f"{entry.file} has another style or another size than its entry in {zoo.folder}.")
    return stylizer
