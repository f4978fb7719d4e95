"""Filtered frames to what an encoder takes; what no face covers keeps the values that it was stored with."""

from __future__ import annotations

import itertools
from typing import Any

import av
import cv2
import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from animirror.realtime.colors import (
    EXACT_COLORS,
    LIMITED_RANGE,
    PLAIN_FORMATS,
    Colors,
    from_bgr_matrix,
    planes_of,
)

# Blocks of a picture are cut along multiples of this: chroma is stored in cells of at most 4x4.
CELL = 4


class Painter:
    """Frames for an encoder: ``width`` x ``height`` pixels (even where ``pixel_format`` needs it).

    ``colors``: of the source, kept. An odd last column or row is doubled, nothing is cut off.
    """

    def __init__(self, width: int, height: int, pixel_format: str, colors: Colors) -> None:
        self.pixel_format, self.colors = pixel_format, colors
        self._taking, self._giving = VideoReformatter(), VideoReformatter()
        format_ = av.VideoFormat(pixel_format, width, height)
        parts = format_.components
        # Alike in all planes, and three of them: else planes cannot be patched one by one.
        self._planar = len(parts) == 3 and not format_.is_rgb and [part.plane for part in parts] == [0, 1, 2]
        subsampled = parts[1] if len(parts) > 1 else parts[0]
        self.width = width + width % 2 if subsampled.width < width else width
        self.height = height + height % 2 if subsampled.height < height else height
        self._subsampling = (round(height / subsampled.height), round(width / subsampled.width))
        self._dtype = np.dtype(np.uint8 if max(part.bits for part in parts) == 8 else "<u2")

    def from_bgr(self, frame: NDArray[np.uint8]) -> av.VideoFrame:
        """A whole picture (uint8 [H, W, 3] BGR) converted."""
        frame = _padded(frame, self.width, self.height)
        return self._tagged(self._converted(frame))

    def patched(
        self, picture: av.VideoFrame, frame: NDArray[np.uint8], mask: NDArray[np.float32]
    ) -> av.VideoFrame:
        """The decoded frame with ``frame`` (uint8 [H, W, 3] BGR) where ``mask`` (float32 [H, W]) is not 0.

        All else keeps the very values that it was stored with, as far as the pixel format holds them.
        """
        if not self._planar or picture.format.is_rgb:
            return self.from_bgr(frame)
        result = self._copied(picture)
        covered = mask > 0
        down, across = np.asarray(covered.any(axis=1)), np.asarray(covered.any(axis=0))
        rows, columns = _cells(down, self.height), _cells(across, self.width)
        if rows is None or columns is None:
            return self._tagged(result)
        inner = np.s_[rows.start : rows.stop, columns.start : columns.stop]
        block = self._as_planes(np.ascontiguousarray(_padded(frame, self.width, self.height)[inner]))
        chosen = _padded(covered.astype(np.uint8), self.width, self.height)[inner]
        for ours, theirs in zip(self._planes(result), block, strict=True):
            down, right = chosen.shape[0] // theirs.shape[0], chosen.shape[1] // theirs.shape[1]
            cells = _any_of(chosen, down, right)
            target = ours[
                rows.start // down : rows.stop // down, columns.start // right : columns.stop // right
            ]
            np.copyto(target, theirs, where=cells)
        return self._tagged(result)

    def _copied(self, picture: av.VideoFrame) -> av.VideoFrame:
        """The frame in our format, in memory of its own: the decoder still looks at its pictures."""
        same = self._taking.reformat(
            picture,
            format=self.pixel_format,
            interpolation=EXACT_COLORS,
            src_colorspace=self.colors.matrix,
            dst_colorspace=self.colors.matrix,
            src_color_range=self.colors.range,
            dst_color_range=self.colors.range,
            threads=1,
        )
        result = av.VideoFrame(self.width, self.height, self.pixel_format)
        for ours, theirs in zip(self._planes(result), self._planes(same), strict=True):
            height, width = theirs.shape
            ours[:height, :width] = theirs
            ours[:height, width:] = theirs[:, -1:]
            ours[height:] = ours[height - 1]
        return result

    def _as_planes(self, frame: NDArray[np.uint8]) -> list[NDArray[Any]]:
        """A block in BGR as the planes of our format."""
        if self.pixel_format not in PLAIN_FORMATS:
            return self._planes(self._converted(frame))
        height, width = frame.shape[:2]
        luma, *chroma = cv2.split(cv2.transform(frame, from_bgr_matrix(self.colors)))
        down, right = self._subsampling
        size = (width // right, height // down)
        return [luma, *(cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in chroma)]

    def _converted(self, frame: NDArray[np.uint8]) -> av.VideoFrame:
        picture = av.VideoFrame.from_ndarray(frame, format="bgr24")
        return self._giving.reformat(
            picture,
            format=self.pixel_format,
            dst_colorspace=self.colors.matrix,
            dst_color_range=self.colors.range or LIMITED_RANGE,
            interpolation=EXACT_COLORS,
            threads=1,
        )

    def _planes(self, picture: av.VideoFrame) -> list[NDArray[Any]]:
        return planes_of(picture, self._dtype)

    def _tagged(self, picture: av.VideoFrame) -> av.VideoFrame:
        picture.color_range, picture.colorspace = self.colors.range, self.colors.space
        picture.color_trc, picture.color_primaries = self.colors.transfer, self.colors.primaries
        return picture


def _cells(touched: NDArray[np.bool_], length: int) -> slice | None:
    """From the first to the last True, widened to whole cells of a picture of this length."""
    places = np.flatnonzero(touched)
    if places.size == 0:
        return None
    first, last = int(places[0]) // CELL * CELL, -(-(int(places[-1]) + 1) // CELL) * CELL
    return slice(first, min(last, length))


def _any_of(chosen: NDArray[np.uint8], down: int, right: int) -> NDArray[np.bool_]:
    """Which cells of ``down`` x ``right`` pixels hold one that is not 0."""
    result = chosen[::down, ::right]
    for row, column in itertools.product(range(down), range(right)):
        result = result | chosen[row::down, column::right]
    return result.astype(np.bool_)


def _padded(frame: NDArray[Any], width: int, height: int) -> NDArray[Any]:
    down, right = height - frame.shape[0], width - frame.shape[1]
    if not down and not right:
        return frame
    return np.asarray(cv2.copyMakeBorder(frame, 0, down, 0, right, cv2.BORDER_REPLICATE), frame.dtype)
