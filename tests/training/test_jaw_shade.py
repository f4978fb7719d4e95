"""Lower faces in the shade by force, on a face made of known shapes."""

import numpy as np

from animirror.training.beards import grow_beard
from animirror.training.jaw_shade import DEPTH, WARM, shade_jaw
from animirror.training.pen.beard import Worn
from tests.training.drawn_heads import face_maps, face_photo


def left_of_light(seed: int) -> np.ndarray:
    """Share of each pixel's light that the shade leaves, of blue, green and red: float64 [S, S, 3].

    Where a photo is black there is none to lose: 1.
    """
    maps = face_maps()
    photo = face_photo(maps)
    shaded = shade_jaw(photo, maps, np.random.default_rng(seed))
    assert shaded is not None
    return np.where(photo > 60, shaded / np.maximum(photo.astype(float), 1.0), 1.0)


def test_it_falls_below_the_nose_and_is_never_deeper_than_it_may_be() -> None:
    deepest = []
    for seed in range(16):
        light = left_of_light(seed)
        assert np.abs(light[:135, 80:176] - 1.0).max() < 0.02, "eyes and brow keep their light"
        assert np.abs(light[:, :40] - 1.0).max() < 0.02, "and so does the room"
        face = light[140:200, 80:176]
        assert face.min() > 1.0 - DEPTH[1] * (1.0 + WARM[1]) - 0.02
        deepest.append(face[..., 1].min())
    assert max(deepest) < 0.95
    assert min(deepest) < 0.7


def test_it_is_smooth_and_warm() -> None:
    warmth = []
    for seed in range(8):
        light = left_of_light(seed)[140:200, 90:166]
        steps = np.abs(np.diff(light[..., 2], axis=0))
        assert np.percentile(steps, 99) < 0.08
        blue, _, red = (1.0 - light).mean(axis=(0, 1))
        warmth.append(blue / red)
    # It takes (1 + w) of blue where it takes (1 - w) of red.
    assert min(warmth) > 0.97
    assert 1.1 < max(warmth) < (1.0 + WARM[1]) / (1.0 - WARM[1]) + 0.03


def test_shadows_fall_in_different_places_and_alike_for_the_same_seed() -> None:
    maps = [left_of_light(seed)[..., 1] for seed in range(16)]
    chin, lip, jaws = (slice(192, 198), slice(122, 134)), (slice(166, 170), slice(120, 136)), slice(178, 184)
    dark = [
        (
            light[chin].mean() < 0.93,
            light[lip].mean() < 0.93,
            abs(light[jaws, 84:90].mean() - light[jaws, 166:172].mean()) > 0.05,
        )
        for light in maps
    ]
    for place in zip(*dark, strict=True):
        assert 0 < sum(place) < 16
    assert np.array_equal(left_of_light(5)[..., 1], maps[5])


def test_none_on_a_beard_nor_without_a_mouth() -> None:
    maps, random = face_maps(), np.random.default_rng(0)
    photo = face_photo(maps)
    for worn, falls in ((Worn.NONE, True), (Worn.UNSURE, False), (Worn.FULL, False)):
        assert (shade_jaw(photo, maps, random, worn) is not None) is falls
    growths = (grow_beard(photo, maps, np.random.default_rng(seed)) for seed in range(24))
    bearded = next(growth[0] for growth in growths if growth and growth[1] is Worn.FULL)
    assert shade_jaw(bearded, maps, random) is None
    del maps["upper_lip"], maps["lower_lip"]
    assert shade_jaw(photo, maps, random) is None
