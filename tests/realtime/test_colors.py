"""Colours of video files: standards by their formulas, and what no mask covers is not touched."""

from pathlib import Path

import av
import numpy as np
import pytest
from av.video.reformatter import Colorspace

from animirror.realtime.colors import Colors, Upright, colors_of, refuse_hdr
from animirror.realtime.errors import UserError
from animirror.realtime.paint import Painter

# Weights of red and blue in luma: ITU-R BT.601, BT.709, BT.2020; FFmpeg's number and swscale's name of each.
STANDARDS = {
    "601": (0.299, 0.114, 6, Colorspace.ITU601),
    "709": (0.2126, 0.0722, 1, Colorspace.ITU709),
    "2020": (0.2627, 0.0593, 9, Colorspace.BT2020),
}
COLORS = [(0, 0, 255), (0, 255, 0), (255, 0, 0), (40, 90, 210), (255, 255, 255)]


def by_formula(bgr: tuple[int, int, int], standard: str, full: bool) -> tuple[float, float, float]:
    """Y, Cb and Cr of 8 bits as the standards define them."""
    red_weight, blue_weight = STANDARDS[standard][:2]
    blue, green, red = (value / 255 for value in bgr)
    luma = red_weight * red + (1 - red_weight - blue_weight) * green + blue_weight * blue
    cb, cr = (blue - luma) / (2 - 2 * blue_weight), (red - luma) / (2 - 2 * red_weight)
    return (
        (255 * luma, 128 + 255 * cb, 128 + 255 * cr)
        if full
        else (16 + 219 * luma, 128 + 224 * cb, 128 + 224 * cr)
    )


def colors(standard: str, full: bool) -> Colors:
    return Colors(2, 2, STANDARDS[standard][2], 2 if full else 1, STANDARDS[standard][3])


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("standard", STANDARDS)
@pytest.mark.parametrize("color", COLORS)
def test_there_and_back_by_the_standards_formulas(
    color: tuple[int, int, int], standard: str, full: bool
) -> None:
    painter = Painter(64, 64, "yuv420p", colors(standard, full))
    picture = painter.from_bgr(np.full((64, 64, 3), color, np.uint8))
    values = [np.frombuffer(plane, np.uint8)[0] for plane in picture.planes]
    assert values == pytest.approx(np.clip(by_formula(color, standard, full), 0, 255), abs=1.5)
    assert (colors_of(picture).space, colors_of(picture).range) == (STANDARDS[standard][2], 2 if full else 1)
    assert np.abs(Upright()(picture)[32, 32].astype(int) - color).max() <= 3


@pytest.mark.parametrize("size", [(96, 80), (97, 81)])
@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le"])
def test_what_no_mask_covers_keeps_its_very_values(pixel_format: str, size: tuple[int, int]) -> None:
    width, height = size
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    source = av.VideoFrame.from_ndarray(noise, format="bgr24").reformat(format=pixel_format)
    painter = Painter(width, height, pixel_format, colors("709", full=False))
    drawn, mask = np.full((height, width, 3), 250, np.uint8), np.zeros((height, width), np.float32)
    mask[21:50, 33:60] = 0.5
    result = painter.patched(source, drawn, mask)
    assert (result.width, result.height) == (painter.width, painter.height)
    for before, after in zip(painter._planes(source), painter._planes(result), strict=True):
        down, right = round(painter.height / after.shape[0]), round(painter.width / after.shape[1])
        rows, columns = slice(21 // down, -(-50 // down)), slice(33 // right, -(-60 // right))
        inside = np.zeros(before.shape, bool)
        inside[rows, columns] = True
        kept = after[: before.shape[0], : before.shape[1]]
        assert np.array_equal(kept[~inside], before[~inside])
        assert not np.array_equal(kept[inside], before[inside])
    assert Upright()(result)[35, 45].min() > 245


def test_a_mask_of_nothing_changes_nothing() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    source = av.VideoFrame.from_ndarray(noise, format="bgr24").reformat(format="yuv420p")
    painter = Painter(64, 64, "yuv420p", colors_of(source))
    result = painter.patched(source, np.zeros((64, 64, 3), np.uint8), np.zeros((64, 64), np.float32))
    assert np.array_equal(result.to_ndarray(), source.to_ndarray())
    assert result.planes[0].buffer_ptr != source.planes[0].buffer_ptr  # the decoder still needs its own


@pytest.mark.parametrize(("transfer", "name"), [(16, "PQ"), (18, "HLG")])
def test_hdr_is_refused_by_name(transfer: int, name: str) -> None:
    picture = av.VideoFrame(64, 64, "yuv420p10le")
    refuse_hdr(picture, Path("sdr.mp4"))
    picture.color_trc = transfer
    with pytest.raises(UserError, match=rf"hdr\.mp4 is an HDR video \({name}\).*convert it to SDR"):
        refuse_hdr(picture, Path("hdr.mp4"))
