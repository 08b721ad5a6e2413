"""What losses on softened probabilities share. Letters: B rows, C classes."""

from __future__ import annotations

from autodistill.lazy import torch

EXCLUDED = -15.0
"""Log-probability below which a teacher is not believed to exclude a class."""


def kl(log_p_BC: torch.Tensor, log_q_BC: torch.Tensor) -> torch.Tensor:
    """Return KL(p || q) of each row, shape (B,), in nats."""
    return (log_p_BC.exp() * (log_p_BC - log_q_BC)).sum(dim=1)


def bounded(log_p_BC: torch.Tensor) -> torch.Tensor:
    """Return log-probabilities none of which lies far below -15.

    KL(q || p) and its gradient grow without bound where p excludes what q says.
    """
    return log_p_BC.clamp(min=EXCLUDED).log_softmax(dim=1)


def split_at(
    log_p_BC: torch.Tensor, target_BC: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return the parts of log-probabilities at and off the target class, the largest target.

    Args:
        log_p_BC: Log-probabilities.
        target_BC: Class probabilities; of soft or mixed ones the largest names the class.

    Returns:
        The target's log-probability (B,), that of all others together (B,), and the distribution
        among the others alone (B, C - 1), logarithms all of them.
    """
    others_BC = torch.ones_like(log_p_BC, dtype=torch.bool)
    others_BC.scatter_(1, target_BC.argmax(dim=1, keepdim=True), value=False)
    rest_BR = log_p_BC[others_BC].view(len(log_p_BC), -1)
    return log_p_BC[~others_BC], rest_BR.logsumexp(dim=1), rest_BR.log_softmax(dim=1)


def two_classes(kind: str) -> str:
    """Say that a loss among the classes off the target needs two of them."""
    return f"{kind} compares the classes off the target, so it needs at least 3 classes; got 2."
