"""How much a model's answer moves with its input."""

from __future__ import annotations

from typing import Any

from autodistill.lazy import torch


def sensitivity(student: Any, inputs: dict[str, Any]) -> torch.Tensor:
    """Return how much a random combination of an example's logits moves with its input, (B,)."""
    others = {name: value for name, value in inputs.items() if name != "input_ids"}
    if "input_ids" in inputs:
        others["inputs_embeds"] = student.get_input_embeddings()(inputs["input_ids"])
    read = "pixel_values" if "pixel_values" in others else "inputs_embeds"
    x_BTE = others[read].detach().requires_grad_()
    attention = torch.nn.attention
    with torch.enable_grad(), attention.sdpa_kernel(attention.SDPBackend.MATH):
        logits = student(**others | {read: x_BTE}).logits.float()
        n = torch.randn_like(logits)
        if logits.ndim > 2 and "attention_mask" in others:
            n = n * others["attention_mask"][..., None]
        n = n / n.flatten(1).norm(dim=1).view(-1, *[1] * (n.ndim - 1))
        (slope_BTE,) = torch.autograd.grad((logits * n).sum(), x_BTE, create_graph=True)
    # Not `norm`, whose second derivative at 0 is not a number.
    r_B: torch.Tensor = (slope_BTE.flatten(1).square().sum(dim=1) + 1e-12).sqrt()
    return r_B
