"""How far a student of the teacher's shape is from it. Letters: B examples, T tokens, D width."""

from __future__ import annotations

from autodistill.activations import Activation, Pairs, Said
from autodistill.intermediate._attention import log_shares, scores, squared_error
from autodistill.lazy import torch
from autodistill.task import TaskFacts


class Anchored:
    """Sums the squared errors of hidden states, attention maps and scores."""

    def __init__(self, pairs: Pairs, facts: TaskFacts) -> None:
        self.hidden = [state for state, _ in pairs if state.kind == "hidden"]
        self.maps = [state.layer for state, _ in pairs if state.kind == "query"]
        self.facts = facts
        self.modules = torch.nn.Module()

    def __call__(
        self, student: Said, teacher: Said, mask_BT: torch.Tensor, target_VC: torch.Tensor
    ) -> torch.Tensor:
        values = [
            _relative_error(student.states[at], teacher.states[at], mask_BT) for at in self.hidden
        ]
        values += [
            squared_error(
                self._attention(student, layer, mask_BT),
                self._attention(teacher, layer, mask_BT),
                mask_BT,
            )
            for layer in self.maps
        ]
        apart_V = (self._score(student) - self._score(teacher)).square().mean(dim=1)
        # Rows of tokens do not say whose they are: each example has the mean of the batch's.
        score_B = apart_V if len(apart_V) == len(mask_BT) else apart_V.mean().expand(len(mask_BT))
        return torch.stack(values).sum(dim=0) + score_B

    def _attention(self, said: Said, layer: int, mask_BT: torch.Tensor) -> torch.Tensor:
        query_BTD = said.states[Activation("query", layer)]
        key_BTD = said.states[Activation("key", layer)]
        return log_shares(scores(query_BTD, key_BTD, self.facts.teacher_heads), mask_BT).exp()

    def _score(self, said: Said) -> torch.Tensor:
        classes = self.facts.task.is_classification
        return said.logits_VC.softmax(dim=1) if classes else said.logits_VC


def _relative_error(
    student_BTD: torch.Tensor, teacher_BTD: torch.Tensor, mask_BT: torch.Tensor
) -> torch.Tensor:
    """Return each example's squared error over real tokens, over the teacher's variance there."""
    mask_BT1 = mask_BT[:, :, None]
    count_B11 = mask_BT1.sum(dim=1, keepdim=True) * teacher_BTD.shape[-1]
    mean_B11 = (teacher_BTD * mask_BT1).sum(dim=(1, 2), keepdim=True) / count_B11
    spread_B = ((teacher_BTD - mean_B11) * mask_BT1).square().sum(dim=(1, 2))
    return ((student_BTD - teacher_BTD) * mask_BT1).square().sum(dim=(1, 2)) / spread_B
