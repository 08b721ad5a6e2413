"""Every layer to every layer, by optimal transport."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
from typing_extensions import override

from autodistill.lazy import ot, torch
from autodistill.mappings._base import LayerMapping, LayerPair
from autodistill.task import TaskFacts


class EMD(LayerMapping, title="Earth mover's distance"):
    """Many to many, by the cheapest transport between the layers (BERT-EMD, Li et al., 2020).

    Each of N student layers supplies 1 / N, each of M teacher layers demands 1 / M; what moving
    costs is the objective of the pair, the mean over the batch. The plan that minimises the total
    is exact, made anew for each batch, and takes no gradient: `sum_ij flow_ij cost_ij` learns
    through the costs. The embeddings are a pair of their own with weight 1. As in Distiller's code
    layers weigh the same throughout (BERT-EMD also learns their weights).
    """

    cost: ClassVar[str] = (
        "the states of every layer of the teacher in the cache, and N x M distances"
    )
    batchwise: ClassVar[bool] = True
    kind: Literal["emd"] = "emd"

    @override
    def pairs(self, facts: TaskFacts) -> tuple[LayerPair, ...]:
        teacher, student = range(1, facts.teacher_layers + 1), range(1, facts.student_layers + 1)
        return ((0, 0), *((t, s) for s in student for t in teacher))

    @override
    def flow(self, pairs: Sequence[LayerPair], costs_P: torch.Tensor) -> torch.Tensor:
        flow_P = torch.ones_like(costs_P)
        moved = [i for i, pair in enumerate(pairs) if pair != (0, 0)]
        supplies = len({pairs[i][1] for i in moved})
        costs_NM = costs_P[moved].cpu().double().numpy().reshape(supplies, -1)
        if np.isfinite(costs_NM).all():  # otherwise the trial has diverged, and will be told so
            plan_NM = ot.emd([], [], costs_NM)
            flow_P[moved] = torch.from_numpy(plan_NM.ravel()).to(costs_P)
        return flow_P
