"""Fixed weights."""

from __future__ import annotations

from typing import Literal

from typing_extensions import override

from autodistill.balancings._base import Balancer, Balancing
from autodistill.lazy import torch


class FixedWeights(Balancing, title="Fixed weights"):
    """The weights of the pipeline, the same at every step."""

    kind: Literal["fixed"] = "fixed"

    @override
    def build(self) -> Balancer:
        return _Weighted()


class _Weighted:
    def __call__(self, terms_K: torch.Tensor, weights_K: torch.Tensor) -> torch.Tensor:
        return weights_K @ terms_K

    def state_dict(self) -> dict[str, torch.Tensor]:
        return {}

    def load_state_dict(self, state: dict[str, torch.Tensor]) -> None:
        pass
