"""Lines of light and of dark are told apart, and so is which way they run."""

import cv2
import numpy as np
import pytest

from animirror.realtime.ridges import across, lines_of, tangents_of

SIZE, MIDDLE, RADIUS, SKIN = 256, 128, 60, 150


def ring(light: int, radius: int = RADIUS) -> np.ndarray:
    """Skin with a thin circle of this level."""
    image = np.full((SIZE, SIZE, 3), SKIN, np.uint8)
    cv2.circle(image, (MIDDLE, MIDDLE), radius, (light,) * 3, 2, cv2.LINE_AA)
    return image


def circle(radius: float = RADIUS) -> np.ndarray:
    turn = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    return (MIDDLE + radius * np.stack([np.cos(turn), np.sin(turn)], axis=-1)).astype(np.float32)


@pytest.mark.parametrize(("light", "seen"), [(230, 0), (70, 1)], ids=["light", "dark"])
def test_a_circle_is_a_line_of_its_own_kind(light: int, seen: int) -> None:
    lines = lines_of(ring(light), np.ones((SIZE, SIZE), np.float32))
    outline = circle()
    tangents = tangents_of(outline)
    assert lines[seen].along(outline, tangents).mean() > 0.9
    assert lines[1 - seen].along(outline, tangents).mean() < 0.1
    # It runs along the circle, not out of it.
    assert lines[seen].along(outline, across(tangents)).mean() < 0.1


def test_lines_count_from_beside_an_outline_as_far_as_asked() -> None:
    light, dark = lines_of(ring(230, RADIUS + 4), np.ones((SIZE, SIZE), np.float32))
    near, nearer = light.near(circle(), 4.0), light.near(circle(), 0.5)
    assert near > 3 * nearer
    assert light.near(circle(RADIUS + 4), 0.5) == pytest.approx(near, rel=0.2)
    assert dark.near(circle(RADIUS + 4), 0.5) < 0.1 * near


def test_across_is_a_unit_vector_at_right_angles() -> None:
    tangents = tangents_of(circle())
    turned = across(tangents)
    assert np.linalg.norm(turned, axis=-1) == pytest.approx(1.0, abs=1e-5)
    assert (turned * tangents).sum(axis=-1) == pytest.approx(0.0, abs=1e-3)
