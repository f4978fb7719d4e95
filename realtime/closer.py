"""A close look at a find: does a crop of its own show a head, and does a second look show it again?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from animirror.realtime.follow import difference, on_whole_pixels
from animirror.realtime.heads import HeadFinder, HeadView
from animirror.realtime.regions import Box, Crop, box_to_frame, head_crop, label_indices
from animirror.realtime.second_look import LEAST_AGREEMENT, agreement, wider
from animirror.realtime.steady import inside_frame, moved

# A head must fill this share of its own crop, or the crop shows something else.
MIN_CROP_SHARE = 0.06
# A newcomer's crop is cut anew from the finer mask while it moves by more than this share of its side.
REFINE_TOLERANCE = 0.04
REFINE_PASSES = 2
# ... and where it never settles it shows no head: a head is where it is, whatever square is cut around it,
# while texture that looks like a head fills every square anew.
SETTLED = 0.2
# Eyes, nose, mouth (HeadView.detail) of a newcomer, in the look at its own crop and on the average of this
# and of the second look, which sees it smaller. Measured with segformer-faces-12: 150 faces of Flickr
# pictures show 0.98 and 0.96 or more, 98 of 100 in the street 0.88 and 0.90; letters and drawings of two
# animated titles, which look surely like faces, 0.77 at most on the average.
MIN_DETAIL, MIN_DETAIL_TWICE = 0.78, 0.82
# A newcomer's face must look so much like face or hair on its average. With segformer-faces-23 454 heads of
# validation pictures have 0.924 and more, 74 of 76 in the street 0.936; of titles is confirmed what has 0.898
# at most.
MIN_FACE_CONFIDENCE = 0.91
# A head of hair without a face must be surer than a face: so much looks like hair.
MIN_HAIR_CONFIDENCE = 0.95
# Hair reaches beyond the face box by these shares of its height and width, before the mask has said it.
GUESS_UP, GUESS_SIDE, GUESS_DOWN = 0.5, 0.3, 0.15


# The segmenter: uint8 [N, S, S, 3] BGR -> float32 [N, L, s, s].
Ask = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


@dataclass(frozen=True)
class Look:
    """What the segmenter says of one crop, and the crop that fits the head it shows better."""

    crop: Crop
    image: NDArray[np.uint8]
    probabilities: NDArray[np.float32]
    view: HeadView
    head: Box
    better: Crop

    @property
    def convincing(self) -> bool:
        """Enough of a face, or of the hair of a head from behind, to start a track."""
        if self.view.from_behind:
            return self.view.confidence >= MIN_HAIR_CONFIDENCE
        if self.view.confidence < MIN_FACE_CONFIDENCE:
            return False
        return self.view.detail is None or self.view.detail >= MIN_DETAIL


class CloseLook:
    """Looks at finds in crops of their own; ``labels``: the segmenter's, ``finder``: for these labels."""

    def __init__(self, finder: HeadFinder, labels: tuple[str, ...], ask: Ask) -> None:
        self._finder, self._ask = finder, ask
        self._head_labels = label_indices(["face", "hair"], labels)
        self._face_labels = label_indices(["face"], labels)

    def find(self, frame: NDArray[np.uint8], size: int, crop: Crop, head: Box) -> Look | None:
        """The head near the box ``head``, in the crop that fits it, which is begun with ``crop``.

        ``size``: the segmenter's input, px. None where no head is, or none that stays in its place.
        """
        look = self._look(frame, size, crop, head)
        for _ in range(REFINE_PASSES):
            if look is None or difference(look.better, look.crop) <= REFINE_TOLERANCE:
                break
            look = self._look(frame, size, look.better, look.head)
        if look is None or not look.convincing or difference(look.better, look.crop) > SETTLED:
            return None
        return look

    def confirm(self, frame: NDArray[np.uint8], look: Look) -> bool:
        """Whether a second look shows the same face (of a head from behind: the same hair)."""
        area, cells = wider(look.crop), look.probabilities.shape[-1]
        picture = area.extract(frame, look.image.shape[0])
        answer = self._ask(np.ascontiguousarray(picture[None, :, ::-1]))[0, :, :, ::-1]
        again = moved(answer, area, look.crop, cells)
        labels = self._head_labels if look.view.from_behind else self._face_labels
        inside = inside_frame(look.crop, frame, cells)
        if agreement(look.probabilities, again, labels, look.view.own * inside) < LEAST_AGREEMENT:
            return False
        if look.view.from_behind or look.view.detail is None:
            return True
        view = self._finder.one(again, box_to_cells(look.head, look.crop, cells), inside)
        seen_again = 0.0 if view is None or view.detail is None else view.detail
        return (look.view.detail + seen_again) / 2 >= MIN_DETAIL_TWICE

    def _look(self, frame: NDArray[np.uint8], size: int, crop: Crop, head: Box) -> Look | None:
        crop = on_whole_pixels(crop)
        image = crop.extract(frame, size)
        answer = self._ask(image[None])[0]
        cells = answer.shape[-1]
        near, inside = box_to_cells(head, crop, cells), inside_frame(crop, frame, cells)
        view = self._finder.one(answer, near, inside)
        if view is None or view.share < MIN_CROP_SHARE:
            return None
        return Look(
            crop, image, answer, view, box_to_frame(view.head, crop, cells), crop_of(view, crop, cells)
        )


def crop_of(view: HeadView, crop: Crop, cells: int) -> Crop:
    """The crop that fits a head seen in ``crop``."""
    face = None if view.face is None else box_to_frame(view.face, crop, cells)
    return head_crop(face, box_to_frame(view.head, crop, cells))


def first_crop(view: HeadView, area: Crop, cells: int) -> Crop:
    """The crop around a find of the coarse search, with room for the hair that it may have missed."""
    if view.face is None:
        return crop_of(view, area, cells)
    face = box_to_frame(view.face, area, cells)
    guess = Box(
        face.left - GUESS_SIDE * face.width,
        face.top - GUESS_UP * face.height,
        face.right + GUESS_SIDE * face.width,
        face.bottom + GUESS_DOWN * face.height,
    )
    return head_crop(face, guess.union(box_to_frame(view.head, area, cells)))


def box_to_cells(box: Box, crop: Crop, cells: int) -> Box:
    """A box of the frame in cells of a map over ``crop``."""
    scale, origin = cells / crop.side, crop.box
    return Box(
        (box.left - origin.left) * scale,
        (box.top - origin.top) * scale,
        (box.right - origin.left) * scale,
        (box.bottom - origin.top) * scale,
    )
