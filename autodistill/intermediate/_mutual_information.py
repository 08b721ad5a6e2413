"""What bounds on mutual information share.

Letters: B examples, T tokens, D student width, E teacher width, O width of embeddings.
"""

from __future__ import annotations

import math

from autodistill.lazy import torch
from autodistill.task import TaskFacts

HIDDEN, EMBEDDING = 128, 64
INITIAL_TEMPERATURE = 0.1
MAX_SCORE = 15.0
"""Bound on scores, so that their exponentials stay finite where alpha is small."""


def mi_alpha(scores_BB: torch.Tensor, log_baseline_B: torch.Tensor, alpha: float) -> torch.Tensor:
    """Return -I_alpha as one number per row, whose mean is the loss, in float32.

    Args:
        scores_BB: Critic values; rows are teachers, columns students, positives on the diagonal.
        log_baseline_B: Logarithm of the learnt baseline of each row.
        alpha: Share of the leave-one-out average in the baseline.
    """
    scores_BB = scores_BB.float()
    average_BB = leave_one_out(scores_BB)
    learnt_BB = log_baseline_B.float()[:, None].expand_as(scores_BB)
    if alpha == 0:
        log_b = learnt_BB
    elif alpha == 1:
        log_b = average_BB
    else:
        log_b = torch.logaddexp(average_BB + math.log(alpha), learnt_BB + math.log1p(-alpha))
    eye = torch.eye(len(scores_BB), dtype=torch.bool, device=scores_BB.device)
    joint_BB = (scores_BB.diagonal()[:, None] - log_b).masked_fill(eye, 0.0)
    # Masked before the exponential: a positive may overflow, and then 0 * inf in the gradient.
    marginal_BB = (scores_BB - log_b.diagonal()[:, None]).masked_fill(eye, -math.inf).exp()
    return -(1 + (joint_BB - marginal_BB).sum(dim=1) / (len(scores_BB) - 1))


def leave_one_out(scores_BB: torch.Tensor) -> torch.Tensor:
    """Return at [i, j] the logarithm of the mean of exp(scores[i, k]) over all k but j.

    A term is taken out of its row's sum, except for the largest: too few digits would be left.
    """
    largest_BB = torch.zeros_like(scores_BB, dtype=torch.bool)
    largest_BB.scatter_(1, scores_BB.argmax(dim=1, keepdim=True), value=True)
    rest_B1 = scores_BB.masked_fill(largest_BB, -math.inf).logsumexp(dim=1, keepdim=True)
    share_BB = scores_BB.softmax(dim=1).masked_fill(largest_BB, 0.0)
    without_BB = scores_BB.logsumexp(dim=1, keepdim=True) + torch.log1p(-share_BB)
    return torch.where(largest_BB, rest_B1, without_BB) - math.log(len(scores_BB) - 1)


class SeparableCritic:
    """Scores pairs of states by the product of their embeddings; guesses each row's baseline."""

    def __init__(self, facts: TaskFacts) -> None:
        self.teacher = _perceptron(facts.teacher_width, EMBEDDING)
        self.student = _perceptron(facts.student_width, EMBEDDING)
        self.baseline = _perceptron(facts.teacher_width, 1)
        sharpness = torch.nn.Parameter(torch.tensor(-math.log(INITIAL_TEMPERATURE)))
        self.log = torch.nn.ParameterDict({"sharpness": sharpness})
        parts = {"teacher": self.teacher, "student": self.student, "baseline": self.baseline}
        self.modules = torch.nn.ModuleDict(parts | {"log": self.log})

    def __call__(
        self, teacher_BTE: torch.Tensor, student_BTD: torch.Tensor, mask_BT: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the scores (B, B), rows teachers, and the log-baseline of each row (B,)."""
        teacher_BE = _masked_mean(teacher_BTE, mask_BT)
        rows_BO = torch.nn.functional.normalize(self.teacher(teacher_BE), dim=1)
        student_BO = self.student(_masked_mean(student_BTD, mask_BT))
        columns_BO = torch.nn.functional.normalize(student_BO, dim=1)
        scores_BB = rows_BO @ columns_BO.T * self.log["sharpness"].exp()
        bounded_BB = MAX_SCORE * torch.tanh(scores_BB / MAX_SCORE)
        return bounded_BB, self.baseline(teacher_BE)[:, 0]


def _masked_mean(states_BTD: torch.Tensor, mask_BT: torch.Tensor) -> torch.Tensor:
    mask_BT1 = mask_BT[:, :, None]
    return (states_BTD * mask_BT1).sum(dim=1) / mask_BT1.sum(dim=1)


def _perceptron(width: int, output: int) -> torch.nn.Module:
    return torch.nn.Sequential(
        torch.nn.Linear(width, HIDDEN), torch.nn.ReLU(), torch.nn.Linear(HIDDEN, output)
    )
