"""Norm and direction."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from typing_extensions import override

from autodistill.activations import Said
from autodistill.intermediate._base import Objective, WeightedIntermediate, projection
from autodistill.lazy import torch
from autodistill.pool import Pool
from autodistill.task import CLASSIFICATION, Task


class ND(WeightedIntermediate, title="Norm and direction"):
    """Pulls features along the teacher's class mean and rewards their norm (Wang et al., 2023).

    `1 - <s, e_y> / max(|s|, |t|)` of each row (ND loss), where s and t are what the output layers
    see, before the tanh that bounds it in BERT's pooler or RoBERTa's head, and e_c is the direction
    of the teacher's mean of that over all training rows of class c, pruned ones included. A longer
    s than t is only turned; a shorter one grows along e_y too. A soft target counts each class by
    its share, which for labels is the paper's. Where the widths differ the student's feature goes
    through a learnt linear map (the official one also normalises and drops out), and the norm that
    grows is the map's. To look before the tanh is ours: after it norms are bounded, and mostly the
    direction would be learnt.
    """

    tasks: ClassVar[frozenset[Task]] = CLASSIFICATION
    zero_on_agreement: ClassVar[bool] = False
    kind: Literal["nd"] = "nd"

    @override
    def build(self, pool: Pool) -> Objective:
        return _Pull(pool)


class _Pull:
    def __init__(self, pool: Pool) -> None:
        self.modules = projection(pool.facts)
        directions_CE = np.zeros((pool.num_classes, pool.penultimate_VE.shape[1]), dtype=np.float32)
        for label in np.unique(pool.labels_V).astype(int):  # a class without rows has none
            mean_E = pool.penultimate_VE[pool.labels_V == label].mean(axis=0)
            directions_CE[label] = mean_E / np.linalg.norm(mean_E)
        self.directions_CE = torch.from_numpy(directions_CE)

    def __call__(
        self, student: Said, teacher: Said, mask_BT: torch.Tensor, target_VC: torch.Tensor
    ) -> torch.Tensor:
        penultimate_VE = self.modules(student.penultimate)
        direction_VE = target_VC @ self.directions_CE.to(target_VC)
        longest_V = torch.maximum(penultimate_VE.norm(dim=1), teacher.penultimate.norm(dim=1))
        along_V: torch.Tensor = (penultimate_VE * direction_VE).sum(dim=1)
        return 1 - along_V / longest_V
