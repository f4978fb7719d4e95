"""A head made of known shapes, for tests of the pen: its labels, and a photo of it."""

import cv2
import numpy as np

SIZE = 256
SKIN_BGR, HAIR_BGR, CLOTH_BGR = (140, 170, 215), (30, 45, 70), (90, 60, 20)


def disc(center: tuple[int, int], half_width: int, half_height: int) -> np.ndarray:
    shape = np.zeros((SIZE, SIZE), np.float32)
    cv2.ellipse(shape, center, (half_width, half_height), 0, 0, 360, 1.0, -1)
    return shape


def face_maps(eye_height: int = 9) -> dict[str, np.ndarray]:
    """Labels of an upright head: hair behind, skin, two eyes, nose, lips, neck."""
    head, skin = disc((128, 115), 80, 95), disc((128, 135), 55, 70)
    eyes = np.maximum(disc((105, 125), 14, eye_height), disc((151, 125), 14, eye_height))
    nose = disc((128, 148), 8, 14)
    upper, lower = disc((128, 176), 16, 4), disc((128, 181), 16, 4)
    upper[178:] = 0
    lower[:178] = 0
    neck = np.zeros_like(skin)
    neck[195:235, 105:151] = 1
    features = np.maximum.reduce([eyes, nose, upper, lower])
    return {
        "hair": head * (1 - skin),
        "skin": skin * (1 - features),
        "eyes": eyes,
        "nose": nose * skin,
        "upper_lip": upper,
        "lower_lip": lower,
        "neck": neck * (1 - skin) * (1 - head),
    }


def face_photo(maps: dict[str, np.ndarray], seed: int = 0) -> np.ndarray:
    """The head in its colours, shaded from left to right, with noise."""
    photo = np.full((SIZE, SIZE, 3), CLOTH_BGR, np.float32)
    for name, color in (("hair", HAIR_BGR), ("neck", SKIN_BGR)):
        photo[maps[name] > 0.5] = color
    photo[sum(maps[n] for n in ("skin", "nose")) > 0.5] = SKIN_BGR
    photo[(maps["upper_lip"] + maps["lower_lip"]) > 0.5] = (90, 90, 190)
    photo[maps["eyes"] > 0.5] = (235, 235, 235)
    for x in (105, 151):
        cv2.circle(photo, (x, 125), 6, (60, 40, 30), -1)
    photo *= np.linspace(1.05, 0.8, SIZE, dtype=np.float32)[None, :, None]
    photo += np.random.default_rng(seed).normal(0, 6, photo.shape)
    return np.clip(photo, 0, 255).astype(np.uint8)
