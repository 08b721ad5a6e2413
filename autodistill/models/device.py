"""Where tensors live: the only place that decides between CPU and accelerator."""

from __future__ import annotations

import time

from autodistill.lazy import torch


def device() -> torch.device:
    """Return the accelerator when there is one, otherwise the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def clock() -> float:
    """Return seconds as this thread spends them.

    On the CPU these are processor seconds, which neighbours on a busy machine hardly stretch; on an
    accelerator, where the thread only waits, wall seconds.
    """
    return time.perf_counter() if torch.cuda.is_available() else time.thread_time()
