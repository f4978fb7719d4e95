"""A picture in the studio: its heads, what is chosen of them, the brush's edits, and the mask of it all."""

from __future__ import annotations

import hashlib
import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from animirror.realtime.errors import UserError
from animirror.realtime.filter import MIN_SIDE
from animirror.realtime.images import Picture, read_picture
from animirror.realtime.regions import Box, label_indices
from animirror.realtime.scene import Head
from animirror.realtime.studio.brush import Brush, Point, covered_patch, stretches
from animirror.realtime.studio.choices import Choices
from animirror.realtime.studio.edits import Edits, Place, Tile
from animirror.realtime.studio.heads import MaskPatch, doubtful, find_heads, mask_patch
from animirror.realtime.studio.models import Models
from animirror.realtime.studio.view import Pyramid, scaled_part

# Shares of the work of opening, for the progress bar: reading the file, then finding the heads.
READ_SHARE, FOUND_SHARE = 0.2, 0.9
NOBODY = "Nobody was found in {}: paint over what shall be drawn."

Progress = Callable[[float], None]


@dataclass(frozen=True)
class Snapshot:
    """What is drawn, at one moment: later strokes do not change it. ``mask``: uint8 [H, W], 0..255."""

    frame: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    # Those that are switched on.
    heads: tuple[Head, ...]
    choices: Choices
    revision: int


class Document:
    """One picture, segmented once. Every method may be called from any thread.

    Coordinates are pixels of the upright picture. Raises UserError where the picture cannot be used.
    """

    def __init__(
        self,
        picture: Picture,
        name: str,
        models: Models,
        content: bytes = b"",
        path: Path | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.picture, self.name, self.path, self.content = picture, name, path, content
        self.height, self.width = picture.frame.shape[:2]
        if min(self.width, self.height) < MIN_SIDE:
            raise UserError(
                f"{name} is too small ({self.width}x{self.height}); at least {MIN_SIDE}x{MIN_SIDE} pixels."
            )
        self.sha256 = hashlib.sha256(content or picture.frame.tobytes()).hexdigest()
        self._labels = models.labels
        self._lock, self._choosing = threading.RLock(), threading.RLock()
        told = progress or _untold
        told(READ_SHARE)
        self._heads = find_heads(picture.frame, models.segmenter())
        told(FOUND_SHARE)
        self._pyramid = Pyramid(picture.frame)
        nobody = None if self._heads else NOBODY.format(name)
        self.note = " ".join(note for note in (picture.note, nobody) if note) or None
        self._edits = Edits(self.width, self.height)
        self._choices = Choices(off=doubtful(self._heads))
        self._patches = self._head_patches(self._choices)
        self._mask = np.zeros((self.height, self.width), np.uint8)
        self._refresh(self._whole())
        self._brush: Brush | None = None
        self._at: Point = (0.0, 0.0)
        self.revision = self._saved = 0
        told(1.0)

    @classmethod
    def open(cls, path: Path, models: Models, progress: Progress | None = None) -> Document:
        """A picture file. Slow: reads and segments. See project.open_document for projects as well."""
        picture = read_picture(path)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise UserError(f"The picture {path} cannot be read: {error.strerror}.") from error
        return cls(picture, path.name, models, content, path, progress)

    @classmethod
    def from_frame(
        cls, frame: NDArray[np.uint8], name: str, models: Models, progress: Progress | None = None
    ) -> Document:
        """A picture that is no file: a webcam's snapshot, the sample. ``frame``: uint8 [H, W, 3] BGR."""
        return cls(Picture(np.ascontiguousarray(frame)), name, models, progress=progress)

    @property
    def heads(self) -> tuple[Box, ...]:
        """Boxes of all heads from left to right, switched on or off."""
        return tuple(head.track.head for head in self._heads)

    @property
    def labels(self) -> tuple[str, ...]:
        return self._labels

    @property
    def choices(self) -> Choices:
        return self._choices

    @property
    def can_undo(self) -> bool:
        return self._edits.can_undo

    @property
    def can_redo(self) -> bool:
        return self._edits.can_redo

    @property
    def edited(self) -> bool:
        """Whether the brush has changed anything."""
        return not self._edits.empty

    @property
    def unsaved(self) -> bool:
        return self.revision != self._saved

    def mark_saved(self) -> None:
        self._saved = self.revision

    def mark_opened(self) -> None:
        """The document is as its file: nothing to save, nothing to undo."""
        with self._lock:
            self._edits.forget_steps()
            self.mark_saved()

    def head_at(self, x: float, y: float) -> int | None:
        """The number of the head whose box holds this point, the smallest of several; None: none does."""
        holding = [
            (box.area, index)
            for index, box in enumerate(self.heads)
            if box.left <= x < box.right and box.top <= y < box.bottom
        ]
        return min(holding)[1] if holding else None

    def choose(self, **changes: Any) -> None:
        """Change some of the choices (see Choices). The brush's edits stay on top.

        Raises UserError for values out of their limits and for names that are no region or label; then
        nothing has changed.
        """
        with self._choosing:
            before, chosen = self._choices, replace(self._choices, **changes)
            if chosen == before:
                return
            patches = self._patches
            if (chosen.regions, chosen.feather) != (before.regions, before.feather):
                # Slow on large pictures: not under the lock that the screen's views need.
                patches = self._head_patches(chosen)
            with self._lock:
                shown = patches is self._patches and chosen.off == before.off
                self._choices, self._patches = chosen, patches
                if not shown:
                    self._refresh(self._whole())
                self.revision += 1

    def toggle_head(self, index: int) -> None:
        """Switch one head on or off."""
        with self._choosing:
            self.choose(off=self._choices.off ^ {index})

    def view(self, box: Box, width: int, height: int) -> NDArray[np.uint8]:
        """That part of the picture as uint8 [height, width, 3] BGR; black outside it."""
        return self._pyramid.part(box, width, height)

    def mask_view(self, box: Box, width: int, height: int) -> NDArray[np.uint8]:
        """That part of the mask as uint8 [height, width]."""
        with self._lock:
            return scaled_part(self._mask, box, width, height)

    def begin_stroke(self, brush: Brush, x: float, y: float) -> Box | None:
        """Put the brush down; returns the area that changed (None: none of the picture)."""
        with self._lock:
            self.end_stroke()
            self._edits.begin(brush.erase)
            self._brush = brush
            return self._dab((x, y), (x, y))

    def extend_stroke(self, x: float, y: float) -> Box | None:
        """Draw the brush on to a point; as begin_stroke. Nothing happens where no stroke was begun."""
        with self._lock:
            return self._dab(self._at, (x, y))

    def end_stroke(self) -> None:
        """Lift the brush: the stroke becomes one step of undo."""
        with self._lock:
            self._edits.end()
            self._brush = None

    def undo(self) -> Box | None:
        """Take back the last stroke or reset; returns the area that changed, None: nothing to take back."""
        with self._lock:
            self.end_stroke()
            return self._changed(self._edits.undo())

    def redo(self) -> Box | None:
        with self._lock:
            self.end_stroke()
            return self._changed(self._edits.redo())

    def reset_edits(self) -> Box | None:
        """Remove all of the brush's edits, as one step of undo."""
        return self.replace_edits({})

    def replace_edits(self, tiles: Mapping[Place, Tile]) -> Box | None:
        """Put these edits (see edits.Edits) in the place of all, as one step of undo."""
        with self._lock:
            self.end_stroke()
            return self._changed(self._edits.replace(tiles))

    def edit_tiles(self) -> dict[Place, Tile]:
        """The brush's edits at this moment, to be written to a file."""
        with self._lock:
            return dict(self._edits.tiles())

    def snapshot(self) -> Snapshot:
        """Everything that drawing needs, as it is now."""
        with self._lock:
            on = tuple(head for index, head in enumerate(self._heads) if index not in self._choices.off)
            return Snapshot(self.picture.frame, self._mask.copy(), on, self._choices, self.revision)

    def _dab(self, start: Point, end: Point) -> Box | None:
        if self._brush is None:
            return None
        self._at, changed = end, None
        for first, second in stretches(start, end, self._brush.size):
            patch = covered_patch(self.picture.frame, self._brush, first, second)
            if patch is not None:
                self._edits.dab(patch.coverage, patch.left, patch.top)
                changed = patch.box if changed is None else changed.union(patch.box)
        return self._changed(changed)

    def _changed(self, area: Box | None) -> Box | None:
        if area is not None:
            self._refresh(area)
            self.revision += 1
        return area

    def _head_patches(self, choices: Choices) -> list[MaskPatch | None]:
        labels = label_indices(choices.regions, self._labels)
        return [mask_patch(head, self.picture.frame, labels, choices.feather) for head in self._heads]

    def _refresh(self, area: Box) -> None:
        """Make the mask of an area (whole pixels) anew: the heads that are on, then the edits."""
        left, top, right, bottom = (
            math.floor(edge) for edge in (area.left, area.top, area.right, area.bottom)
        )
        part = self._mask[top:bottom, left:right]
        part[:] = 0
        for index, patch in enumerate(self._patches):
            if patch is None or index in self._choices.off or not patch.box.overlaps(area):
                continue
            common = patch.box.intersection(area)
            rows, columns = _slices(common, left, top), _slices(common, patch.left, patch.top)
            np.maximum(part[rows], patch.mask[columns], out=part[rows])
        self._edits.apply(part, left, top)

    def _whole(self) -> Box:
        return Box(0, 0, self.width, self.height)


def _slices(box: Box, left: int, top: int) -> tuple[slice, slice]:
    """Rows and columns of a box of whole pixels in an array whose corner is at (left, top)."""
    rows = slice(int(box.top) - top, int(box.bottom) - top)
    return rows, slice(int(box.left) - left, int(box.right) - left)


def _untold(share: float) -> None:
    """No progress is asked for."""
