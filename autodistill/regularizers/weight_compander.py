"""Weight compander."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt, Le
from typing_extensions import override

from autodistill.component import Choice, Uniform
from autodistill.lazy import torch
from autodistill.pool import Pool
from autodistill.regularizers._base import Regularising, Regularizer, Unregularised
from autodistill.regularizers._compander import compander


class WeightCompander(Regularizer, title="Weight compander"):
    """Trains v in place of each weight w = psi(v), which bounds weights and spreads small ones.

    `psi(v) = a sign(v) tanh((|v| / b + delta)^p - delta^p)`, with a a multiple of the largest
    weight of each matrix and b = a, larger where the slope at 0, `a p delta^(p - 1) / b`, would
    exceed 5. Training starts at the exact inverse, so that no output changes; weight decay then
    acts on v, and the student that is kept has plain weights. Embeddings, biases and normalisation
    are left alone. The idea is from the abstract of Weight Compander (Cakaj et al., 2023), whose
    own function could not be verified: psi is ours.
    """

    cost: ClassVar[str] = "a few passes over the weights at every step"
    kind: Literal["weight_compander"] = "weight_compander"
    power: Annotated[float, Gt(0), Le(1), Choice((0.5, 0.75, 1.0))] = 1.0
    """p: below 1 small weights are pushed away from zero; at 1 psi is a scaled tanh."""
    delta: Annotated[float, Gt(0), Le(1), Choice((0.01, 0.1))] = 0.1
    """Bounds the slope at zero; without effect where the power is 1."""
    headroom: Annotated[float, Ge(1.5), Le(100), Uniform(1.5, 10, log=True)] = 3.0
    """a, in multiples of each matrix's largest weight before training."""
    learnt: Annotated[bool, Choice((False, True))] = False
    """Whether a and b are trained with the student."""

    @override
    def build(self, pool: Pool) -> Regularising:
        return _Companded(self)


class _Companded(Unregularised):
    def __init__(self, settings: WeightCompander) -> None:
        self.settings = settings

    @override
    def attach(self, student: Any) -> None:
        for module in [m for m in student.modules() if isinstance(m, torch.nn.Linear)]:
            psi = compander(self.settings, module.weight.detach())
            torch.nn.utils.parametrize.register_parametrization(module, "weight", psi)

    @override
    def detach(self, student: Any) -> None:
        parametrize = torch.nn.utils.parametrize
        for module in [m for m in student.modules() if parametrize.is_parametrized(m, "weight")]:
            parametrize.remove_parametrizations(module, "weight")
