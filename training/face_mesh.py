"""A face's points by MediaPipe's Face Mesh: a teacher that labels training photos, never used live."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.realtime.errors import UserError

# The last release that carries its networks in the package (Apache 2.0); later ones fetch them.
PACKAGE = "mediapipe==0.10.14"
# A face is in every picture that the mesh is shown: rather a weak one than none.
MIN_CONFIDENCE = 0.3

# Rings of points by the mesh's numbers (Kartynnik et al., 2019; mediapipe's face_mesh_connections.py).
_RIGHT_EYE = (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7)
_LEFT_EYE = (263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249)
_RIGHT_BROW = (70, 63, 105, 66, 107, 55, 65, 52, 53, 46)
_LEFT_BROW = (300, 293, 334, 296, 336, 285, 295, 282, 283, 276)
_UPPER_EDGE = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291)
_LOWER_EDGE = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291)
_UPPER_INNER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
_LOWER_INNER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
OVAL = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
# Label (CelebAMask-HQ's names, merged) -> its rings; later ones lie over earlier ones.
RINGS: dict[str, tuple[tuple[int, ...], ...]] = {
    "brows": (_RIGHT_BROW, _LEFT_BROW),
    "eyes": (_RIGHT_EYE, _LEFT_EYE),
    "mouth": (_UPPER_INNER + _LOWER_INNER[-2:0:-1],),
    "upper_lip": (_UPPER_EDGE + _UPPER_INNER[::-1],),
    "lower_lip": (_LOWER_EDGE + _LOWER_INNER[::-1],),
}
# Points between pixels are drawn to this many binary places.
_SHIFT = 4


class FaceMesh:
    """The mesh of the largest face of a picture. A context manager: its graph holds threads.

    Raises UserError where mediapipe is not installed.
    """

    def __init__(self) -> None:
        try:
            from mediapipe.python.solutions.face_mesh import FaceMesh as Graph
        except ImportError as error:
            raise UserError(
                f"Parts of faces are seen by MediaPipe; install it with `pip install {PACKAGE}` (Python up "
                f"to 3.12; in an environment of its own, for onnx wants a later protobuf): {error}."
            ) from error
        self._graph: Any = Graph(
            static_image_mode=True,
            max_num_faces=1,
            refine_landmarks=True,
            min_detection_confidence=MIN_CONFIDENCE,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._graph.close()

    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        """Points, float32 [478, 2] (x, y) px, of a picture (uint8 [H, W, 3] BGR); None without a face."""
        found = self._graph.process(np.ascontiguousarray(image[..., ::-1])).multi_face_landmarks
        if not found:
            return None
        height, width = image.shape[:2]
        return np.array([(p.x * width, p.y * height) for p in found[0].landmark], np.float32)


def fill(points: NDArray[np.float32], ring: tuple[int, ...], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Pixels inside a ring of a mesh's points: bool of ``shape`` (H, W)."""
    mask = np.zeros(shape, np.uint8)
    corners = np.rint(points[list(ring)] * 2**_SHIFT).astype(np.int32)
    cv2.fillPoly(mask, [corners], 1, shift=_SHIFT)
    return mask > 0
