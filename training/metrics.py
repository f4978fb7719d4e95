"""How far generated pictures are from drawn ones: Fréchet and kernel distance of features, and variety."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Features = NDArray[np.floating]
# Degree and offset of KID's polynomial kernel (Binkowski et al., ICLR 2018, equation 3).
KERNEL_DEGREE, KERNEL_OFFSET = 3, 1.0


def frechet_distance(one: Features, other: Features) -> float:
    """Distance of the Gaussians fitted to two sets of features [N, D] and [M, D]; N and M at least 2.

    |m1 - m2|^2 + tr(C1) + tr(C2) - 2 tr((C1 C2)^(1/2)): FID, where the features are Inception's (Heusel et
    al., NeurIPS 2017, equation 6). With C = A^T A, the last trace is the sum of the singular values of
    A1 A2^T: no square root of a matrix, and exact for fewer pictures than features, where C is singular.
    """
    root_one, root_other = _root_of_covariance(one), _root_of_covariance(other)
    means = [features.mean(axis=0, dtype=np.float64) for features in (one, other)]
    between = float(((means[0] - means[1]) ** 2).sum())
    within = float((root_one**2).sum() + (root_other**2).sum())
    common = float(np.linalg.svd(root_one @ root_other.T, compute_uv=False).sum())
    return max(0.0, between + within - 2 * common)


def _root_of_covariance(features: Features) -> NDArray[np.float64]:
    """A [min(N, D), D] with A^T A the covariance of features [N, D]."""
    centred = (features - features.mean(axis=0, dtype=np.float64)).astype(np.float64)
    return np.asarray(np.linalg.qr(centred, mode="r")) / np.sqrt(len(features) - 1)


def kernel_distance(one: Features, other: Features) -> float:
    """Unbiased squared maximum mean discrepancy of features [N, D] and [M, D], kernel (x.y / D + 1)^3.

    KID, where the features are Inception's (Binkowski et al., ICLR 2018, section 4). Over all pictures at
    once rather than over random subsets; unbiased, so two samples of one kind may come out below 0.
    """
    within = sum(
        (kernel.sum() - np.trace(kernel)) / (len(kernel) * (len(kernel) - 1))
        for kernel in (_kernel(one, one), _kernel(other, other))
    )
    return float(within - 2 * _kernel(one, other).mean())


def _kernel(one: Features, other: Features) -> NDArray[np.float64]:
    products = np.asarray(one, np.float64) @ np.asarray(other, np.float64).T
    return (products / one.shape[1] + KERNEL_OFFSET) ** KERNEL_DEGREE


def variety(pictures: NDArray[np.uint8]) -> float:
    """How much pictures [N, H, W, 3] differ: the mean over all values of the deviation over the pictures.

    In grey levels; 0 where all are alike, as those of a collapsed generator are.
    """
    return float(pictures.astype(np.float32).std(axis=0).mean())
