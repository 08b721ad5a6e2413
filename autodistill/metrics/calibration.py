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


def aurc(logits_NC: NDArray[Any], labels_N: NDArray[Any]) -> float:
    """Return the area under the risk-coverage curve (Geifman & El-Yaniv, 2017).

    The mean, over k = 1 to N, of the error rate among the k most confident examples; the mean over
    all orders where examples are equally confident, so that the order of the rows does not matter.
    """
    confidence_N = log_softmax(logits_NC, axis=1).max(axis=1)
    wrong_N = logits_NC.argmax(axis=1) != labels_N
    _, group_N = np.unique(-confidence_N, return_inverse=True)
    expected_G = np.bincount(group_N, weights=wrong_N) / np.bincount(group_N)
    errors_N = np.cumsum(expected_G[np.sort(group_N)])
    return float((errors_N / np.arange(1, len(wrong_N) + 1)).mean())


def excess_aurc(logits_NC: NDArray[Any], labels_N: NDArray[Any]) -> float:
    """Return what `aurc` is above that of the same errors ranked last (Geifman et al., 2019).

    With k errors among n the least possible is `1/n sum_{i=1..k} i / (n - k + i)`.
    """
    num_wrong = int((logits_NC.argmax(axis=1) != labels_N).sum())
    i = np.arange(1, num_wrong + 1)
    least = float((i / (len(labels_N) - num_wrong + i)).sum() / len(labels_N))
    return max(0.0, aurc(logits_NC, labels_N) - least)
