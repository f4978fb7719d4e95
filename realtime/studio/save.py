"""Results to files: the picture, the cut-out with transparency, the clipboard's bytes."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from animirror.realtime.errors import UserError
from animirror.realtime.images import FORMATS, QUALITY, Picture, check_target, write_picture
from animirror.realtime.studio.document import Document
from animirror.realtime.studio.render import Rendered

# Compressing a clipboard's picture hard takes seconds, and nobody keeps it.
CLIPBOARD_PACKING = 1


def save_picture(
    document: Document, rendered: Rendered, target: Path, quality: int = QUALITY, overwrite: bool = False
) -> None:
    """Write a result at full size in the format of the target's suffix, with the picture's EXIF, profile

    and transparency. ``quality``: 1 to 100 for JPEG and WebP (WebP at 100: lossless). Raises UserError.
    """
    check_target(target, document.path, overwrite)
    write_picture(replace(document.picture, frame=_full(document, rendered)), target, quality)


def save_cutout(
    document: Document, rendered: Rendered, target: Path, quality: int = QUALITY, overwrite: bool = False
) -> None:
    """Write only what is drawn, the rest transparent, as PNG, WebP or TIFF. Raises UserError."""
    check_target(target, document.path, overwrite)
    if not FORMATS[target.suffix.lower()][1]:
        holding = ", ".join(suffix for suffix, (_, holds) in FORMATS.items() if holds)
        raise UserError(f"{target.suffix} holds no transparency ({target}); use {holding}.")
    write_picture(cutout(document, rendered), target, quality)


def cutout(document: Document, rendered: Rendered) -> Picture:
    """What is drawn, with the mask as its transparency; colours under alpha 0 are black: nothing of the

    rest of the picture leaves with it.
    """
    frame = _full(document, rendered).copy()
    frame[rendered.mask == 0] = 0
    original = document.picture
    alpha = rendered.mask
    if original.alpha is not None:
        alpha = np.minimum(alpha, original.alpha)
    return replace(original, frame=frame, alpha=alpha)


def clipboard_png(frame: NDArray[np.uint8], alpha: NDArray[np.uint8] | None = None) -> bytes:
    """A picture (uint8 [H, W, 3] BGR, alpha [H, W]) as the bytes of a PNG file."""
    rgb = frame[..., ::-1]
    pixels = rgb if alpha is None else np.dstack([rgb, alpha])
    stored = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(stored, "PNG", compress_level=CLIPBOARD_PACKING)
    return stored.getvalue()


def _full(document: Document, rendered: Rendered) -> NDArray[np.uint8]:
    if rendered.frame.shape[:2] != (document.height, document.width):
        raise ValueError("a preview cannot be saved: render at full size (long_side=None)")
    return rendered.frame
