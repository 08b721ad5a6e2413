"""Conditional mutual information of inputs and outputs, given the class. V rows, C classes."""

from __future__ import annotations

import torch

FLOOR = 1e-8
"""Least entry of a class's mean output."""
CEILING = 5.0
"""Most that one row's divergence counts in the loss, in nats."""


def centroids(said_VC: torch.Tensor, labels_V: torch.Tensor) -> torch.Tensor:
    """Return the mean output of each class, (C, C); rows of classes without rows are uniform."""
    classes = said_VC.shape[1]
    sums_CC = said_VC.new_zeros(classes, classes).index_add_(0, labels_V, said_VC)
    rows_C1 = torch.bincount(labels_V, minlength=classes)[:, None]
    mean_CC = torch.where(rows_C1 > 0, sums_CC / rows_C1.clamp(min=1), 1 / classes)
    return mean_CC.clamp(min=FLOOR)


def divergences(
    logits_VC: torch.Tensor, centroids_CC: torch.Tensor, labels_V: torch.Tensor
) -> torch.Tensor:
    """Return KL(P_x || Q_y) of each row, (V,): its mean is the information for the rows' own Q."""
    log_p = logits_VC.log_softmax(dim=1)
    return (log_p.exp() * (log_p - centroids_CC[labels_V].log())).sum(dim=1)


def information(logits_VC: torch.Tensor, labels_V: torch.Tensor) -> float:
    """Return CMI = I(X; Y^ | Y) = E_x KL(P_x || Q_y), in nats (Ye et al., 2024, eq. 5)."""
    own_CC = centroids(logits_VC.softmax(dim=1), labels_V)
    return float(divergences(logits_VC, own_CC, labels_V).mean())
