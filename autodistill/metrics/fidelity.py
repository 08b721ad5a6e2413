"""How faithfully a student's predicted classes follow its teacher's. V rows, C classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

Floats = NDArray[np.float64]


class ClassFidelity:
    """Compares students with one teacher on the same rows."""

    def __init__(self, teacher_VC: NDArray[Any], labels_V: NDArray[Any], top_k: int) -> None:
        self._log_p_VC: Floats = log_softmax(teacher_VC.astype(np.float64), axis=1)
        self._p_VC = np.exp(self._log_p_VC)
        self._guess_V = teacher_VC.argmax(axis=1)
        self._right_V = self._guess_V == labels_V
        self._k = top_k
        self._top_VC = top(teacher_VC, top_k) if teacher_VC.shape[1] > top_k else None

    def __call__(self, logits_VC: Floats) -> dict[str, float]:
        """Return every metric by name, probabilities at temperature 1."""
        same_V = logits_VC.argmax(axis=1) == self._guess_V
        log_p_VC, p_VC = self._log_p_VC, self._p_VC
        log_q_VC: Floats = log_softmax(logits_VC, axis=1)
        q_VC = np.exp(log_q_VC)
        log_m_VC = np.logaddexp(log_p_VC, log_q_VC) - np.log(2)
        found = {
            "agreement": float(same_V.mean()),
            "agreement_right": share(same_V[self._right_V]),
            "agreement_wrong": share(same_V[~self._right_V]),
            "forward_kl": divergence(p_VC, log_p_VC, log_q_VC),
            "reverse_kl": divergence(q_VC, log_q_VC, log_p_VC),
            "js": (divergence(p_VC, log_p_VC, log_m_VC) + divergence(q_VC, log_q_VC, log_m_VC)) / 2,
            "soft_agreement": float(1 - np.abs(p_VC - q_VC).sum(axis=1).mean() / 2),
        }
        if self._top_VC is not None:
            both_VC = self._top_VC & top(logits_VC, self._k)
            found["top_k_overlap"] = float(both_VC.sum() / (self._k * len(both_VC)))
        return found


def share(holds_V: NDArray[np.bool_]) -> float:
    """Return the share of rows for which something holds; 0 of no rows."""
    return float(holds_V.mean()) if len(holds_V) else 0.0


def divergence(p_VC: Floats, log_p_VC: Floats, log_q_VC: Floats) -> float:
    """Return the mean KL(p || q) in nats, never below 0 by rounding."""
    return max(0.0, float((p_VC * (log_p_VC - log_q_VC)).sum(axis=1).mean()))


def top(logits_VC: NDArray[Any], k: int) -> NDArray[np.bool_]:
    """Return which are the k largest of each row."""
    rank_VC = np.argsort(np.argsort(-logits_VC, axis=1, kind="stable"), axis=1)
    found_VC: NDArray[np.bool_] = rank_VC < k
    return found_VC
