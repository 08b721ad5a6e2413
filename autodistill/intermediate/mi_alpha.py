"""MI-alpha: a lower bound on mutual information as an objective."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Le
from typing_extensions import override

from autodistill.component import Uniform
from autodistill.intermediate._base import MappedIntermediate, Objective
from autodistill.lazy import torch
from autodistill.task import TaskFacts

HIDDEN, OUTPUT = 128, 64
INITIAL_TEMPERATURE = 0.1
MAX_SCORE = 15.0
"""Bound on scores, so that their exponentials stay finite where alpha is small."""


class MIAlpha(MappedIntermediate, title="MI-alpha"):
    """-I_alpha of teacher and student states (Distiller, He et al., 2021; Poole et al., 2019, eq. 15).

    `I_alpha = 1 + E_joint[f - log b] - E_marginals[exp(f) / b]`, where the baseline b mixes a
    leave-one-out average over the batch (share alpha) with a learnt function of the teacher's state
    (share 1 - alpha). Alpha 1 is InfoNCE: low variance, bounded by log(B - 1); alpha 0 is TUBA.
    Rows of the score matrix are teachers, so that the learnt baseline sees the row's variable, which
    the bound needs. Ours: states are averaged over real tokens, a separable critic of two-layer
    perceptrons ends in unit vectors over a learnt temperature, each mapped pair has its own critic.
    """

    batchwise: ClassVar[bool] = True
    kind: Literal["mi_alpha"] = "mi_alpha"
    alpha: Annotated[float, Ge(0), Le(1), Uniform(0.1, 1.0)] = 0.9
    """Share of the batch's own average in the baseline: more is less variance and more bias."""

    @override
    def conflicts(self, pipeline: Any, facts: TaskFacts) -> Iterator[str]:
        if pipeline.training.batch_size < 8:
            yield (
                "MI-alpha contrasts the examples of a batch, so it needs at least 8; "
                f"got training.batch_size={pipeline.training.batch_size}."
            )

    @override
    def build(self, facts: TaskFacts) -> Objective:
        return _MIAlpha(self, facts)


def mi_alpha(scores_BB: torch.Tensor, log_baseline_B: torch.Tensor, alpha: float) -> torch.Tensor:
    """Return -I_alpha as one number per row, whose mean is the loss.

    Args:
        scores_BB: Critic values; rows are teachers, columns students, positives on the diagonal.
        log_baseline_B: Logarithm of the learnt baseline of each row.
        alpha: Share of the leave-one-out average.
    """
    scores_BB = scores_BB.float()
    size = scores_BB.shape[0]
    eye = torch.eye(size, dtype=torch.bool, device=scores_BB.device)
    held_out = scores_BB[:, None, :].expand(size, size, size).masked_fill(eye[None], -math.inf)
    average_BB = held_out.logsumexp(dim=-1) - math.log(size - 1)  # row i without column j
    learnt_BB = log_baseline_B.float()[:, None].expand(size, size)
    if alpha == 0:
        log_b = learnt_BB
    elif alpha == 1:
        log_b = average_BB
    else:
        log_b = torch.logaddexp(average_BB + math.log(alpha), learnt_BB + math.log1p(-alpha))
    joint_BB = scores_BB.diagonal()[:, None] - log_b
    marginal_BB = torch.exp(scores_BB - log_b.diagonal()[:, None])
    bound_BB = (joint_BB - marginal_BB).masked_fill(eye, 0.0)
    return -(1 + bound_BB.sum(dim=1) / (size - 1))


class _MIAlpha:
    def __init__(self, component: MIAlpha, facts: TaskFacts) -> None:
        self.alpha = component.alpha
        self.pairs = component.layer_pairs(facts)
        self.modules = torch.nn.ModuleList(_critic(facts) for _ in self.pairs)

    def __call__(
        self,
        student: Mapping[int, torch.Tensor],
        teacher: Mapping[int, torch.Tensor],
        mask_BT: torch.Tensor,
    ) -> torch.Tensor:
        total_B = torch.zeros(mask_BT.shape[0], device=mask_BT.device)
        if len(total_B) < 2:  # nothing to contrast with: the odd last batch of an epoch
            return total_B
        for (t, s), critic in zip(self.pairs, self.modules, strict=True):
            teacher_BE, student_BD = _pooled(teacher[t], mask_BT), _pooled(student[s], mask_BT)
            rows_BO = torch.nn.functional.normalize(critic["teacher"](teacher_BE), dim=-1)
            columns_BO = torch.nn.functional.normalize(critic["student"](student_BD), dim=-1)
            sharpness = critic["temperature"].weight.view(()).exp()
            scores_BB = MAX_SCORE * torch.tanh(rows_BO @ columns_BO.T * sharpness / MAX_SCORE)
            log_baseline_B = critic["baseline"](teacher_BE)[:, 0]
            total_B = total_B + mi_alpha(scores_BB, log_baseline_B, self.alpha)
        return total_B


def _pooled(states_BTD: torch.Tensor, mask_BT: torch.Tensor) -> torch.Tensor:
    mask_BT1 = mask_BT[:, :, None]
    return (states_BTD * mask_BT1).sum(dim=1) / mask_BT1.sum(dim=1)


def _critic(facts: TaskFacts) -> torch.nn.ModuleDict:
    temperature = torch.nn.Linear(1, 1, bias=False)  # a lone parameter that a ModuleDict can hold
    torch.nn.init.constant_(temperature.weight, -math.log(INITIAL_TEMPERATURE))
    return torch.nn.ModuleDict(
        {
            "teacher": _perceptron(facts.teacher_width, OUTPUT),
            "student": _perceptron(facts.student_width, OUTPUT),
            "baseline": _perceptron(facts.teacher_width, 1),
            "temperature": temperature,
        }
    )


def _perceptron(width: int, output: int) -> torch.nn.Module:
    return torch.nn.Sequential(
        torch.nn.Linear(width, HIDDEN), torch.nn.ReLU(), torch.nn.Linear(HIDDEN, output)
    )
