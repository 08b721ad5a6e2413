"""MI-alpha: a lower bound on mutual information as an objective."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Le
from typing_extensions import override

from autodistill.component import Choice, Uniform
from autodistill.intermediate._base import LayerStates, MappedIntermediate, PairObjective
from autodistill.intermediate._mutual_information import Encoder, SeparableCritic, mi_alpha
from autodistill.lazy import torch
from autodistill.task import TaskFacts


class MIAlpha(MappedIntermediate, title="MI-alpha"):
    """-I_alpha of teacher and student states (Distiller, He et al., 2021; Poole et al., 2019).

    `I_alpha = 1 + E_joint[f - log b] - E_marginals[exp(f) / b]`, where the baseline b mixes a
    leave-one-out average over the batch (share alpha) with a function of the teacher's state. Alpha
    1 is InfoNCE: low variance, at most log(B - 1); alpha 0 is TUBA with a learnt baseline, and NWJ
    where the baseline is e. Rows of the scores are teachers, so that a learnt baseline sees the
    row's variable, which the bound needs. The critic multiplies embeddings, unit vectors over a
    learnt temperature (ours), of two perceptrons on each text's mean token, or of two transformers
    (the paper's; its code contrasts positions, this contrasts examples).
    """

    batchwise: ClassVar[bool] = True
    zero_on_agreement: ClassVar[bool] = False
    may_be_negative: ClassVar[bool] = True
    kind: Literal["mi_alpha"] = "mi_alpha"
    alpha: Annotated[float, Ge(0), Le(1), Uniform(0.0, 1.0)] = 0.9
    """Share of the batch's own average in the baseline: more is less variance and more bias."""
    critic: Annotated[Encoder, Choice(("mlp", "transformer"))] = "mlp"
    """What reads the states: perceptrons, or transformers of two layers."""
    critics: Annotated[Literal["each", "shared"], Choice(("each", "shared"))] = "each"
    """Whether each mapped pair of layers has its own critic, or all share one."""
    baseline: Annotated[Literal["learnt", "e"], Choice(("learnt", "e"))] = "learnt"
    """What the batch's average is mixed with: a function that is learnt, or the number e."""

    @override
    def conflicts(self, pipeline: Any, facts: TaskFacts) -> Iterator[str]:
        """Refuse batches of fewer than 8 examples."""
        if (size := pipeline.training.batch_size) < 8:
            law = "MI-alpha contrasts the examples of a batch, so it needs at least 8"
            yield f"{law}; got training.batch_size={size}."

    @override
    def build_pairs(self, facts: TaskFacts, count: int) -> Sequence[PairObjective]:
        if self.critics == "shared":
            return [_Contrast(self, facts)] * count
        return [_Contrast(self, facts) for _ in range(count)]


class _Contrast:
    def __init__(self, component: MIAlpha, facts: TaskFacts) -> None:
        self.component, self.critic = component, SeparableCritic(facts, component.critic)
        self.modules: torch.nn.Module = self.critic.modules

    def __call__(
        self, student: LayerStates, teacher: LayerStates, mask_BT: torch.Tensor
    ) -> torch.Tensor:
        if len(mask_BT) == 1:  # nothing to contrast with: the odd last batch of an epoch
            return torch.zeros(1, device=mask_BT.device)
        scores_BB, log_baseline_B = self.critic(teacher[0], student[0], mask_BT)
        if self.component.baseline == "e":
            log_baseline_B = torch.ones_like(log_baseline_B)
        return mi_alpha(scores_BB, log_baseline_B, self.component.alpha)
