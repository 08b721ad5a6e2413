"""Matrix products by oneDNN, where torch itself would take MKL.

On AMD's processors MKL, which torch multiplies float32 by, keeps to 256-bit instructions; oneDNN,
which comes with torch too, does not, and has twice its rate there.
"""

from __future__ import annotations

import os
from typing import Any

from autodistill.lazy import torch

LEAST = 2**20
"""Multiplications from which on oneDNN's 10 microseconds of set-up pay."""
KERNELS = "24"
"""Kernels that are kept, one for each shape. Hardly two batches have as many tokens, and a thousand
kernels, which both caches have room for, are two gigabytes."""
for _cache in ("LRU_CACHE_CAPACITY", "ONEDNN_PRIMITIVE_CACHE_CAPACITY"):
    os.environ.setdefault(_cache, KERNELS)  # read at the first product


def product(
    x_SI: torch.Tensor, w_OI: torch.Tensor, b_O: torch.Tensor | None = None
) -> torch.Tensor:
    """Return x w^T + b, of shape (S, O); it is no part of what is differentiated."""
    onednn: Any = torch.backends.mkldnn
    operators: Any = torch.ops.mkldnn
    if (
        x_SI.dtype is torch.float32
        and x_SI.device.type == "cpu"
        and x_SI.numel() * len(w_OI) >= LEAST
        and onednn.is_available()
        and hasattr(operators, "_linear_pointwise")
    ):
        # What torch's compiler makes of a linear layer; it takes strides of all but the bias.
        b_O = None if b_O is None else b_O.contiguous()
        found: torch.Tensor = operators._linear_pointwise(x_SI, w_OI, b_O, "none", [], "")
        return found
    return torch.nn.functional.linear(x_SI, w_OI, b_O)
