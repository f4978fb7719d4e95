"""Between the colours of video files and BGR: the right matrix, range and orientation."""

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
# Weights of red and blue in luma, by these matrices (ITU-R BT.709, FCC, BT.601, SMPTE 240M, BT.2020).
WEIGHTS = {
    Colorspace.ITU709: (0.2126, 0.0722),
    Colorspace.FCC: (0.30, 0.11),
    Colorspace.ITU601: (0.299, 0.114),
    Colorspace.SMPTE240M: (0.212, 0.087),
    Colorspace.BT2020: (0.2627, 0.0593),
}
# Eight bits, luma and chroma in planes of their own: what nearly all videos are. There swscale's exact way
# takes four times as long as a matrix and a resize of OpenCV's, and is no nearer to the standards' formulas.
PLAIN_FORMATS = ("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p")
BYTE = np.dtype(np.uint8)
# Players take untagged video for BT.709 from this size on (wider, or higher, in pixels) and so must we.
HD_WIDTH, HD_HEIGHT = 1280, 577


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
        if picture.format.name in PLAIN_FORMATS:
            return np.ascontiguousarray(np.rot90(_matrixed(picture), quarter_turns(picture)))
        matrix = None if picture.format.is_rgb else colors_of(picture).matrix
        stored = self._reformatter.reformat(
            picture, format="bgr24", interpolation=EXACT_COLORS, src_colorspace=matrix, threads=1
        )
        return np.ascontiguousarray(np.rot90(stored.to_ndarray(), quarter_turns(picture)))


def _matrixed(picture: av.VideoFrame) -> NDArray[np.uint8]:
    """A frame of PLAIN_FORMATS as uint8 [H, W, 3] BGR, by the standards' formulas; chroma interpolated."""
    luma, *chroma = planes_of(picture)
    size = (picture.width, picture.height)
    full = [cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR) for plane in chroma]
    return np.asarray(cv2.transform(cv2.merge([luma, *full]), to_bgr_matrix(colors_of(picture))), np.uint8)


def to_bgr_matrix(colors: Colors) -> NDArray[np.float64]:
    """float64 [3, 4]: from Y, Cb, Cr and 1 (levels of 8 bits) to B, G, R.

    ITU-R BT.601, BT.709 and BT.2020 share the formula and differ in the weights.
    """
    red, blue = WEIGHTS[colors.matrix]
    green = 1 - red - blue
    full = colors.range == FULL_RANGE
    scale = np.array([1.0, 1.0, 1.0] if full else [255 / 219, 255 / 224, 255 / 224])
    matrix = np.array(
        [
            [1, 2 * (1 - blue), 0],
            [1, -2 * (1 - blue) * blue / green, -2 * (1 - red) * red / green],
            [1, 0, 2 * (1 - red)],
        ]
    )
    matrix = matrix * scale
    black = np.array([0 if full else 16, 128, 128])
    return np.hstack([matrix, -(matrix @ black)[:, None]])


def from_bgr_matrix(colors: Colors) -> NDArray[np.float64]:
    """float64 [3, 4]: from B, G, R and 1 to Y, Cb, Cr."""
    there = to_bgr_matrix(colors)
    back = np.linalg.inv(there[:, :3])
    return np.hstack([back, -(back @ there[:, 3])[:, None]])


def planes_of(picture: av.VideoFrame, dtype: np.dtype[Any] = BYTE) -> list[NDArray[Any]]:
    """The planes of a frame as arrays [h, w] that share its memory."""
    return [
        np.frombuffer(cast(Any, plane), dtype).reshape(-1, plane.line_size // dtype.itemsize)[
            : plane.height, : plane.width
        ]
        for plane in picture.planes
    ]


def display_matrix(picture: av.VideoFrame) -> tuple[int, ...] | None:
    """The nine numbers of a frame's display matrix as FFmpeg stores them, or None."""
    for data in cast(Any, picture.side_data):
        if data.type.name == "DISPLAYMATRIX":
            return tuple(int(number) for number in np.frombuffer(data, "<i4")[:9])
    return None
