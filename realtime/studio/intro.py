"""The start page's three pictures, made once by the filter itself from the built-in portrait."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import platformdirs
from numpy.typing import NDArray

from animirror.realtime.images import Picture, read_picture, write_picture
from animirror.realtime.regions import Box
from animirror.realtime.studio.document import Document
from animirror.realtime.studio.models import Models
from animirror.realtime.studio.paint import tinted
from animirror.realtime.studio.render import render
from animirror.realtime.zoo import Zoo

NAMES = ("open", "select", "generate")
# The part of the 512 x 512 portrait with the head in the middle: left, top, right, bottom. Lower down the
# segmenter takes the orange suit for another head.
SAMPLE = 40, 0, 420, 340
# Of that, the square on the start page, and its side.
PART = Box(20, 0, 360, 340)
SIDE = 340


def sample_portrait() -> NDArray[np.uint8]:
    """NASA's portrait of Eileen Collins (skimage.data.astronaut, public domain), uint8 [340, 380, 3] BGR."""
    from skimage import data

    left, top, right, bottom = SAMPLE
    return np.ascontiguousarray(data.astronaut()[top:bottom, left:right, ::-1])


def intro_folder() -> Path:
    """Where the pictures are kept: another generator or segmenter has other pictures."""
    zoo = Zoo()
    mark = "".join(zoo.default(task).sha256[:8] for task in ("segmentation", "stylization"))
    return platformdirs.user_cache_path("animirror", appauthor=False) / f"intro-{mark}"


def intro_pictures(
    models: Models, folder: Path, progress: Callable[[float], None] | None = None
) -> list[NDArray[np.uint8]]:
    """The portrait, marked, and redrawn: uint8 [SIDE, SIDE, 3] BGR each; kept in ``folder``.

    Takes a second or two where they are not there yet. Raises UserError where models or folder fail.
    """
    paths = [folder / f"{name}.png" for name in NAMES]
    if all(path.is_file() for path in paths):
        return [read_picture(path).frame for path in paths]
    document = Document.from_frame(sample_portrait(), "portrait", models, progress)
    before = document.view(PART, SIDE, SIDE)
    marked = tinted(before, document.mask_view(PART, SIDE, SIDE))
    left, top, right, bottom = (int(edge) for edge in (PART.left, PART.top, PART.right, PART.bottom))
    drawn = render(document, models).frame[top:bottom, left:right]
    after = np.asarray(cv2.resize(drawn, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)
    pictures = [before, marked, after]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:  # a cache that cannot be written costs a second at each start, no more
        return pictures
    for picture, path in zip(pictures, paths, strict=True):
        write_picture(Picture(np.ascontiguousarray(picture)), path)
    return pictures
