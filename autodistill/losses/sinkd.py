"""Sinkhorn distance between the batches of student and teacher."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt, Le
from typing_extensions import override

from autodistill.component import Choice, Uniform
from autodistill.lazy import torch
from autodistill.losses._base import TemperedLoss
from autodistill.losses._divergence import kl
from autodistill.losses._transport import Plan, moving_cost
from autodistill.task import CLASSIFICATION, Task, TaskFacts


class SinKD(TemperedLoss, title="Sinkhorn distance (SinKD)"):
    """KL of each row, and the cost of moving the batch's students onto its teachers (Cui 2024).

    `kl_weight T^2 KL(p || q) + transport_weight <P, D> / B`: D holds the L1 distances of softened
    probabilities, P is a plan between the rows of the batch; each row has an equal share of the
    second part. Transport alone does not tell which row is which, so KL always stays. Ours: T^2,
    one temperature for both parts, the mean. Of more rows, 256 are drawn (64 for a sparse plan).
    """

    tasks: ClassVar[frozenset[Task]] = CLASSIFICATION
    batchwise: ClassVar[bool] = True
    cost: ClassVar[str] = "a plan between the rows of each batch; a sparse one on the CPU"
    kind: Literal["sinkd"] = "sinkd"
    kl_weight: Annotated[float, Gt(0), Le(10)] = 1.0
    """Weight of the rows' own KL."""
    transport_weight: Annotated[float, Gt(0), Le(100), Uniform(0.003, 3.0, log=True)] = 0.1
    """Weight of the transport cost."""
    plan: Annotated[Plan, Choice(("entropic", "unrolled", "debiased", "sparse"))] = "unrolled"
    """Sinkhorn's plan, with gradient through the iterations (`unrolled`, as in the paper) or taken
    as given (`entropic`); the Sinkhorn divergence, zero on agreement (`debiased`, Feydy et al.,
    2019); few partners for each teacher (`sparse`, Liu et al., 2023)."""
    regularization: Annotated[float, Ge(0.005), Le(10), Uniform(0.02, 0.5, log=True)] = 0.1
    """Spreads the plan: entropic, or quadratic for a sparse one; in the unit of D, at most 2."""
    iterations: Annotated[int, Ge(1), Le(1000), Choice((10, 20, 50))] = 20
    """Sinkhorn's iterations."""
    nonzeros: Annotated[int, Ge(1), Le(64), Choice((1, 2, 4))] = 2
    """Most partners of a teacher in a sparse plan."""

    @property
    @override
    def zero_on_agreement(self) -> bool:
        return self.plan == "debiased"

    @override
    def conflicts(self, pipeline: Any, facts: TaskFacts) -> Iterator[str]:
        """Refuse batches of fewer than 8 examples."""
        if (size := pipeline.training.batch_size) < 8:
            law = "SinKD moves a batch onto a batch, so it needs at least 8 examples"
            yield f"{law}; got training.batch_size={size}."

    @override
    def __call__(
        self, student_BC: torch.Tensor, teacher_BC: torch.Tensor, target_BC: torch.Tensor
    ) -> torch.Tensor:
        log_p, log_q = ((z / self.temperature).log_softmax(dim=1) for z in (teacher_BC, student_BC))
        each_B = self.kl_weight * self.temperature**2 * kl(log_p, log_q)
        most = 64 if self.plan == "sparse" else 256
        some = torch.randperm(len(log_p))[:most] if len(log_p) > most else slice(None)
        how = (self.plan, self.regularization, self.iterations, self.nonzeros)
        return each_B + self.transport_weight * moving_cost(
            log_q[some].exp(), log_p[some].exp(), *how
        )
