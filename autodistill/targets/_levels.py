"""The multi-level ranking loss. Letters: B rows, L levels that occur in the batch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from autodistill.activations import Said
from autodistill.lazy import torch
from autodistill.targets._base import Labels


class Ranking(Labels):
    """Labels, with the ranking loss of their levels besides."""

    def __init__(
        self, labels_V: NDArray[np.float64], weight: float, delta: float, mu: float
    ) -> None:
        super().__init__()
        self.values = torch.from_numpy(np.unique(labels_V)).float()
        self.weight, self.delta, self.mu = weight, delta, mu

    @override
    def further(self, student: Said, target_BC: torch.Tensor) -> torch.Tensor:
        gap_BL = (target_BC - self.values.to(target_BC)).abs()
        level_B = gap_BL.argmin(dim=1)
        ranking = self.ranking(student.logits_VC[:, 0], level_B)
        return self.weight * ranking.expand(len(level_B))

    def ranking(self, scores_B: torch.Tensor, level_B: torch.Tensor) -> torch.Tensor:
        """Return the ranking loss of a batch, a scalar."""
        present_L, mine_B = torch.unique(level_B, return_inverse=True)
        of_level_LB = torch.nn.functional.one_hot(mine_B).T.to(scores_B)
        share_LB = of_level_LB / of_level_LB.sum(dim=1, keepdim=True)
        centre_L = share_LB @ scores_B
        spread_L = share_LB @ (scores_B - centre_L[mine_B]).abs()
        compactness = (spread_L - self.mu).relu().mean()
        low, high = torch.triu_indices(len(present_L), len(present_L), offset=1)
        if not len(low):
            return compactness
        rise_P = centre_L[high] - centre_L[low]
        value_L = self.values.to(scores_B)[present_L]
        wanted_P = self.delta * (value_L[high] - value_L[low])
        return compactness + ((wanted_P - rise_P.abs()).relu() + (-rise_P).relu()).mean()
