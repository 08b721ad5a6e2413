"""Centred kernel alignment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Literal

from typing_extensions import override

from autodistill.intermediate._base import (
    LayerStates,
    MappedIntermediate,
    PairObjective,
    masked_mean,
)
from autodistill.lazy import torch
from autodistill.task import TaskFacts


class CKA(MappedIntermediate, title="CKA"):
    """1 - linear CKA of mapped layers over the batch (Kornblith et al., 2019).

    `CKA = ||S'T||_F^2 / (||S'S||_F ||T'T||_F)` of the centred matrices S and T whose rows are
    examples, each the mean over its real tokens. It does not see rotations and scales, so that the
    widths may differ without a map. As an objective of a batch it is ours, and biased: the fewer
    examples, the closer to 1 is even the CKA of unrelated states.
    """

    batchwise: ClassVar[bool] = True
    kind: Literal["cka"] = "cka"

    @override
    def conflicts(self, pipeline: Any, facts: TaskFacts) -> Iterator[str]:
        """Refuse batches of fewer than 8 examples."""
        if (size := pipeline.training.batch_size) < 8:
            law = "CKA compares how the examples of a batch lie to each other, so it needs 8"
            yield f"{law}; got training.batch_size={size}."

    @override
    def build_pairs(self, facts: TaskFacts, count: int) -> Sequence[PairObjective]:
        return [_Alignment()] * count


class _Alignment:
    def __init__(self) -> None:
        self.modules = torch.nn.Module()

    def __call__(
        self, student: LayerStates, teacher: LayerStates, mask_BT: torch.Tensor
    ) -> torch.Tensor:
        if len(mask_BT) == 1:  # nothing to lie beside: the odd last batch of an epoch
            return torch.zeros(1, device=mask_BT.device)
        kernel_BB, other_BB = (_kernel(masked_mean(x[0], mask_BT)) for x in (student, teacher))
        scale = (kernel_BB.norm() * other_BB.norm()).clamp_min(1e-12)
        distance: torch.Tensor = 1 - (kernel_BB * other_BB).sum() / scale
        return distance.expand(len(mask_BT))


def _kernel(rows_BD: torch.Tensor) -> torch.Tensor:
    """Return the products of the centred rows."""
    centred_BD = rows_BD - rows_BD.mean(dim=0)
    return centred_BD @ centred_BD.T
