"""A whole head: its photo and its labels in, the drawing out."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.training.pen.beard import Worn, draw_beard, look_for_beard
from animirror.training.pen.eyes import draw_eye, find_eyes
from animirror.training.pen.features import draw_brows, draw_mouth, draw_nose
from animirror.training.pen.glasses import draw_glasses
from animirror.training.pen.hair import draw_hair
from animirror.training.pen.hand import Hand
from animirror.training.pen.paint import Canvas, Map, to_lab
from animirror.training.pen.parts import tidied
from animirror.training.pen.skin import draw_blush, draw_outline, find_tones, paint_skin

# The photo is smoothed before its tones are taken: noise would become spots. Bilateral filter (Tomasi and
# Manduchi, ICCV 1998): levels and units.
LEVELS, REACH = 30.0, 4.0


def draw_head(
    photo: NDArray[np.uint8], labels: Mapping[str, Map], hand: Hand, worn: Worn | None = None
) -> NDArray[np.uint8] | None:
    """The head in the middle of a photo as ``hand`` draws it; what is not head stays the photo.

    ``photo``: uint8 [S, S, 3] BGR, as the filter shows it to a generator; ``labels``: probability float32
    [S, S] of each label (CelebAMask-HQ's, merged), enlarged eyes and all; ``worn``: the beard that is known
    to be there, None where the pen must look for itself. Returns uint8 [S, S, 3] BGR; None where there is no
    face worth drawing, or one that may wear a beard.
    """
    parts = tidied(labels)
    if parts is None:
        return None
    smooth = np.asarray(cv2.bilateralFilter(photo, 0, LEVELS, REACH * parts.unit), np.uint8)
    lab = to_lab(smooth)
    tones = find_tones(lab, parts, hand)
    if tones is None:
        return None
    eyes = find_eyes(lab, parts)
    worn = worn or look_for_beard(lab, parts, eyes)
    if worn is Worn.UNSURE:
        return None
    canvas = Canvas(photo.astype(np.float32) / 255.0)
    paint_skin(canvas, lab, parts, tones, hand)
    draw_beard(canvas, lab, parts, tones, eyes, worn)
    draw_blush(canvas, parts, tones, hand, [eye.center for eye in eyes])
    draw_nose(canvas, parts, tones)
    draw_mouth(canvas, lab, parts, tones)
    draw_brows(canvas, lab, parts)
    draw_outline(canvas, parts, tones, hand)
    for eye in eyes:
        draw_eye(canvas, eye, parts, tones, hand)
    draw_glasses(canvas, lab, parts, tones, eyes)
    draw_hair(canvas, lab, parts, hand)
    return canvas.pixels
