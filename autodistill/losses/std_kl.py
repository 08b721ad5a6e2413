"""Softened KL divergence at the standard-deviation temperature."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from typing_extensions import override

from autodistill.lazy import torch
from autodistill.losses._base import WeightedLoss
from autodistill.losses._divergence import kl
from autodistill.task import CLASSIFICATION, Task, TaskFacts


class StdKL(WeightedLoss, title="KL at the standard-deviation temperature"):
    """KL(teacher || student) with each row's logits divided by their own standard deviation.

    From MIX-KD (Choi et al., 2023): the deviation is over the classes, unbiased, and carries
    gradient. Shift and scale of the logits drop out, so only their shape is learnt from the
    teacher. Ours: the hard loss sees the logits as they are, so that labels alone teach the
    student's scale and an exported student, its NLL and its ECE need no rescaling (the paper
    rescales in both losses, and then evaluation must rescale too). A row that is sure of one class
    has probability e^sqrt(C) / (e^sqrt(C) + C - 1), so targets stay blunt below some 20 classes.
    """

    tasks: ClassVar[frozenset[Task]] = CLASSIFICATION
    kind: Literal["std_kl"] = "std_kl"

    @classmethod
    @override
    def unsuitable(cls, facts: TaskFacts) -> str | None:
        """Refuse two classes, where every rescaled row says the same."""
        if facts.num_outputs == 2:
            law = "std_kl needs at least 3 classes, since two logits over their deviation are"
            return f"{law} always 0.707 and -0.707; got 2."
        return super().unsuitable(facts)

    @override
    def conflicts(self, pipeline: Any, facts: TaskFacts) -> Iterator[str]:
        """Refuse weight 1, with which nothing teaches the scale of the student's logits."""
        if self.weight == 1:
            law = "std_kl does not see the scale of logits, so labels must teach it"
            yield f"{law}; got weight=1, choose a smaller one."

    @override
    def __call__(
        self, student_BC: torch.Tensor, teacher_BC: torch.Tensor, target_BC: torch.Tensor
    ) -> torch.Tensor:
        log_p, log_q = (_rescaled(z).log_softmax(dim=1) for z in (teacher_BC, student_BC))
        return kl(log_p, log_q)


def _rescaled(logits_BC: torch.Tensor) -> torch.Tensor:
    centred_BC = logits_BC - logits_BC.mean(dim=1, keepdim=True)
    variance_B1 = centred_BC.square().sum(dim=1, keepdim=True) / (logits_BC.shape[1] - 1)
    return centred_BC / (variance_B1 + 1e-12).sqrt()  # equal logits stay zero
