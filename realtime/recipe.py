"""How a filter is made: models and choices as plain values, so that another process can make the same one."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from animirror.realtime.errors import UserError
from animirror.realtime.filter import FaceFilter, FilterOptions
from animirror.realtime.segment import load_fine_segmenter, load_live_segmenter
from animirror.realtime.stylize import load_stylizer
from animirror.realtime.zoo import Zoo


@dataclass(frozen=True)
class Recipe:
    """What a FaceFilter is made of.

    ``models``: folder of the zoo (None: the installed one's). ``live``: it has to keep up with a camera.
    """

    options: FilterOptions = field(default_factory=FilterOptions)
    style: str | None = None
    device: str = "auto"
    threads: int | None = None
    precision: str = "auto"
    models: Path | None = None
    live: bool = False

    def __post_init__(self) -> None:
        if self.threads is not None and self.threads < 1:
            raise UserError(f"--threads must be at least 1, not {self.threads}.")

    def make(self) -> FaceFilter:
        """A new filter, its models loaded and verified. Raises UserError."""
        zoo = Zoo() if self.models is None else Zoo(self.models)
        load_segmenter = load_live_segmenter if self.live else load_fine_segmenter
        segmenter = load_segmenter(zoo, self.device, self.threads, self.precision)
        stylizer = load_stylizer(zoo, self.style, self.device, self.threads, self.precision)
        return FaceFilter(segmenter, stylizer, self.options)
