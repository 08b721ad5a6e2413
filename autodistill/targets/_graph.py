"""Smoothing over a graph of nearest neighbours. Letters: V rows, E width, C classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax, softmax
from sklearn.neighbors import kneighbors_graph
from sklearn.preprocessing import normalize

ITERATIONS = 20
AT_REST = 1e-6
"""Relative change at which the iterations end."""


def affinity(features_VE: NDArray[np.floating], neighbours: int) -> Any:
    """Return the symmetric graph of nearest neighbours by cosine, sparse, (V, V).

    An edge weighs 1 where each is among the other's nearest, 1/2 where one is.
    """
    nearest = min(neighbours, len(features_VE) - 1)
    graph_VV = kneighbors_graph(normalize(features_VE), nearest, mode="connectivity")
    return (graph_VV + graph_VV.T) / 2


def smoothed(
    logits_VC: NDArray[np.floating], graph_VV: Any, smoothing: float
) -> NDArray[np.float64]:
    """Return probabilities that agree with their neighbours' as well as with the logits."""
    log_p_VC = log_softmax(logits_VC.astype(np.float64), axis=1)
    found_VC: NDArray[np.float64] = np.exp(log_p_VC)
    for _ in range(ITERATIONS):
        before_VC = found_VC
        found_VC = softmax(log_p_VC + smoothing * (graph_VV @ before_VC), axis=1)
        if np.linalg.norm(found_VC - before_VC) <= AT_REST * np.linalg.norm(before_VC):
            break
    return found_VC
