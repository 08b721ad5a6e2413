"""Metrics of predicted values."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata


def pearson(scores_N: NDArray[Any], labels_N: NDArray[Any]) -> float:
    """Return the linear correlation; 0 where one side is constant."""
    spread = scores_N.std() * labels_N.std()
    if spread == 0:
        return 0.0
    covariance = np.mean((scores_N - scores_N.mean()) * (labels_N - labels_N.mean()))
    return float(covariance / spread)


def spearman(scores_N: NDArray[Any], labels_N: NDArray[Any]) -> float:
    """Return the rank correlation, with mean ranks for ties."""
    return pearson(rankdata(scores_N), rankdata(labels_N))


def rmse(scores_N: NDArray[Any], labels_N: NDArray[Any]) -> float:
    """Return the root of the mean squared error, in the labels' unit."""
    return float(np.sqrt(np.mean(np.square(scores_N - labels_N))))
