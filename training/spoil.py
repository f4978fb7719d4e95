"""What lenses, light, sensors and codecs do to a picture: training shows what cameras will."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray


def log_uniform(random: np.random.Generator, low: float, high: float) -> float:
    """A number between two, small ones as likely as large ones: so scales are drawn."""
    return float(np.exp(random.uniform(np.log(low), np.log(high))))


def spoil(image: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
    """What lenses, light and codecs do: light, colour cast, grey, and what :func:`shaded` and `worn` do."""
    values = shaded(image, random)
    if random.random() < 0.7:
        values = _relight(values, random)
    if random.random() < 0.12:
        values = np.repeat(values.mean(axis=2, keepdims=True), 3, axis=2)
    return worn(values, random)


# Share of pictures with soft shadows, how fine they are (cells across the picture) and how deep (standard
# deviation of the logarithm of the light): under a lamp on the ceiling eyes lie in the dark.
SHADED, SHADE_CELLS, MAX_SHADE = 0.25, (3, 14), 0.35


def shaded(image: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.float32]:
    """A picture, uint8 [S, S, 3], as float32 0..255, a fourth of them with soft random light and shadows."""
    values = image.astype(np.float32)
    if random.random() >= SHADED:
        return values
    cells, depth = int(random.integers(*SHADE_CELLS)), float(random.uniform(0.1, MAX_SHADE))
    field = random.normal(0, depth, (cells, cells)).astype(np.float32)
    light = np.exp(cv2.resize(field, values.shape[1::-1], interpolation=cv2.INTER_CUBIC))
    return np.asarray(np.clip(values * light[..., None], 0, 255), np.float32)


# Share of pictures that were once this much smaller (factor, from the least): a head of 75 px before a webcam
# is drawn at 256, and what its codec left of the eyes is all that there is to see.
FEW_PIXELS, FEWEST_PIXELS, MANY_PIXELS = 0.3, 0.25, 0.9
# Share of pictures out of focus, and how much: standard deviations in shares of the side (0.4 to 1.8 px of
# 256). In pixels, larger pictures would have been sharper ones, in which eyes are seen more easily.
UNFOCUSED, LEAST_BLUR, MOST_BLUR = 0.25, 0.4 / 256, 1.8 / 256


def worn(values: NDArray[np.uint8] | NDArray[np.float32], random: np.random.Generator) -> NDArray[np.uint8]:
    """A picture (0..255) as lenses, sensors and codecs leave it: blur, low resolution, noise, JPEG."""
    values = values.astype(np.float32)
    if random.random() < UNFOCUSED:
        blur = float(random.uniform(LEAST_BLUR, MOST_BLUR)) * values.shape[0]
        values = np.asarray(cv2.GaussianBlur(values, (0, 0), blur), np.float32)
    if random.random() >= FEW_PIXELS:
        return _recorded(values, random)
    height, width = values.shape[:2]
    factor = log_uniform(random, FEWEST_PIXELS, MANY_PIXELS)
    small = cv2.resize(values, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    small = _recorded(np.asarray(small, np.float32), random)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _recorded(values: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.uint8]:
    if random.random() < 0.3:
        values = values + random.normal(0, random.uniform(2, 12), values.shape).astype(np.float32)
    result = np.clip(values, 0, 255).astype(np.uint8)
    if random.random() < 0.3:
        _, packed = cv2.imencode(".jpg", result, [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(25, 90))])
        result = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
    return result


def _relight(values: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
    gamma = float(np.exp(random.normal(0, 0.25)))
    cast = np.exp(random.normal(0, 0.07, 3)).astype(np.float32)
    contrast, brightness = float(np.exp(random.normal(0, 0.15))), float(random.normal(0, 12))
    values = 255.0 * np.power(values / 255.0, gamma)
    values = (values * cast - 128.0) * contrast + 128.0 + brightness
    grey = values.mean(axis=2, keepdims=True)
    saturated = grey + (values - grey) * float(np.exp(random.normal(0, 0.25)))
    if random.random() < 0.15:  # a lamp or a window on one side
        direction = random.uniform(0, 2 * math.pi)
        ramp = np.linspace(-1, 1, values.shape[0], dtype=np.float32)
        slope = ramp[None, :] * math.cos(direction) + ramp[:, None] * math.sin(direction)
        saturated = saturated * (1 + float(random.uniform(0.2, 0.6)) * slope[..., None])
    return np.asarray(np.clip(saturated, 0, 255), np.float32)
