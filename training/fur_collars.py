"""Fur collars around heads with short hair, cut from other people's hair: it looks like hair and is none."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.realtime.regions import Box, label_indices, mask_box
from animirror.training.parsing_data import Sample
from animirror.training.spoil import log_uniform

# Pieces of hair of fewer pixels a side than this show no strands.
LEAST_PIECE = 32
# Hair is short where what of it lies below the chin is at most this share of the face: longer hair would be
# covered, or lie on the fur, and nobody could say where it ends.
SHORT = 0.03
# Faces that are less high than this, as a share of the picture, are too small for strands.
LEAST_FACE = 0.12
# The collar is an ellipse about a place below the chin: its half-axes and how far below, in the face's sides.
ACROSS, UP, BELOW, ASIDE = (0.6, 1.3), (0.4, 1.1), (0.1, 0.5), 0.2
# Share of collars that are open before the neck; how wide and deep, in the face's sides.
OPEN, OPEN_WIDTH, OPEN_DEPTH = 0.5, (0.15, 0.35), (0.2, 0.8)
# Tufts at its edge and lumps of it: how coarse, as shares of the picture's side, and how far they stick out,
# as shares of its half-axes.
TUFTS, LUMPS = (0.006, 0.03), (0.03, 0.08)
# Width of its soft edge, as a share of its half-axes.
SOFT = 0.05
# How much larger its locks are than the hair's; how far they curl, and how tightly, in the picture's side.
LOCKS, CURL, CURL_SIZE = (0.4, 1.2), 0.03, (0.012, 0.04)
# Tufts of short hairs on them, pointing away from the face: how long and how wide, in the picture's side, and
# how strong, a share of the light at most.
LONG, WIDE, FLUFFY = (0.008, 0.04), (0.0015, 0.006), 0.6
# Share of collars in the tone of the head's own hair; others are of any lightness (L*) and little colour.
OWN_TONE, LIGHTNESS, COLOR = 0.4, (8.0, 90.0), 6.0
# How much of its strands' contrast a piece keeps, and how dark its hollows are.
CONTRAST, HOLLOWS = (0.6, 1.5), 0.3


def cut_fur(samples: Sequence[Sample], labels: Sequence[str]) -> list[NDArray[np.uint8]]:
    """The largest square of hair of every sample, uint8 [s, s, 3] BGR, where it is large enough."""
    hair = label_indices(["hair"], labels)[0]
    pieces = []
    for sample in samples:
        depth = cv2.distanceTransform((sample.codes == hair).astype(np.uint8), cv2.DIST_C, 3)
        row, column = np.unravel_index(int(np.argmax(depth)), depth.shape)
        # The distance is that to the first pixel that is no hair.
        reach = int(depth[row, column]) - 1
        if 2 * reach >= LEAST_PIECE:
            window = np.s_[max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1]
            pieces.append(sample.image[window].copy())
    return pieces


def lay_collar(
    image: NDArray[np.uint8],
    face: NDArray[np.bool_],
    hair: NDArray[np.bool_],
    fur: NDArray[np.uint8],
    random: np.random.Generator,
) -> NDArray[np.bool_]:
    """Lay fur behind a face of ``image`` (uint8 [S, S, 3] BGR, changed); returns where it is, bool [S, S].

    ``face``, ``hair``: bool [S, S], a face at least; ``fur``: uint8 [h, w, 3] BGR. Nothing is laid where the
    hair is long or the face small.
    """
    box = mask_box(face)
    assert box is not None
    chin = round(box.bottom)
    long_hair = np.count_nonzero(hair[chin:]) > SHORT * np.count_nonzero(face)
    if long_hair or box.height < LEAST_FACE * len(image):
        return np.zeros_like(face)
    before = cv2.GaussianBlur((face | hair).astype(np.float32), (0, 0), 0.7)
    covered = _shape(len(image), box, random) * (1.0 - before)
    own = image[hair] if hair.any() and random.random() < OWN_TONE else None
    laid = _texture(fur, len(image), box.center, own, random)
    image[:] = np.rint(image + (laid - image) * covered[..., None])
    return np.asarray((covered > 0.5) & ~face & ~hair)


def _shape(size: int, face: Box, random: np.random.Generator) -> NDArray[np.float32]:
    """How much a collar below a face covers, float32 [S, S], 0 to 1."""
    rows, columns = np.indices((size, size), dtype=np.float32)
    x = face.center[0] + random.uniform(-ASIDE, ASIDE) * face.width
    y = face.bottom + random.uniform(*BELOW) * face.height
    across, up = random.uniform(*ACROSS) * face.width, random.uniform(*UP) * face.height
    within = 1.0 - np.hypot((columns - x) / across, (rows - y) / up)
    for coarse, far in (TUFTS, LUMPS):
        within += far * _noise(size, coarse * size, random)
    if random.random() < OPEN:
        half, depth = (
            random.uniform(*OPEN_WIDTH) * face.width,
            random.uniform(*OPEN_DEPTH) * face.height,
        )
        # Wedge-shaped: as wide as said at the chin, closed at its depth.
        aside = np.abs(columns - face.center[0]) / half + (rows - face.bottom) / depth - 1.0
        within = np.minimum(within, aside)
    return np.asarray(np.clip(within / SOFT + 0.5, 0, 1), np.float32)


def _texture(
    fur: NDArray[np.uint8],
    size: int,
    center: tuple[float, float],
    own: NDArray[np.uint8] | None,
    random: np.random.Generator,
) -> NDArray[np.float32]:
    """A piece of hair about a ``center`` (x, y), turned, curled, dyed: float32 [S, S, 3] BGR, 0 to 255.

    ``own``: uint8 [P, 3] BGR, the hair whose tone it takes; None: any.
    """
    rows, columns = np.indices((size, size), dtype=np.float32)
    zoom, turn = log_uniform(random, *LOCKS), random.uniform(0, 2 * np.pi)
    curl, coarse = random.uniform(0, CURL) * size, random.uniform(*CURL_SIZE) * size
    rows, columns = (places + curl * _noise(size, coarse, random) for places in (rows, columns))
    tufts = _tufts(rows - center[1], columns - center[0], random)
    across = (np.cos(turn) * columns - np.sin(turn) * rows) / zoom
    down = (np.sin(turn) * columns + np.cos(turn) * rows) / zoom
    lab = cv2.cvtColor(fur.astype(np.float32) / 255, cv2.COLOR_BGR2LAB)
    tone = np.array([random.uniform(*LIGHTNESS), *random.normal(0, COLOR, 2)], np.float32)
    if own is not None:
        tone = np.median(cv2.cvtColor(own[None].astype(np.float32) / 255, cv2.COLOR_BGR2LAB)[0], axis=0)
    lab = (lab - lab.mean(axis=(0, 1))) * random.uniform(*CONTRAST) + tone
    dyed = np.clip(cv2.cvtColor(lab.astype(np.float32), cv2.COLOR_LAB2BGR), 0, 1) * 255
    spread = cv2.remap(
        dyed,
        across.astype(np.float32),
        down.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT,
    )
    hollows = np.clip(1.0 + HOLLOWS * _noise(size, LUMPS[0] * size, random), 0.3, 1.5)
    light = hollows * (1.0 + random.uniform(0, FLUFFY) * tufts)
    return np.asarray(np.clip(spread * light[..., None], 0, 255), np.float32)


def _tufts(
    down: NDArray[np.float32], across: NDArray[np.float32], random: np.random.Generator
) -> NDArray[np.float32]:
    """Strokes that point away from a place (``down``, ``across``: float32 [S, S], from it), deviation 1."""
    size = len(down)
    wide, long = (max(0.5, random.uniform(*sides) * size) for sides in (WIDE, LONG))
    field = _noise(size, wide, random, long)
    # A circle half as wide as the picture has strokes as wide as said; outside they widen.
    around = np.arctan2(down, across) * np.float32(size / 4)
    strokes = cv2.remap(
        field, around, np.hypot(down, across), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
    )
    return np.asarray(strokes, np.float32)


def _noise(
    size: int, coarse: float, random: np.random.Generator, high: float | None = None
) -> NDArray[np.float32]:
    """A smooth random field, float32 [S, S], of standard deviation 1.

    ``coarse``: its lumps' radius, px; ``high``: that from top to bottom (None: the same).
    """
    field = random.standard_normal((size, size), np.float32)
    smooth = cv2.GaussianBlur(field, (0, 0), sigmaX=coarse, sigmaY=high or coarse)
    return np.asarray(smooth / max(float(smooth.std()), 1e-6), np.float32)
