"""MI-alpha: a lower bound on mutual information as an objective."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Le
from typing_extensions import override

from autodistill.component import Uniform
from autodistill.intermediate._base import MappedIntermediate, PairObjective
from autodistill.intermediate._mutual_information import SeparableCritic, mi_alpha
from autodistill.lazy import torch
from autodistill.task import TaskFacts


class MIAlpha(MappedIntermediate, title="MI-alpha"):
    """-I_alpha of teacher and student states (Distiller, He et al., 2021; Poole et al., 2019).

    `I_alpha = 1 + E_joint[f - log b] - E_marginals[exp(f) / b]`, where the baseline b mixes a
    leave-one-out average over the batch (share alpha) with a learnt function of the teacher's
    state. Alpha 1 is InfoNCE: low variance, at most log(B - 1); alpha 0 is TUBA. Rows of the scores
    are teachers, so that the learnt baseline sees the row's variable, which the bound needs. Ours:
    states are averaged over real tokens; each mapped pair has its own critic, two perceptrons whose
    embeddings are unit vectors over a learnt temperature.
    """

    batchwise: ClassVar[bool] = True
    zero_on_agreement: ClassVar[bool] = False
    kind: Literal["mi_alpha"] = "mi_alpha"
    alpha: Annotated[float, Ge(0), Le(1), Uniform(0.1, 1.0)] = 0.9
    """Share of the batch's own average in the baseline: more is less variance and more bias."""

    @override
    def conflicts(self, pipeline: Any, facts: TaskFacts) -> Iterator[str]:
        """Refuse batches of fewer than 8 examples."""
        if (size := pipeline.training.batch_size) < 8:
            law = "MI-alpha contrasts the examples of a batch, so it needs at least 8"
            yield f"{law}; got training.batch_size={size}."

    @override
    def build_pair(self, facts: TaskFacts) -> PairObjective:
        return _Contrast(self.alpha, SeparableCritic(facts))


class _Contrast:
    def __init__(self, alpha: float, critic: SeparableCritic) -> None:
        self.alpha, self.critic = alpha, critic
        self.modules: torch.nn.Module = critic.modules

    def __call__(
        self, student_BTD: torch.Tensor, teacher_BTE: torch.Tensor, mask_BT: torch.Tensor
    ) -> torch.Tensor:
        if len(mask_BT) == 1:  # nothing to contrast with: the odd last batch of an epoch
            return torch.zeros(1, device=mask_BT.device)
        return mi_alpha(*self.critic(teacher_BTE, student_BTD, mask_BT), self.alpha)
