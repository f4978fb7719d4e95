"""Between the colours of video files and BGR: right matrix and range; what no face covers stays untouched."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import av
import cv2
import numpy as np
from av.video.reformatter import Colorspace, Interpolation, VideoReformatter
from numpy.typing import NDArray

from animirror.realtime.errors import UserError

# FFmpeg's fast conversion is up to four levels off; a filter that changes only heads must not do that.
EXACT_COLORS = (
    Interpolation.BILINEAR
    | Interpolation.ACCURATE_RND
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.FULL_CHR_H_INP
)
# FFmpeg's numbers (libavutil/pixfmt.h): of RGB, BT.709 and no known standard, limited and full range.
RGB, BT709, UNKNOWN = 0, 1, 2
LIMITED_RANGE, FULL_RANGE = 1, 2
# Transfers of high dynamic range, and what people call them.
HDR = {16: "PQ", 18: "HLG"}
# swscale's numbers of the matrices that it knows, by FFmpeg's numbers.
MATRICES = {
    1: Colorspace.ITU709,
    4: Colorspace.FCC,
    5: Colorspace.ITU601,
    6: Colorspace.ITU601,
    7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020,
    10: Colorspace.BT2020,
}
# Players take untagged video for BT.709 from this size on (wider, or higher, in pixels) and so must we.
HD_WIDTH, HD_HEIGHT = 1280, 577
# Blocks of a picture are cut along multiples of this: chroma is stored in cells of at most 4x4.
CELL = 4


@dataclass(frozen=True)
class Colors:
    """What a video says of its colours, as FFmpeg's numbers; ``matrix`` is the one to convert with.

    ``space``: the matrix as it is tagged, which may be UNKNOWN.
    """

    primaries: int
    transfer: int
    space: int
    range: int
    matrix: Colorspace


# What is written of pictures that were RGB.
SCREEN = Colors(BT709, BT709, BT709, LIMITED_RANGE, Colorspace.ITU709)


def colors_of(picture: av.VideoFrame) -> Colors:
    """The colours of a decoded frame, and by the players' rule those that it does not tell."""
    if picture.format.is_rgb or picture.format.name in ("pal8", "gray"):
        return SCREEN
    full = picture.color_range == FULL_RANGE or picture.format.name.startswith("yuvj")
    high = picture.width >= HD_WIDTH or picture.height >= HD_HEIGHT
    # Full range without a matrix is JPEG's, which is always BT.601.
    guessed = Colorspace.ITU709 if high and not full else Colorspace.ITU601
    return Colors(
        int(picture.color_primaries),
        int(picture.color_trc),
        int(picture.colorspace),
        FULL_RANGE if full else int(picture.color_range),
        MATRICES.get(int(picture.colorspace), guessed),
    )


def refuse_hdr(picture: av.VideoFrame, path: Path) -> None:
    """Raise UserError for a frame of high dynamic range: taken for a usual one, it would look washed out."""
    name = HDR.get(int(picture.color_trc))
    if name is not None:
        raise UserError(
            f"{path} is an HDR video ({name}), whose colours would come out washed out; "
            "convert it to SDR (BT.709) with a tool that maps its tones first."
        )


def quarter_turns(picture: av.VideoFrame) -> int:
    """By how many quarters the frame must be turned counter-clockwise, as PyAV's rotation in degrees is."""
    return round(picture.rotation / 90) % 4


class Upright:
    """Decoded frames as uint8 [H, W, 3] BGR, turned as their display matrix says; for one thread."""

    def __init__(self) -> None:
        # Frames of a decoder share one, and two threads in that wait for each other for ever.
        self._reformatter = VideoReformatter()

    def __call__(self, picture: av.VideoFrame) -> NDArray[np.uint8]:
        matrix = None if picture.format.is_rgb else colors_of(picture).matrix
        stored = self._reformatter.reformat(
            picture, format="bgr24", interpolation=EXACT_COLORS, src_colorspace=matrix, threads=1
        )
        return np.ascontiguousarray(np.rot90(stored.to_ndarray(), quarter_turns(picture)))


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
        block = self._converted(np.ascontiguousarray(_padded(frame, self.width, self.height)[inner]))
        chosen = _padded(covered.astype(np.uint8), self.width, self.height)[inner]
        for ours, theirs in zip(self._planes(result), self._planes(block), strict=True):
            down, right = chosen.shape[0] // theirs.shape[0], chosen.shape[1] // theirs.shape[1]
            cells = chosen.reshape(theirs.shape[0], down, theirs.shape[1], right).any(axis=(1, 3))
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
        size = self._dtype.itemsize
        return [
            np.frombuffer(cast(Any, plane), self._dtype).reshape(-1, plane.line_size // size)[
                : plane.height, : plane.width
            ]
            for plane in picture.planes
        ]

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


def _padded(frame: NDArray[Any], width: int, height: int) -> NDArray[Any]:
    down, right = height - frame.shape[0], width - frame.shape[1]
    if not down and not right:
        return frame
    return np.asarray(cv2.copyMakeBorder(frame, 0, down, 0, right, cv2.BORDER_REPLICATE), frame.dtype)


def display_matrix(picture: av.VideoFrame) -> tuple[int, ...] | None:
    """The nine numbers of a frame's display matrix as FFmpeg stores them, or None."""
    for data in cast(Any, picture.side_data):
        if data.type.name == "DISPLAYMATRIX":
            return tuple(int(number) for number in np.frombuffer(data, "<i4")[:9])
    return None
