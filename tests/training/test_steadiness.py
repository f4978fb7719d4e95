"""Change besides motion: videos whose motion and flicker are known."""

import numpy as np
import pytest

from animirror.training.steadiness import measure_steadiness, moved

ALL = np.ones((96, 128), np.float32)


def texture(shift: int = 0) -> np.ndarray:
    """A smooth random texture, ``shift`` px to the right of where it was."""
    import cv2

    values = np.random.default_rng(3).random((96, 128 + 64)).astype(np.float32)
    smooth = cv2.normalize(cv2.GaussianBlur(values, (0, 0), 3), None, 30, 220, cv2.NORM_MINMAX)
    cut = smooth[:, 32 - shift : 32 - shift + 128]
    return np.repeat(cut[..., None], 3, axis=2).astype(np.uint8)


def test_moved_takes_values_from_where_the_flow_points() -> None:
    values = np.arange(12, dtype=np.float32).reshape(3, 4)
    flow = np.zeros((3, 4, 2), np.float32)
    flow[..., 0] = 1.0
    assert moved(values, flow)[1].tolist() == [5, 6, 7, 7]


def test_a_flicker_that_the_video_has_not() -> None:
    frame = texture()
    # Noise of one level on average in the video, twelve in the drawing.
    noisy = [np.clip(frame.astype(int) + sign, 0, 255).astype(np.uint8) for sign in (0, 1, 0, 1)]
    drawn = [np.full_like(frame, 100 + level) for level in (0, 12, 0, 12)]
    found = measure_steadiness(zip(noisy, drawn, [ALL] * 4, strict=True))
    assert found.frames == 3
    assert found.before == pytest.approx(1.0, abs=0.05)
    assert found.after == pytest.approx(12.0)
    assert found.ratio == pytest.approx(12.0, rel=0.05)


def test_motion_is_no_flicker() -> None:
    frames = [texture(shift) for shift in (0, 4, 8)]
    same = measure_steadiness([(frame, frame, ALL) for frame in frames])
    # Without its motion the texture changes by far less than it does at a place.
    still = float(np.abs(frames[1].astype(float) - frames[0].astype(float)).mean())
    assert same.before < 0.25 * still
    assert same.ratio == pytest.approx(1.0)


def test_a_drawing_that_stays_behind_is_told() -> None:
    frames = [texture(shift) for shift in (0, 4, 8)]
    stuck = measure_steadiness([(frame, frames[0], ALL) for frame in frames])
    assert stuck.ratio > 2.0


def test_only_what_was_drawn_counts() -> None:
    frame, nothing = texture(), np.zeros_like(ALL)
    changed = [np.full_like(frame, level) for level in (0, 200)]
    found = measure_steadiness([(frame, drawn, nothing) for drawn in changed])
    assert (found.frames, found.after, found.ratio) == (0, 0.0, 0.0)


def test_another_size_begins_anew() -> None:
    small = texture()[:64, :64].copy()
    shots = [(texture(), texture(), ALL), (small, small, ALL[:64, :64])]
    assert measure_steadiness(shots).frames == 0
