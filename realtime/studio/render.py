"""Variants drawn: a document's heads in a style and a colour filter, put into the picture by its mask.

Every head that is on is drawn once, at its own resolution. What the brush added beyond all heads is drawn
in further squares around it, so that any place can be drawn, and a picture without a head as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.realtime import blend
from animirror.realtime.drawn_size import drawn_side, drawn_size
from animirror.realtime.errors import UserError
from animirror.realtime.filter import FaceFilter
from animirror.realtime.follow import on_whole_pixels
from animirror.realtime.regions import Box, Crop, mask_box
from animirror.realtime.scene import Head, Scene
from animirror.realtime.studio.beyond import squares_beyond
from animirror.realtime.studio.choices import Variant, apply_color_filter
from animirror.realtime.studio.document import Document, Progress, Snapshot
from animirror.realtime.studio.models import Models

# Thumbnails show what is drawn with so much around it, as a share of its box.
AROUND = 0.15
# Squares fade and give way to each other by maps of so many pixels a side: both are soft.
FADE_SIDE = 512
# Rows that are mixed at a time: the weights take eight bytes a pixel.
BAND = 512


@dataclass(frozen=True)
class Rendered:
    """A drawn picture: ``frame`` uint8 [h, w, 3] BGR, equal to the input where ``mask`` (uint8 [h, w]) is 0.

    ``revision``: of the document that it shows.
    """

    frame: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    variant: Variant
    revision: int


@dataclass(frozen=True)
class _Job:
    """A snapshot to be drawn ``scale`` times as large: all squares to draw, frame and mask at that size."""

    snapshot: Snapshot
    beyond: list[Head]
    frame: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    scale: float


def render(
    document: Document,
    models: Models,
    variant: Variant | None = None,
    long_side: int | None = None,
    progress: Progress | None = None,
) -> Rendered:
    """The document in a variant (None: the one chosen, else the first style), as it is now.

    ``long_side``: pixels of a preview's longer side; None: full size. ``progress`` is told the share that is
    done; what it raises ends the work. Raises UserError where the style's model cannot be used.
    """
    snapshot = document.snapshot()
    scale = 1.0 if long_side is None else min(1.0, long_side / max(snapshot.mask.shape))
    variant = variant or snapshot.choices.variant or first_variant(models)
    return _drawn(_prepared(snapshot, models, scale), models, variant, progress)


def thumbnails(
    document: Document, models: Models, variants: Iterable[Variant], side: int = 200
) -> Iterator[tuple[Variant, NDArray[np.uint8]]]:
    """One variant after the other, as it is ready: uint8 [h, w, 3] BGR, the longer side ``side`` px at most.

    They show what is drawn and a little around it, as the document is when the first one is asked for.
    """
    snapshot = document.snapshot()
    height, width = snapshot.mask.shape
    box = _around(mask_box(snapshot.mask > 0), width, height)
    scale = min(1.0, side / max(box.width, box.height))
    job = _prepared(snapshot, models, scale)
    left, top, right, bottom = (round(edge * scale) for edge in (box.left, box.top, box.right, box.bottom))
    for variant in variants:
        drawn = _drawn(job, models, variant, None).frame
        yield variant, np.ascontiguousarray(drawn[top:bottom, left:right][:side, :side])


def first_variant(models: Models) -> Variant:
    """The zoo's first style as it is. Raises UserError where there is none."""
    if not models.styles:
        raise UserError("There is no style to draw with: reinstall animirror, or train one.")
    return Variant(models.styles[0])


def _around(box: Box | None, width: int, height: int) -> Box:
    if box is None:
        return Box(0, 0, width, height)
    room = AROUND * max(box.width, box.height)
    grown = Box(box.left - room, box.top - room, box.right + room, box.bottom + room)
    return grown.intersection(Box(0, 0, width, height))


def _prepared(snapshot: Snapshot, models: Models, scale: float) -> _Job:
    beyond = squares_beyond(snapshot, models.segmenter())
    if scale == 1.0:
        return _Job(snapshot, beyond, snapshot.frame, snapshot.mask, scale)
    height, width = snapshot.mask.shape
    size = max(1, round(width * scale)), max(1, round(height * scale))
    frame, mask = (
        np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8)
        for part in (snapshot.frame, snapshot.mask)
    )
    return _Job(snapshot, beyond, frame, mask, scale)


def _drawn(job: _Job, models: Models, variant: Variant, progress: Progress | None) -> Rendered:
    choices = job.snapshot.choices
    layer, coverage = job.frame.copy(), np.zeros(job.mask.shape, np.float32)
    if choices.strength > 0 and job.mask.any():
        # A filter of its own: others may draw at the same time with other options.
        face_filter = FaceFilter(models.segmenter(), models.stylizer(variant.style), choices.filter_options())
        painted: list[tuple[Head, NDArray[np.uint8]]] = []
        # Those beyond first: heads lie on top of them.
        heads = [*job.beyond, *job.snapshot.heads]
        sizes = face_filter.stylizer.sizes
        for index, head in enumerate(heads):
            scaled = _scaled(head, job, variant, drawn_size(head.face, sizes))
            drawing = _drawing(scaled, job.frame, face_filter)
            blend.composite(layer, coverage, drawing, blend.border_fade(FADE_SIDE), scaled.crop)
            painted.append((scaled, drawing))
            if progress is not None:
                progress((index + 1) / (len(heads) + 1))
        _give_back(painted[len(job.beyond) :], layer, coverage)
    frame = _mixed(job.frame, layer, job.mask, choices.strength)
    if progress is not None:
        progress(1.0)
    return Rendered(frame, job.mask, variant, job.snapshot.revision)


def _scaled(head: Head, job: _Job, variant: Variant, size: int) -> Head:
    """The head as it is to be drawn, by a generator at ``size`` px, in this job.

    It is cut from the full picture, whose detail previews lack.
    """
    crop = head.crop
    smaller = on_whole_pixels(
        Crop(crop.center_x * job.scale, crop.center_y * job.scale, crop.side * job.scale)
    )
    image = crop.extract(job.snapshot.frame, drawn_side(smaller.side, size))
    # A track of its own: the filter keeps light and colours in it.
    return replace(
        head,
        track=replace(head.track),
        crop=smaller,
        image=apply_color_filter(image, variant.color),
        styled=None,
    )


def _drawing(head: Head, frame: NDArray[np.uint8], face_filter: FaceFilter) -> NDArray[np.uint8]:
    scene = face_filter.stylize(Scene(frame, [head], 0.0, still=True))
    styled = scene.heads[0].styled
    if styled is None:
        raise ValueError("the filter's options say that nothing is drawn")
    return face_filter.matched(scene.heads[0], styled)


def _give_back(
    painted: list[tuple[Head, NDArray[np.uint8]]], layer: NDArray[np.uint8], coverage: NDArray[np.float32]
) -> None:
    """Where squares overlap, the last one drawn hides the others' faces: each gets back what is its own."""
    for index, (head, drawing) in enumerate(painted):
        later = (other.crop.box for other, _ in painted[index + 1 :])
        if any(head.crop.box.overlaps(box) for box in later):
            shown = cv2.resize(head.image, (FADE_SIDE, FADE_SIDE), interpolation=cv2.INTER_AREA)
            own = blend.refine_mask(head.own, np.asarray(shown, np.uint8))
            blend.composite(layer, coverage, drawing, own, head.crop)


def _mixed(
    frame: NDArray[np.uint8], layer: NDArray[np.uint8], mask: NDArray[np.uint8], strength: float
) -> NDArray[np.uint8]:
    """``layer`` over a copy of ``frame`` as far as mask and strength say."""
    result = frame.copy()
    for top in range(0, len(frame), BAND):
        rows = np.s_[top : top + BAND]
        if mask[rows].any():
            alpha = mask[rows].astype(np.float32) * np.float32(strength / 255.0)
            # Its rounding gives back every value exactly where the weights are 0 and 1.
            result[rows] = cv2.blendLinear(layer[rows], frame[rows], alpha, 1.0 - alpha)
    return result
