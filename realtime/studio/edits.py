"""The brush's edits of a mask: kept in tiles, laid over any mask, undone and redone without limit.

Adding with strength s makes of a mask m the mask m + s (1 - m), erasing m (1 - s): both have the form
keep * m + offset, and so has any sequence of them. So two planes hold all strokes, whatever mask lies below.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from animirror.realtime.regions import Box

# Side of a tile, px: a small stroke touches a few, a stroke across a 50-megapixel picture a few hundred.
TILE = 256
# Undo steps are packed quickly: masks are mostly flat, a higher level gains little.
PACKING = 1

Place = tuple[int, int]
# uint8 [TILE, TILE, 2]: keep and offset, 255 for 1.
Tile = NDArray[np.uint8]
Slices = tuple[slice, slice]
# One undo step: the tiles that it changed as they were, packed; None: a tile without edits.
Step = dict[Place, bytes | None]


@dataclass
class _Stroke:
    """The stroke under way: the tiles before it, and how much it covers of each (uint8 [TILE, TILE])."""

    erase: bool
    before: dict[Place, Tile]
    covered: dict[Place, NDArray[np.uint8]]


class Edits:
    """All strokes on one picture of ``width`` x ``height`` px. Not thread-safe: Document has the lock."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._tiles: dict[Place, Tile] = {}
        self._done: list[Step] = []
        self._undone: list[Step] = []
        self._stroke: _Stroke | None = None

    @property
    def empty(self) -> bool:
        return not self._tiles

    @property
    def can_undo(self) -> bool:
        return bool(self._done)

    @property
    def can_redo(self) -> bool:
        return bool(self._undone)

    @property
    def packed_bytes(self) -> int:
        """Memory that undo and redo take, bytes."""
        steps = [*self._done, *self._undone]
        return sum(len(part) for step in steps for part in step.values() if part is not None)

    def tiles(self) -> Mapping[Place, Tile]:
        """The edits: tile (row, column) starts at pixel (row * TILE, column * TILE). Not to be changed."""
        return self._tiles

    def apply(self, mask: NDArray[np.uint8], left: int, top: int) -> None:
        """Lay the edits over ``mask`` (uint8 [h, w]) in place; its corner is at (left, top)."""
        height, width = mask.shape
        for place in _places(left, top, left + width, top + height):
            tile = self._tiles.get(place)
            if tile is not None:
                inner, outer = _overlap(place, left, top, width, height)
                mask[outer] = _laid_over(tile[inner], mask[outer])

    def begin(self, erase: bool) -> None:
        self._stroke = _Stroke(erase, dict(self._tiles), {})

    def dab(self, coverage: NDArray[np.uint8], left: int, top: int) -> None:
        """Cover a patch (uint8 [h, w]) of the stroke; what it covers twice is covered once."""
        if self._stroke is None:
            raise ValueError("a dab belongs to a stroke: call begin first")
        height, width = coverage.shape
        for place in _places(max(0, left), max(0, top), left + width, top + height):
            if not self._inside(place):
                continue
            inner, outer = _overlap(place, left, top, width, height)
            if coverage[outer].any():
                covered = self._stroke.covered.setdefault(place, np.zeros((TILE, TILE), np.uint8))
                np.maximum(covered[inner], coverage[outer], out=covered[inner])
                before = self._stroke.before.get(place)
                self._tiles[place] = _painted(before, covered, self._stroke.erase)

    def end(self) -> None:
        """The stroke is whole: one undo step, and nothing left to redo."""
        if self._stroke is not None:
            self._remember(self._stroke.before, set(self._stroke.covered))
            self._stroke = None

    def undo(self) -> Box | None:
        """Take the last step back; the area that changed, None where there is nothing to take back."""
        return self._move(self._done, self._undone)

    def redo(self) -> Box | None:
        """The last undone step again; as undo."""
        return self._move(self._undone, self._done)

    def replace(self, tiles: Mapping[Place, Tile]) -> Box | None:
        """Put other edits in the place of all (none: a reset), as one undo step; the area that changed."""
        before, changed = self._tiles, self._tiles.keys() | tiles.keys()
        self._tiles = {place: tile for place, tile in tiles.items() if self._inside(place)}
        self._remember(before, changed)
        return self._area(changed)

    def forget_steps(self) -> None:
        """Nothing can be undone or redone any more; the edits stay."""
        self._done.clear()
        self._undone.clear()

    def _remember(self, before: Mapping[Place, Tile], changed: Iterable[Place]) -> None:
        step = {place: _packed(before.get(place)) for place in changed}
        if step:
            self._done.append(step)
            self._undone.clear()

    def _move(self, source: list[Step], target: list[Step]) -> Box | None:
        if not source:
            return None
        step = source.pop()
        target.append({place: _packed(self._tiles.get(place)) for place in step})
        for place, packed in step.items():
            if packed is None:
                self._tiles.pop(place, None)
            else:
                self._tiles[place] = _unpacked(packed)
        return self._area(step)

    def _area(self, places: Iterable[Place]) -> Box | None:
        """The box around some tiles, in picture pixels."""
        rows, columns = [row for row, _ in places], [column for _, column in places]
        if not rows:
            return None
        right, bottom = (max(columns) + 1) * TILE, (max(rows) + 1) * TILE
        left, top = min(columns) * TILE, min(rows) * TILE
        return Box(left, top, min(right, self.width), min(bottom, self.height))

    def _inside(self, place: Place) -> bool:
        return 0 <= place[0] * TILE < self.height and 0 <= place[1] * TILE < self.width


def _places(left: int, top: int, right: int, bottom: int) -> Iterator[Place]:
    """The tiles that meet a rectangle of pixels (right and bottom exclusive)."""
    for row in range(top // TILE, -(-bottom // TILE)):
        for column in range(left // TILE, -(-right // TILE)):
            yield row, column


def _overlap(place: Place, left: int, top: int, width: int, height: int) -> tuple[Slices, Slices]:
    """Where a tile and the rectangle with its corner at (left, top) meet: in the tile, in the rectangle."""
    row, column = place[0] * TILE, place[1] * TILE
    upper, lower = max(row, top), min(row + TILE, top + height)
    first, last = max(column, left), min(column + TILE, left + width)
    inner = np.s_[upper - row : lower - row, first - column : last - column]
    return inner, np.s_[upper - top : lower - top, first - left : last - left]


def _laid_over(tile: NDArray[np.uint8], mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    mixed = _scaled(tile[..., 0], mask).astype(np.uint16) + tile[..., 1]
    return np.minimum(mixed, 255).astype(np.uint8)


def _painted(before: Tile | None, covered: NDArray[np.uint8], erase: bool) -> Tile:
    """A tile of edits with one more stroke over it, which covers it by 0..255."""
    left = 255 - covered
    keep, offset = (np.uint8(255), np.uint8(0)) if before is None else (before[..., 0], before[..., 1])
    kept, moved = _scaled(keep, left), _scaled(offset, left)
    return np.stack([kept, moved if erase else moved + covered], axis=2)


def _scaled(value: Any, share: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """value * share / 255, rounded; uint8. Exact where either is 0 or 255."""
    return np.asarray((value * share.astype(np.uint16) + 127) // 255, np.uint8)


def _packed(tile: Tile | None) -> bytes | None:
    return None if tile is None else zlib.compress(tile.tobytes(), PACKING)


def _unpacked(packed: bytes) -> Tile:
    return np.frombuffer(zlib.decompress(packed), np.uint8).reshape(TILE, TILE, 2).copy()
