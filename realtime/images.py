"""Picture files to frames and back: orientation, depth, colour modes, transparency, profiles."""

from __future__ import annotations

import io
import os
import struct
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from animirror.realtime.errors import UserError

# 178 megapixels, where Pillow refuses too: it takes twice its MAX_IMAGE_PIXELS for an attack.
MAX_PIXELS = 2 * 89_478_485
# Pillow's format by suffix, and whether it can hold transparency.
FORMATS = {
    ".png": ("PNG", True),
    ".jpg": ("JPEG", False),
    ".jpeg": ("JPEG", False),
    ".webp": ("WEBP", True),
    ".tif": ("TIFF", True),
    ".tiff": ("TIFF", True),
    ".bmp": ("BMP", False),
}
# High enough that recompression is not seen beside the original.
QUALITY = 95
# From so many pixels on PNG is packed less thoroughly: 50 megapixels would take a quarter of a minute.
LARGE = 16_000_000
ORIENTATION = 0x0112
# Tags of TIFF's baseline and extensions that say how pixels are stored in that file: not true of any other.
LAYOUT_TAGS = (
    *range(254, 260),
    262,
    266,
    273,
    *range(277, 280),
    284,
    317,
    *range(322, 326),
    338,
    339,
    347,
    34675,
)
# What Pillow's decoders raise where a damaged file makes them stumble (found by flipping bytes).
DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    RuntimeError,
    EOFError,
    struct.error,
)


@dataclass(frozen=True)
class Picture:
    """A picture file's content: ``frame`` uint8 [H, W, 3] BGR upright, ``alpha`` uint8 [H, W] or None,

    ``exif`` and ``icc`` as bytes to write again, ``note``: what the user should know, or None.
    """

    frame: NDArray[np.uint8]
    alpha: NDArray[np.uint8] | None = None
    exif: bytes | None = None
    icc: bytes | None = None
    note: str | None = None


def read_picture(path: Path) -> Picture:
    """Read any picture that Pillow knows: grey, 16-bit, CMYK, palette, rotated by EXIF, transparent.

    Of an animated one the first frame is taken, and said so in the note. Raises UserError naming the file
    where it is missing, empty, truncated, too large or no picture.
    """
    try:
        if path.is_dir():
            raise UserError(
                f"{path} is a folder, not a picture; give the pictures in it, for example {path}/*.jpg."
            )
        if path.stat().st_size == 0:
            raise UserError(f"The picture {path} is empty (0 bytes).")
    except FileNotFoundError as error:
        raise UserError(f"The picture {path} does not exist.") from error
    except OSError as error:  # a name that is too long, a folder that may not be entered
        raise UserError(f"The picture {path} cannot be read: {error.strerror}.") from error
    return _decoded(path, path)


def decode_picture(content: bytes, path: Path) -> Picture:
    """The picture of a file's bytes; ``path``: the file that errors name. As read_picture."""
    return _decoded(io.BytesIO(content), path)


def _decoded(source: Path | io.BytesIO, path: Path) -> Picture:
    try:
        with warnings.catch_warnings(), Image.open(source) as opened:
            # Of large pictures and odd tags; what matters of them ends in a UserError.
            warnings.simplefilter("ignore")
            return _convert(opened, path)
    except UnidentifiedImageError as error:
        raise UserError(f"{path} is not a picture that can be read; try PNG, JPEG, WebP or TIFF.") from error
    except Image.DecompressionBombError as error:
        raise UserError(
            f"The picture {path} is too large; at most {MAX_PIXELS // 10**6} megapixels."
        ) from error
    except DECODER_ERRORS as error:
        raise UserError(f"The picture {path} is damaged or cannot be read: {error}.") from error


def _convert(opened: Image.Image, path: Path) -> Picture:
    if opened.width * opened.height > MAX_PIXELS:
        raise UserError(
            f"The picture {path} is too large ({opened.width}x{opened.height}); "
            f"at most {MAX_PIXELS // 10**6} megapixels."
        )
    frames = getattr(opened, "n_frames", 1)
    # Phones hide a preview or a depth map in their JPEGs (MPO): nobody misses those.
    several = frames > 1 and opened.format != "MPO"
    note = f"{path} holds several pictures: only the first of its {frames} is used." if several else None
    upright = ImageOps.exif_transpose(_eight_bit(opened))
    exif, icc = opened.getexif(), opened.info.get("icc_profile")
    if exif:
        for tag in LAYOUT_TAGS:
            exif.pop(tag, None)
    if exif:
        # The pixels are upright now; the tag must not turn them again.
        exif[ORIENTATION] = 1
    alpha = None
    if upright.has_transparency_data:
        rgba = np.asarray(upright.convert("RGBA"))
        alpha = np.ascontiguousarray(rgba[..., 3])
        rgb = rgba[..., :3]
    else:
        # convert copies even what it need not: a third of a second for 50 megapixels.
        rgb = np.asarray(upright if upright.mode == "RGB" else upright.convert("RGB"))
    # A profile of CMYK or grey would be wrong for the RGB that is written.
    icc = icc if opened.mode in ("RGB", "RGBA", "P") else None
    kept = exif.tobytes() if exif else None
    return Picture(np.ascontiguousarray(rgb[..., ::-1]), alpha, kept, icc, note)


def _eight_bit(picture: Image.Image) -> Image.Image:
    """16-bit and float grey pictures scaled to 8 bits (Pillow would clip them); others as they are."""
    if picture.mode.startswith("I;16") or picture.mode == "I":
        values = np.asarray(picture, dtype=np.float64)
        scaled = Image.fromarray(np.clip(values / 257.0 + 0.5, 0, 255).astype(np.uint8))
    elif picture.mode == "F":
        values = np.nan_to_num(np.asarray(picture, dtype=np.float64))
        top = 1.0 if values.max(initial=0.0) <= 1.0 else 255.0
        scaled = Image.fromarray(np.clip(values / top * 255.0 + 0.5, 0, 255).astype(np.uint8))
    else:
        return picture
    exif = picture.getexif()
    scaled.getexif().update(exif)
    return scaled


def check_target(target: Path, source: Path | None = None, overwrite: bool = False) -> None:
    """Raise UserError, before any work, where ``target`` could not be written in the end."""
    if target.suffix.lower() not in FORMATS:
        raise UserError(
            f"Pictures cannot be written as '{target.suffix}' ({target}); use {', '.join(FORMATS)}."
        )
    check_writable(target, source, overwrite)


def check_writable(target: Path, source: Path | None, overwrite: bool) -> None:
    """Raise UserError where ``target`` is its own source, exists already, or lies in no writable folder."""
    try:
        problem = _obstacle(target, source, overwrite)
    except OSError as error:  # a name that is too long, a folder that may not be entered
        raise UserError(f"{target} cannot be written: {error.strerror}.") from error
    if problem is not None:
        raise UserError(problem)


def _obstacle(target: Path, source: Path | None, overwrite: bool) -> str | None:
    if target.is_dir():
        return f"{target} is a folder; name a file in it, or use --out-dir."
    if source is not None and source.exists() and target.exists() and target.samefile(source):
        return f"{target} is the input itself; give another output (-o)."
    if target.exists() and not overwrite:
        return f"{target} exists already; give another output (-o) or --overwrite."
    if not target.parent.is_dir():
        return f"The folder {target.parent} for {target.name} does not exist; create it first."
    if not os.access(target.parent, os.W_OK):
        return f"The folder {target.parent} cannot be written to; choose another output (-o)."
    return None


def partial_path(target: Path) -> Path:
    """Where a file is written before it is whole: beside its target, with the same suffix, hidden."""
    return target.with_name(f".{target.stem}.partial{os.getpid()}{target.suffix}")


def write_picture(picture: Picture, target: Path, quality: int = QUALITY) -> None:
    """Write a picture in the format of the target's suffix: beside it first, then renamed.

    EXIF and colour profile are kept where the format holds them, transparency too; it becomes white where
    it does not. ``quality``: 1 to 100 for JPEG and WebP; WebP at 100 is lossless. Raises UserError.
    """
    if not 1 <= quality <= 100:
        raise UserError(f"The quality must be between 1 and 100, not {quality}.")
    check_target(target, overwrite=True)
    format_name, holds_alpha = FORMATS[target.suffix.lower()]
    rgb = picture.frame[..., ::-1]
    if picture.alpha is not None:
        rgb = np.dstack([rgb, picture.alpha]) if holds_alpha else _on_white(rgb, picture.alpha)
    partial = partial_path(target)
    extras = {"exif": picture.exif, "icc_profile": picture.icc}
    try:
        Image.fromarray(np.ascontiguousarray(rgb)).save(
            partial,
            format_name,
            **_settings(format_name, quality, rgb.shape[0] * rgb.shape[1]),
            **{key: value for key, value in extras.items() if value and format_name != "BMP"},
        )
        partial.replace(target)
    except (OSError, ValueError) as error:
        raise UserError(f"The picture {target} cannot be written: {error}.") from error
    finally:
        partial.unlink(missing_ok=True)


def _settings(format_name: str, quality: int, pixels: int) -> dict[str, Any]:
    if format_name == "WEBP":
        # exact: colours under alpha 0 are kept too.
        return {"quality": quality, "lossless": quality == 100, "exact": True}
    if format_name == "PNG" and pixels > LARGE:
        return {"compress_level": 2}
    # TIFF stays uncompressed: libtiff, which compresses for Pillow, fails on EXIF with parts of its own.
    return {"quality": quality} if format_name == "JPEG" else {}


def _on_white(rgb: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What is seen through transparency before white: under alpha 0 files hold anything."""
    share = alpha[..., None].astype(np.uint16)
    return np.asarray((rgb * share + 255 * (255 - share) + 127) // 255, np.uint8)
