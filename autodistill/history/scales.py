"""Scores of different tasks on one scale: more is better, and the best of a task is 1."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def closed(gains: Floats, span: float) -> Floats:
    """Return the share of the gap from a task's median (0) to its best (1) that each closes.

    Clipped at -1, so that a diverged trial weighs no more than a bad one.

    Args:
        gains: Over the median; any shape.
        span: What the best gained over the median, above 0.
    """
    share: Floats = np.clip(gains / span, -1.0, 1.0)
    return share


def standing(values: Floats) -> Floats:
    """Return where each value stands among all: its rank as a Gaussian's quantile, the best 1.

    Ranks tell good settings apart however far bad ones fall (Salinas et al., 2020). Equals share
    their mean rank. The lower half is clipped at -1.

    Args:
        values: [value], at least one.
    """
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2
    quantile = NormalDist().inv_cdf
    quantiles = np.array([quantile((rank - 0.5) / len(values)) for rank in ranks])
    scaled: Floats = np.clip(quantiles / max(quantiles[-1], 1e-9), -1.0, 1.0)
    return scaled[which]
