from __future__ import annotations

from dataclasses import replace

import torch

from autodistill.activations import Activation
from autodistill.intermediate.pkd import PKD
from autodistill.mappings.last import Last
from autodistill.testing.contracts.components import FACTS
from autodistill.testing.contracts.intermediate import NARROW, built, seen, value

COMPONENT = PKD(mapping=Last())


def test_it_is_twice_the_cosine_distance_of_the_first_tokens() -> None:
    states = seen(COMPONENT, FACTS)
    expected_B = torch.zeros(len(states.mask_BT))
    for t, s in ((3, 1), (4, 2)):
        student_BD = states.student.states[Activation("hidden", s)][:, 0]
        teacher_BE = states.teacher.states[Activation("hidden", t)][:, 0]
        expected_B += 2 - 2 * torch.cosine_similarity(student_BD, teacher_BE)
    torch.testing.assert_close(value(built(COMPONENT, FACTS), states), expected_B)


def test_other_tokens_do_not_count() -> None:
    states = seen(COMPONENT, NARROW)
    objective = built(COMPONENT, NARROW)
    other = {
        k: torch.cat([v[:, :1], v[:, 1:] + 5], dim=1) for k, v in states.student.states.items()
    }
    changed = replace(states, student=replace(states.student, states=other))
    torch.testing.assert_close(value(objective, changed), value(objective, states))


def test_the_tokenizers_may_differ() -> None:
    assert PKD.unsuitable(FACTS.model_copy(update={"shared_tokenizer": False})) is None
