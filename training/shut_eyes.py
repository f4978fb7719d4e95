"""Eyes shut by force: people blink all day, but look into the camera when a photo is taken.

The upper lid is drawn down over each eye, lashes and all, and the labels are moved alike, so the pen draws
the line that the photo shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from animirror.training.pen.eyes import SHUT, Eye, find_eyes
from animirror.training.pen.paint import Canvas, Lab, Map, blurred, random_lab, remapped, to_lab
from animirror.training.pen.parts import tidied

# Skin that becomes the lid begins this far above the eye, and what gives way under it ends so far below it,
# in heights of the eye.
ABOVE, BELOW = 0.9, 0.6
# Where the lids meet, from the upper (0) to the lower one (1).
MEET = (0.8, 1.0)
# Lids reach past the label's corners, by this share of the eye's width at each.
CORNERS = 0.06
# Lashes, where the photo has none to move: opacity, half width (units) and colour (L*, a*, b* from, to).
DENSE, LASHES = (0.35, 0.9), (0.5, 1.3)
DARK = Lab(8.0, 0.0, 0.0), Lab(26.0, 8.0, 8.0)
# The line that is left of an eye in the labels, its half width in units: just enough for the pen to see it.
LINE = 1.1
# How soft lashes and that line are, units.
SOFT_LASHES, SOFT_LINE = 0.5, 0.25
# More of a face under glasses, square units, than this has rims where the lid moves.
MAX_GLASSES = 120.0


def shut_eyes(
    photo: NDArray[np.uint8], labels: Mapping[str, Map], random: np.random.Generator
) -> tuple[NDArray[np.uint8], dict[str, Map]] | None:
    """The head with both eyes shut, and its labels; None without two open eyes, or behind glasses.

    ``photo``: uint8 [S, S, 3] BGR; ``labels``: float32 [S, S] in 0..1 by name (CelebAMask-HQ's).
    """
    parts = tidied(labels)
    if parts is None or np.count_nonzero(parts["glasses"] > 0.5) > MAX_GLASSES * parts.unit**2:
        return None
    eyes = find_eyes(to_lab(photo), parts)
    if len(eyes) < 2 or any(eye.openness < SHUT for eye in eyes):
        return None
    meet, dense, wide = random.uniform(*MEET), random.uniform(*DENSE), random.uniform(*LASHES)
    lashes = random_lab(DARK, random)
    maps = dict(labels)
    for eye in eyes:
        map_x, map_y, line = _lid(eye, photo.shape[0], meet)
        canvas = Canvas(remapped(photo, map_x, map_y).astype(np.float32) / 255.0)
        canvas.lay(lashes, _near(line, wide * parts.unit, SOFT_LASHES * parts.unit), dense)
        photo = canvas.pixels
        seam = _near(line, LINE * parts.unit, SOFT_LINE * parts.unit)
        maps = {name: remapped(values, map_x, map_y) * (1.0 - seam) for name, values in maps.items()}
        maps["eyes"] = np.asarray(maps["eyes"] + seam, np.float32)
    # What is left of small eyes can be too round for a line: the pen would draw it open.
    lines = find_eyes(to_lab(photo), replace(parts, maps={**parts.maps, "eyes": maps["eyes"]}))
    return (photo, maps) if len(lines) == 2 and all(eye.openness < SHUT for eye in lines) else None


def _lid(eye: Eye, size: int, meet: float) -> tuple[NDArray[np.float32], NDArray[np.float32], Map]:
    """Where each pixel comes from (x, y), and how far it lies from where the lids meet (px)."""
    y, x = np.mgrid[:size, :size].astype(np.float64)
    (ax, ay), dx, dy = eye.along, x - eye.center[0], y - eye.center[1]
    along, down = dx * ax + dy * ay, dy * ax - dx * ay
    inside = np.clip(along, eye.left, eye.right)
    upper, lower = np.polyval(eye.upper, inside), np.polyval(eye.lower, inside)
    # Parabolas through a label's pixels do not meet at its corners, lids do.
    outside = np.abs(along - inside) / (CORNERS * eye.width)
    gap = np.clip(lower - upper, 0.0, None) * np.clip(1.0 - outside, 0.0, 1.0)
    seam = upper + meet * gap
    top, bottom = upper - ABOVE * eye.height, upper + gap + BELOW * eye.height
    lid = top + (down - top) * (upper - top) / np.maximum(seam - top, 1e-6)
    cheek = bottom - (bottom - down) * (bottom - upper - gap) / np.maximum(bottom - seam, 1e-6)
    source = np.where(down < seam, lid, cheek)
    source = np.where((down <= top) | (down >= bottom), down, source)
    map_x = eye.center[0] + along * ax - source * ay
    map_y = eye.center[1] + along * ay + source * ax
    away = np.hypot(down - seam, along - inside)
    return map_x.astype(np.float32), map_y.astype(np.float32), away.astype(np.float32)


def _near(away: Map, width: float, softness: float) -> Map:
    return blurred((away < width).astype(np.float32), softness)
