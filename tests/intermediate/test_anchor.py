from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.special import softmax

from autodistill.activations import Activation, ActivationKind, Said
from autodistill.intermediate.anchor import Anchor
from autodistill.task import Task
from autodistill.testing.contracts.components import FACTS, facts_of
from autodistill.testing.contracts.intermediate import DEEP, built, seen, value

LIKE = {"student_layers": FACTS.teacher_layers}


@pytest.mark.parametrize("parts", ["all", "hidden"])
def test_it_is_the_written_formula_example_by_example(parts: str) -> None:
    component = Anchor.model_validate({"parts": parts})
    states = seen(component, DEEP)
    found_B = value(built(component, DEEP), states)

    def at(said: Said, kind: ActivationKind, layer: int, example: int) -> NDArray[np.float64]:
        mask_T = states.mask_BT[example]
        found: NDArray[np.float64] = said.states[Activation(kind, layer)][example][mask_T].numpy()
        return found.astype(np.float64)

    for example, found in enumerate(found_B):
        both = (states.student, states.teacher)
        expected = np.float64(0)
        for layer in range(5):
            s, t = (at(said, "hidden", layer, example) for said in both)
            expected += np.mean((s - t) ** 2) / np.var(t)
        for layer in range(1, 5) if parts == "all" else ():
            maps = []
            for said in both:
                query, key = (at(said, kind, layer, example) for kind in ("query", "key"))
                cuts = zip(np.split(query, 4, axis=1), np.split(key, 4, axis=1), strict=True)
                maps.append([softmax(q @ k.T / 2, axis=1) for q, k in cuts])
            expected += np.mean((np.array(maps[0]) - np.array(maps[1])) ** 2)
        p, q = (softmax(said.logits_VC[example].double().numpy()) for said in both)
        expected += np.mean((p - q) ** 2)
        assert found.item() == pytest.approx(expected, rel=1e-4)


def test_a_student_that_is_its_teacher_is_left_alone() -> None:
    facts = facts_of(Task.TEXT_REGRESSION).model_copy(update=LIKE)
    states = seen(Anchor(), facts)
    there = {k: v.clone().requires_grad_() for k, v in states.teacher.states.items()}
    logits_VC = states.teacher.logits_VC.clone().requires_grad_()
    student = Said(logits_VC, states.teacher.features_VE, there)
    objective = built(Anchor(), facts)
    found_B = objective(student, states.teacher, states.mask_BT, states.target_BC)
    assert not found_B.any()
    for slope in torch.autograd.grad(found_B.sum(), [*there.values(), logits_VC]):
        assert slope.abs().max() < 1e-6


def test_tagged_tokens_count_by_their_mean() -> None:
    states = seen(Anchor(), DEEP)
    objective = built(Anchor(), DEEP)
    hidden_B = value(objective, states) - _scores(states.student, states.teacher)
    many = [
        torch.cat([said.logits_VC, said.logits_VC.flip(0)])
        for said in (states.student, states.teacher)
    ]
    student, teacher = (
        Said(logits, said.features_VE, said.states)
        for logits, said in zip(many, (states.student, states.teacher), strict=True)
    )
    found_B = objective(student, teacher, states.mask_BT, states.target_BC)
    expected_B = hidden_B + _scores(student, teacher).mean()
    torch.testing.assert_close(found_B, expected_B)


def _scores(student: Said, teacher: Said) -> torch.Tensor:
    apart_VC = student.logits_VC.softmax(dim=1) - teacher.logits_VC.softmax(dim=1)
    return apart_VC.square().mean(dim=1)


@pytest.mark.parametrize(
    ("change", "mine"),
    [
        ({"student_layers": 2}, "2 layers, width 16, 4 heads"),
        ({"student_width": 12}, "4 layers, width 12, 4 heads"),
        ({"student_heads": 2}, "4 layers, width 16, 2 heads"),
    ],
)
def test_another_shape_is_refused(change: dict[str, int], mine: str) -> None:
    assert Anchor.unsuitable(DEEP) is None
    assert Anchor.unsuitable(DEEP.model_copy(update=change)) == (
        "anchor compares element by element, so student and teacher must have one shape; got "
        f"{mine} and 4 layers, width 16, 4 heads."
    )
