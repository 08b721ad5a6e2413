from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from typing_extensions import override

from autodistill.regularizers._sensitivity import sensitivity
from autodistill.regularizers.variation import DECAY, Variation
from autodistill.testing.contracts.components import FACTS
from autodistill.testing.pools import random_pool

POOL = random_pool(FACTS)


class Student(torch.nn.Module):
    """Sums a function of its embeddings."""

    def __init__(self, width: int, bend: float) -> None:
        super().__init__()
        self.words, self.bend = torch.nn.Embedding(9, 4), bend
        self.out = torch.nn.Linear(4, width)

    def get_input_embeddings(self) -> torch.nn.Module:
        return self.words

    @override
    def forward(self, inputs_embeds: torch.Tensor, attention_mask: torch.Tensor) -> Any:
        seen = inputs_embeds + self.bend * inputs_embeds**2
        return SimpleNamespace(logits=self.out((seen * attention_mask[..., None]).sum(dim=1)))


def inputs() -> dict[str, torch.Tensor]:
    mask = torch.tensor([[1, 1, 1], [1, 1, 0]])
    return {"input_ids": torch.tensor([[1, 2, 3], [4, 5, 0]]), "attention_mask": mask}


def test_of_one_score_it_is_the_length_of_its_gradient_row_by_row() -> None:
    torch.manual_seed(0)
    student = Student(1, bend=0.3)
    lengths = []
    for ids, mask in zip(*inputs().values(), strict=True):
        x = student.words(ids)[None].detach().requires_grad_()
        score = student(x, mask[None]).logits.sum()
        lengths.append(float(torch.autograd.grad(score, x)[0].norm()))
    found = sensitivity(student, inputs()).detach()
    assert found.tolist() == pytest.approx(lengths, rel=1e-5)


def test_a_linear_score_is_not_penalised() -> None:
    torch.manual_seed(0)
    even = Variation(weight=1.0).build(POOL)
    student = Student(1, bend=0.0)
    whole = {k: v[:1] for k, v in inputs().items()}  # of one length, so of one sensitivity
    assert even.penalty(student, whole, 0.0).item() == pytest.approx(0.0, abs=1e-10)


def test_the_running_mean_settles_and_carries_no_gradient() -> None:
    torch.manual_seed(0)
    even, student = Variation(weight=1.0).build(POOL), Student(1, bend=0.0)
    long = {k: v[:1] for k, v in inputs().items()}
    short = {k: v[1:] for k, v in inputs().items()}
    even.penalty(student, short, 0.0)
    first = even.penalty(student, long, 0.0).item()
    later = [even.penalty(student, long, 0.0).item() for _ in range(600)]
    assert first > 0
    assert later[-1] < first * (1 - DECAY) ** 1000
    assert not even.state_dict()["mean"].requires_grad


def test_the_penalty_is_weighed_and_its_gradient_is_that_of_differences() -> None:
    torch.manual_seed(0)
    student = Student(1, bend=0.3).double()

    def value() -> torch.Tensor:
        even = Variation(weight=0.5).build(POOL)
        even.load_state_dict({"mean": torch.tensor(0.7)})
        return even.penalty(student, inputs(), 0.0)

    r_B, mean = sensitivity(student, inputs()).detach(), 0.7
    mean += DECAY * (float(r_B.mean()) - mean)
    assert value().item() == pytest.approx(0.5 * float((r_B - mean).square().mean()), rel=1e-5)
    torch.autograd.backward(value())
    assert student.out.weight.grad is not None
    found = float(student.out.weight.grad[0, 1])
    with torch.no_grad():
        student.out.weight[0, 1] += 1e-4
        above = value().item()
        student.out.weight[0, 1] -= 2e-4
        below = value().item()
    # The running mean moves by DECAY with r, and no gradient goes through it.
    assert found == pytest.approx((above - below) / 2e-4, rel=2 * DECAY + 0.02)
