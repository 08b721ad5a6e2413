"""Matrix products by the fastest of what torch has on this processor.

On AMD's processors MKL, which torch multiplies float32 by, keeps to 256-bit instructions; oneDNN,
which comes with torch too, does not, and has twice its rate there. On a processor that knows no
bfloat16 torch multiplies it at a fifth of float32's rate and less, so there it is widened first:
the same products, summed in float32 and rounded at the end, as those that know it do.
"""

from __future__ import annotations

import os
from functools import cache
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
    if _foreign(x_SI):
        wide_O = None if b_O is None else b_O.float()
        return product(x_SI.float(), w_OI.float(), wide_O).to(x_SI.dtype)
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


def batched(
    a_NIJ: torch.Tensor, b_NJK: torch.Tensor, out: torch.Tensor | None = None
) -> torch.Tensor:
    """Return the N products a b, (N, I, K), in `out` where it is given."""
    if not _foreign(a_NIJ):
        return torch.bmm(a_NIJ, b_NJK, out=out)
    found = torch.bmm(a_NIJ.float(), b_NJK.float())
    return found.to(a_NIJ.dtype) if out is None else out.copy_(found)


def _foreign(x: torch.Tensor) -> bool:
    """Return whether the processor has no instructions for numbers of this kind."""
    return x.dtype is torch.bfloat16 and x.device.type == "cpu" and not _knows_bfloat16()


@cache
def _knows_bfloat16() -> bool:
    operators: Any = torch.ops.mkldnn
    asked = getattr(operators, "_is_mkldnn_bf16_supported", None)
    return asked is not None and bool(asked())
