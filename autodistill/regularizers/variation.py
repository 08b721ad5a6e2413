"""Variation regularisation."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Gt
from typing_extensions import override

from autodistill.component import Uniform
from autodistill.lazy import torch
from autodistill.pool import Pool
from autodistill.regularizers._base import Regularising, Regularizer, Unregularised
from autodistill.regularizers._sensitivity import sensitivity

DECAY = 0.01
"""Share of each batch's mean in the running mean."""


class Variation(Regularizer, title="Variation"):
    """Keeps the student equally sensitive everywhere (Smooth Diffusion, Guo et al., 2024).

    Adds `weight * mean (r - mean r)²` with `r = || d<f(x), n> / dx ||`: f(x) are an example's
    logits, x its input embeddings, n a random direction of length 1, and mean r a running mean
    (decay 0.01) that is learnt from and not through. That x are embeddings, and that the running
    mean starts at the first batch's, is ours. Works in float32 with attention that can be
    differentiated twice.
    """

    cost: ClassVar[str] = "each step takes about three times as long: it is differentiated twice"
    kind: Literal["variation"] = "variation"
    weight: Annotated[float, Gt(0), Uniform(1e-3, 1, log=True)] = 0.01
    """Factor of the penalty."""

    @override
    def build(self, pool: Pool) -> Regularising:
        return _Even(self.weight)


class _Even(Unregularised):
    def __init__(self, weight: float) -> None:
        self.weight = weight
        self.mean: torch.Tensor | None = None

    @override
    def penalty(self, student: Any, inputs: dict[str, Any], progress: float) -> torch.Tensor:
        r_B = sensitivity(student, inputs)
        with torch.no_grad():
            now = r_B.mean()
            self.mean = now if self.mean is None else self.mean + DECAY * (now - self.mean)
        return self.weight * (r_B - self.mean).square().mean()

    @override
    def state_dict(self) -> dict[str, torch.Tensor]:
        return {} if self.mean is None else {"mean": self.mean}

    @override
    def load_state_dict(self, state: dict[str, torch.Tensor]) -> None:
        self.mean = state.get("mean")
