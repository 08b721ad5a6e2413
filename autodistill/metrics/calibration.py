"""Metrics of predicted probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

BINS = 15


def nll(logits_NC: NDArray[Any], labels_N: NDArray[Any]) -> float:
    """Return the mean negative log-likelihood of the labels, in nats."""
    rows = np.arange(len(labels_N))
    return float(-log_softmax(logits_NC, axis=1)[rows, labels_N.astype(int)].mean())


def ece(logits_NC: NDArray[Any], labels_N: NDArray[Any]) -> float:
    """Return the expected calibration error (Guo et al., 2017, eq. 3) over 15 equal-width bins.

    A bin holds the confidences above its lower and up to its upper bound.
    """
    confidence_N = np.exp(log_softmax(logits_NC, axis=1)).max(axis=1)
    right_N = logits_NC.argmax(axis=1) == labels_N
    bin_N = np.clip(np.ceil(confidence_N * BINS).astype(int) - 1, 0, BINS - 1)
    gaps = np.bincount(bin_N, weights=right_N - confidence_N, minlength=BINS)
    return float(np.abs(gaps).sum() / len(labels_N))
