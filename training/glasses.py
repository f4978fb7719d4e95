"""Glasses put on by force: few portraits wear some, and who hardly ever saw a frame leaves it out.

The photo gets them in a photo's colours, the drawing as they are drawn: bold, of one tone, lenses clear.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.training.pen.frames import Frame, Lens, framed
from animirror.training.pen.paint import Canvas, Lab, Map, blurred, from_lab, random_lab, step

# Eyes under this share of the view carry no glasses; glasses over this share are worn already.
MIN_EYE, WORN = 0.0006, 0.004
# A lens's half width and height, and how far below the eye its centre lies, in distances between the eyes.
HALF_WIDTH, HALF_HEIGHT, LOWER = (0.36, 0.45), (0.24, 0.40), (0.0, 0.08)
# Exponent of the lens's superellipse: 2 is round, 5 nearly a rectangle.
ROUND, SQUARE = 2.0, 5.0
# A drawn frame is at least so thick, units.
DRAWN = 2.0
# How far the bridge lies above a lens's middle, half heights.
BRIDGE = (0.1, 0.4)
# One pair of so many has dark lenses; they let through so much.
DARK, DARK_CLEAR = 0.15, (0.05, 0.3)
# Lenses reflect the sky at their top, with this opacity at most; frames in photos are blurred so much, units.
REFLECTION, SKY, SOFT = 0.25, Lab(85.0, 0.0, -3.0), 0.4
# A drawn frame is no lighter than this, or skin would swallow it; dark lenses in a drawing, and their gleam.
DRAWN_LIGHTEST, DRAWN_LENS, GLEAM = 38.0, Lab(14.0, 1.0, -4.0), Lab(52.0, 0.0, -8.0)
GLEAM_OPACITY = 0.8
# Corners of the gleam, shares of a lens's box.
STREAK = ((0.30, 0.15), (0.48, 0.15), (0.30, 0.60), (0.16, 0.60))
# A lens before an eye that looks so much narrower or wider than the other follows it, and no further.
NARROWEST, WIDEST = 0.7, 1.15


@dataclass(frozen=True)
class Material:
    """How often frames are made of it, its colours from and to, and how thick it is in the photo, from and to
    (distances between the eyes); ``shine``: how much lighter and darker it is in bands, levels of L*;
    ``rim``: opacity at most of a dark edge around it.
    """

    share: float
    colors: tuple[Lab, Lab]
    thickness: tuple[float, float]
    shine: float = 0.0
    rim: float = 0.0


# As thin as wire.
METAL = Material(0.30, (Lab(45.0, -2.0, 0.0), Lab(75.0, 4.0, 25.0)), (0.015, 0.040), shine=20.0)
# Black and brown horn, metal, and some of a colour.
MATERIALS = (
    Material(0.45, (Lab(3.0, -2.0, -4.0), Lab(22.0, 6.0, 8.0)), (0.018, 0.085)),
    Material(0.15, (Lab(20.0, 8.0, 10.0), Lab(40.0, 18.0, 25.0)), (0.018, 0.085)),
    METAL,
    Material(0.10, (Lab(20.0, -30.0, -40.0), Lab(45.0, 45.0, 30.0)), (0.018, 0.085)),
)
# Silver and clear plastic: lighter than skin, and seen by the dark edges that roundness gives them.
PALE = Material(1.0, (Lab(72.0, -3.0, -6.0), Lab(95.0, 3.0, 12.0)), (0.015, 0.070), shine=12.0, rim=0.6)
# How dark such an edge is, and how much thicker than the frame it is drawn below it.
RIM, RIM_WIDER = Lab(20.0, 2.0, 2.0), 1.9
# Bands of shine on metal lie this far apart, distances between the eyes, and are no lighter than this.
BANDS, LIGHTEST = (0.3, 0.8), 97.0


@dataclass(frozen=True)
class Glasses:
    """A frame, how thick it is (px), and what it is made of."""

    frame: Frame
    thickness: float
    color: Lab
    # Where the frame is so much lighter or darker, levels of L*, float32 [S, S].
    shine: Map
    # How much the lenses let through: 1 is clear glass.
    clear: float
    reflection: float
    # Opacity of the frame's dark edges.
    rim: float
    # Where hair hangs over them.
    hair: Map

    @property
    def dark(self) -> bool:
        """Whether no eyes are seen through them."""
        return self.clear < 1.0

    def onto_photo(self, photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """uint8 [S, S, 3] BGR, wearing them."""
        canvas = Canvas(photo.astype(np.float32) / 255.0)
        bare = 1.0 - self.hair
        lens = self.frame.glass(canvas) * bare
        if self.dark:
            canvas.lay(DRAWN_LENS, lens, 1.0 - self.clear)
        canvas.lay(SKY, lens * self._height(canvas), self.reflection)
        frame, edged = (
            blurred(self.frame.lines(canvas, wider * self.thickness), SOFT * canvas.unit)
            for wider in (1.0, RIM_WIDER)
        )
        canvas.lay(RIM, edged * bare, self.rim)
        material = np.tile(np.array(self.color.values, np.float32), (*self.shine.shape, 1))
        material[..., 0] = np.clip(material[..., 0] + self.shine, 0.0, LIGHTEST)
        canvas.lay(from_lab(material), frame * bare)
        return canvas.pixels

    def onto_drawing(self, drawing: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """uint8 [S, S, 3] BGR, wearing them."""
        canvas = Canvas(drawing.astype(np.float32) / 255.0)
        bare = 1.0 - self.hair
        if self.dark:
            canvas.lay(DRAWN_LENS, self.frame.glass(canvas) * bare)
            canvas.lay(GLEAM, self._gleam(canvas) * bare, GLEAM_OPACITY)
        ink = Lab(min(self.color.lightness, DRAWN_LIGHTEST), self.color.green_red, self.color.blue_yellow)
        canvas.lay(ink, self.frame.lines(canvas, max(self.thickness, DRAWN * canvas.unit)) * bare)
        return canvas.pixels

    def _height(self, canvas: Canvas) -> Map:
        """From 0 at the lowest point of the lenses to 1 at their highest."""
        rows = [y for lens in self.frame.lenses for _, y in lens]
        up = (max(rows) - np.arange(canvas.size)) / (max(rows) - min(rows))
        return np.clip(up, 0.0, 1.0).astype(np.float32)[:, None]

    def _gleam(self, canvas: Canvas) -> Map:
        """A slanting streak in the upper left of each lens."""
        streaks = []
        for lens in self.frame.lenses:
            left, top = np.min(lens, axis=0)
            width, height = np.ptp(lens, axis=0)
            streaks.append(canvas.polygon([(left + x * width, top + y * height) for x, y in STREAK]))
        return np.minimum(np.maximum(*streaks), self.frame.glass(canvas))


def choose_glasses(
    labels: Mapping[str, Map],
    random: np.random.Generator,
    materials: Sequence[Material] = MATERIALS,
) -> Glasses | None:
    """A pair that fits the face; None where two eyes are not seen, or a pair is worn already.

    ``labels``: float32 [S, S] in 0..1 by name (CelebAMask-HQ's), enlarged eyes and all; ``materials``: what
    frames are made of, by their shares.
    """
    eyes = _eyes(labels["eyes"])
    if eyes is None or (labels["glasses"] > 0.5).mean() > WORN:
        return None
    (left, right), widths = np.array([eye[0] for eye in eyes]), np.array([eye[1] for eye in eyes])
    apart = float(np.hypot(*(right - left)))
    along = (right - left) / apart
    down = np.array([-along[1], along[0]])
    half_width, half_height = (random.uniform(*limits) * apart for limits in (HALF_WIDTH, HALF_HEIGHT))
    # A head that is turned narrows the farther eye and the lens before it.
    shares = np.clip(widths / widths.mean(), NARROWEST, WIDEST)
    exponent, lower = random.uniform(ROUND, SQUARE), random.uniform(*LOWER) * apart
    centers = [eye + lower * down for eye in (left, right)]
    lenses = [
        Lens(center, share * half_width * along, half_height * down, exponent)
        for center, share in zip(centers, shares, strict=True)
    ]
    bridge, head = random.uniform(*BRIDGE), labels["skin"] + labels["ears"] + labels["hair"]
    dark = random.random() < DARK
    shares_of = np.array([material.share for material in materials])
    material = materials[int(random.choice(len(materials), p=shares_of / shares_of.sum()))]
    return Glasses(
        framed(lenses[0], lenses[1], apart, bridge, head),
        max(1.0, apart * float(np.exp(random.uniform(*np.log(material.thickness))))),
        random_lab(material.colors, random),
        material.shine * _bands(random.uniform(*BANDS) * apart, labels["skin"].shape, random),
        random.uniform(*DARK_CLEAR) if dark else 1.0,
        random.uniform(0.0, REFLECTION),
        random.uniform(0.0, material.rim),
        step(labels["hair"], 0.35, 0.65),
    )


def _bands(period: float, shape: tuple[int, ...], random: np.random.Generator) -> Map:
    """Waves of ``period`` px from -1 to 1, in any direction: float32 of ``shape`` [S, S]."""
    turn, begin = random.uniform(0.0, 2.0 * np.pi, 2)
    rows, columns = np.indices(shape)
    along = columns * np.cos(turn) + rows * np.sin(turn)
    return np.sin(2.0 * np.pi * along / period + begin).astype(np.float32)


def _eyes(label: Map) -> list[tuple[NDArray[np.float64], float]] | None:
    """Centre (x, y) and width of both eyes, the left one of the picture first."""
    count, _, facts, centers = cv2.connectedComponentsWithStats((label > 0.5).astype(np.uint8))
    large = [i for i in range(1, count) if facts[i, cv2.CC_STAT_AREA] > MIN_EYE * label.size]
    if len(large) != 2:
        return None
    found = [(centers[index], float(facts[index, cv2.CC_STAT_WIDTH])) for index in large]
    found.sort(key=lambda eye: float(eye[0][0]))
    return found
