"""MediaPipe's solutions as teachers: they label training photos once and are never used live."""

from __future__ import annotations

from importlib import import_module
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from animirror.realtime.errors import UserError

# The last release that carries its networks in the package (Apache 2.0); later ones fetch them.
PACKAGE = "mediapipe==0.10.14"


class Teacher:
    """One of MediaPipe's solutions, shown single pictures. A context manager: its graph holds threads.

    Raises UserError where mediapipe is not installed.
    """

    def __init__(self, module: str, solution: str, **options: Any) -> None:
        try:
            graph = getattr(import_module(f"mediapipe.python.solutions.{module}"), solution)
        except ImportError as error:
            raise UserError(
                f"Faces and hands of training photos are seen by MediaPipe; install it with `pip install "
                f"{PACKAGE}` (Python up to 3.12; in an environment of its own, for onnx wants a later "
                f"protobuf): {error}."
            ) from error
        self._graph: Any = graph(static_image_mode=True, **options)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._graph.close()

    def landmarks(self, image: NDArray[np.uint8], field: str) -> list[NDArray[np.float32]]:
        """Points of all that is found in a picture (uint8 [H, W, 3] BGR): float32 [P, 2] (x, y) px each."""
        found = getattr(self._graph.process(np.ascontiguousarray(image[..., ::-1])), field) or ()
        height, width = image.shape[:2]
        return [np.array([(p.x * width, p.y * height) for p in one.landmark], np.float32) for one in found]
