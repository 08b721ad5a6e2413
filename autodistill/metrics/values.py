"""Metrics of predicted values."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata


def pearson(scores_N: NDArray[Any], labels_N: NDArray[Any]) -> float:
    """Return the linear correlation; 0 where one side is constant."""
    if np.ptp(scores_N) == 0 or np.ptp(labels_N) == 0:  # exact, where a rounded deviation is not
        return 0.0
    return float(np.corrcoef(scores_N, labels_N)[0, 1])


def spearman(scores_N: NDArray[Any], labels_N: NDArray[Any]) -> float:
    """Return the rank correlation, with mean ranks for ties."""
    return pearson(rankdata(scores_N), rankdata(labels_N))


def rmse(scores_N: NDArray[Any], labels_N: NDArray[Any]) -> float:
    """Return the root of the mean squared error, in the labels' unit."""
    return float(np.sqrt(np.mean(np.square(scores_N - labels_N))))
