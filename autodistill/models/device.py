"""Where tensors live: the only place that decides between CPU and accelerator."""

from __future__ import annotations

from autodistill.lazy import torch


def device() -> torch.device:
    """Return the accelerator when there is one, otherwise the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
