"""Matrix products by the fastest library there is: MKL or oneDNN, which both come with torch.

On AMD's processors MKL, which torch takes for float32, keeps to 256-bit instructions; oneDNN does
not, and has twice its rate there.
"""

from __future__ import annotations

from typing import Any

from autodistill.lazy import torch

LEAST = 2**20
"""Multiplications from which on oneDNN's 10 microseconds of set-up pay."""


def product(
    x_SI: torch.Tensor, w_OI: torch.Tensor, b_O: torch.Tensor | None = None
) -> torch.Tensor:
    """Return x w^T + b, of shape (S, O). It has no gradient."""
    onednn: Any = torch.backends.mkldnn
    if (
        x_SI.dtype is torch.float32
        and x_SI.device.type == "cpu"
        and x_SI.numel() * len(w_OI) >= LEAST
        and onednn.is_available()
    ):
        # What torch's compiler makes of a linear layer.
        found: torch.Tensor = torch.ops.mkldnn._linear_pointwise(x_SI, w_OI, b_O, "none", [], "")
        return found
    return torch.nn.functional.linear(x_SI, w_OI, b_O)
