"""Metrics of predicted classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Confusion = tuple[tuple[int, ...], ...]
"""Examples by true class (rows) and predicted class (columns)."""


def accuracy(logits_NC: NDArray[Any], labels_N: NDArray[Any]) -> float:
    """Return the share of examples whose largest logit is the label's."""
    return float((logits_NC.argmax(axis=1) == labels_N).mean())


def confusion(logits_NC: NDArray[Any], labels_N: NDArray[Any]) -> NDArray[np.int64]:
    """Return how many examples of each class (rows) are taken for each class (columns)."""
    counts_CC = np.zeros((logits_NC.shape[1],) * 2, dtype=np.int64)
    np.add.at(counts_CC, (labels_N, logits_NC.argmax(axis=1)), 1)
    return counts_CC


def macro_f1(logits_NC: NDArray[Any], labels_N: NDArray[Any]) -> float:
    """Return the mean F1 over the classes that occur among labels or predictions."""
    guesses_N = logits_NC.argmax(axis=1)
    scores = []
    for label in np.union1d(labels_N, guesses_N):
        hits = np.sum((labels_N == label) & (guesses_N == label))
        scores.append(2 * hits / (np.sum(labels_N == label) + np.sum(guesses_N == label)))
    return float(np.mean(scores))
