import numpy as np
import pytest
import scipy.linalg

from animirror.training.metrics import frechet_distance, kernel_distance, variety


def test_frechet_distance_by_hand() -> None:
    # Means 0 and 4, variances (over n - 1) 2 and 8: 16 + 2 + 8 - 2 * sqrt(16) = 18.
    one, other = np.array([[-1.0], [1.0]]), np.array([[2.0], [6.0]])
    assert frechet_distance(one, other) == pytest.approx(18.0)
    assert frechet_distance(one, one) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("count", [40, 5])
def test_frechet_distance_is_the_formula_with_a_matrix_root(count: int) -> None:
    random = np.random.default_rng(0)
    one = random.normal(size=(count, 8)) @ random.normal(size=(8, 8))
    other = random.normal(size=(30, 8)) @ random.normal(size=(8, 8)) + 1
    covariances = [np.cov(features, rowvar=False) for features in (one, other)]
    root = scipy.linalg.sqrtm(covariances[0] @ covariances[1]).real
    means = one.mean(axis=0) - other.mean(axis=0)
    expected = means @ means + np.trace(covariances[0] + covariances[1] - 2 * root)
    assert frechet_distance(one, other) == pytest.approx(expected, rel=1e-6)
    assert frechet_distance(other, one) == pytest.approx(expected, rel=1e-6)


def test_kernel_distance_by_hand() -> None:
    # k(x, y) = (xy + 1)^3: 27 between 1 and 2, 1 between 0 and 1, (1 + 8 + 1 + 27) / 4 across.
    one, other = np.array([[1.0], [2.0]]), np.array([[0.0], [1.0]])
    assert kernel_distance(one, other) == pytest.approx(27 + 1 - 2 * 37 / 4)


def test_kernel_distance_divides_by_the_width_and_is_unbiased() -> None:
    # x.y / 2 + 1 is 2 for every pair: 8 within and across.
    alike = np.full((3, 2), 1.0)
    assert kernel_distance(alike, alike) == pytest.approx(0.0)
    random = np.random.default_rng(1)
    distances = [
        kernel_distance(random.normal(size=(20, 4)), random.normal(size=(30, 4))) for _ in range(200)
    ]
    assert min(distances) < 0 < max(distances)
    assert abs(np.mean(distances)) < 0.1 * np.std(distances) + 0.02


def test_variety_by_hand() -> None:
    pictures = np.zeros((2, 1, 2, 3), np.uint8)
    assert variety(pictures) == 0.0
    pictures[1, 0, 0] = 100  # deviation 50 in one pixel of two
    assert variety(pictures) == pytest.approx(25.0)
