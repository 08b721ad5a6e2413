"""Concomitant weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from annotated_types import Ge, Lt
from typing_extensions import override

from autodistill.balancings._base import Balancer, Balancing
from autodistill.component import Choice
from autodistill.lazy import torch
from autodistill.task import TaskFacts

FLOOR = 1e-3
"""Least scale of a term, as a share of its first one."""


class ConcomitantWeights(Balancing, title="Concomitant weights"):
    """Estimates the scale of each term, so that terms of wild scales count alike (after CoLiDE).

    `sum_k w_k (L_k / (2 s_k) + s_k / 2)` with `s_k` the root of the running mean of `L_k`, held
    fixed in the gradient; a term that is c times as large counts sqrt(c) times as much. The form is
    the concomitant scale of CoLiDE (Saboksayr et al., 2024) from memory; its use here is ours.
    """

    kind: Literal["concomitant"] = "concomitant"
    decay: Annotated[float, Ge(0), Lt(1), Choice((0.9, 0.99))] = 0.9
    """Share of the running mean that is kept at each step."""

    @override
    def conflicts(self, pipeline: Any, facts: TaskFacts) -> Iterator[str]:
        """Refuse intermediate objectives that may be negative, such as MI-alpha."""
        if pipeline.intermediate.may_be_negative:
            law = "Concomitant weights take the root of each term, so none may be negative"
            yield f"{law}; got intermediate {pipeline.intermediate.kind}, choose another."

    @override
    def build(self) -> Balancer:
        return _Concomitant(self.decay)


class _Concomitant:
    def __init__(self, decay: float) -> None:
        self.decay = decay
        self.mean_K = self.first_K = torch.zeros(0)

    def __call__(self, terms_K: torch.Tensor, weights_K: torch.Tensor) -> torch.Tensor:
        now_K = terms_K.detach().clamp(min=0.0)
        if not len(self.mean_K):
            self.mean_K = self.first_K = now_K
        self.mean_K = self.decay * self.mean_K + (1 - self.decay) * now_K
        least_K = (FLOOR * self.first_K.sqrt()).clamp(min=torch.finfo(now_K.dtype).tiny)
        scale_K = torch.maximum(self.mean_K.sqrt(), least_K)
        taking_part_K = weights_K > 0
        balanced_K = torch.where(taking_part_K, terms_K / (2 * scale_K) + scale_K / 2, 0.0)
        return weights_K @ balanced_K

    def state_dict(self) -> dict[str, torch.Tensor]:
        return {"mean_K": self.mean_K, "first_K": self.first_K}

    def load_state_dict(self, state: dict[str, torch.Tensor]) -> None:
        self.mean_K, self.first_K = state["mean_K"], state["first_K"]
