"""A face's points by MediaPipe's Face Mesh, and the rings of its parts."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.training.teacher import Teacher

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


class FaceMesh(Teacher):
    """The mesh of the largest face of a picture."""

    def __init__(self) -> None:
        super().__init__(
            "face_mesh",
            "FaceMesh",
            max_num_faces=1,
            refine_landmarks=True,
            min_detection_confidence=MIN_CONFIDENCE,
        )

    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        """Points, float32 [478, 2] (x, y) px, of a picture (uint8 [H, W, 3] BGR); None without a face."""
        return next(iter(self.landmarks(image, "multi_face_landmarks")), None)


def fill(points: NDArray[np.float32], ring: tuple[int, ...], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Pixels inside a ring of a mesh's points: bool of ``shape`` (H, W)."""
    mask = np.zeros(shape, np.uint8)
    corners = np.rint(points[list(ring)] * 2**_SHIFT).astype(np.int32)
    cv2.fillPoly(mask, [corners], 1, shift=_SHIFT)
    return mask > 0
