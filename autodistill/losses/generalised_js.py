"""Generalised Jensen-Shannon divergence."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal

from annotated_types import Gt, Lt
from typing_extensions import override

from autodistill.component import Uniform
from autodistill.lazy import torch
from autodistill.losses._base import TemperedLoss
from autodistill.losses._divergence import kl
from autodistill.task import CLASSIFICATION, Task


class GeneralisedJS(TemperedLoss, title="Generalised JS"):
    """Divergence of teacher p and student q from their mixture (Lin, 1991; GKD, Agarwal 2024).

    `JS_b = b KL(p || m) + (1 - b) KL(q || m)` with `m = b p + (1 - b) q`: the teacher has the same
    weight inside the mixture and outside (a widespread implementation swaps them, which shows at
    all b but 1/2). Ours: divided by b (1 - b), so that the ends of b are forward KL (0) and reverse
    KL (1) and its gradient keeps their scale.
    """

    tasks: ClassVar[frozenset[Task]] = CLASSIFICATION
    kind: Literal["generalised_js"] = "generalised_js"
    teacher_share: Annotated[float, Gt(0), Lt(1), Uniform(0.1, 0.9)] = 0.5
    """Share b of the teacher in the mixture; 0.5 is the symmetric Jensen-Shannon divergence."""

    @override
    def __call__(
        self, student_BC: torch.Tensor, teacher_BC: torch.Tensor, target_BC: torch.Tensor
    ) -> torch.Tensor:
        b = self.teacher_share
        log_p = torch.log_softmax(teacher_BC / self.temperature, dim=1)
        log_q = torch.log_softmax(student_BC / self.temperature, dim=1)
        log_m = torch.logaddexp(log_p + math.log(b), log_q + math.log1p(-b))
        scale = self.temperature**2 / (b * (1 - b))
        return scale * (b * kl(log_p, log_m) + (1 - b) * kl(log_q, log_m))
