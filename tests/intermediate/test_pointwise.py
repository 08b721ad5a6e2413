from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from autodistill.activations import Activation
from autodistill.intermediate.cosine import Cosine
from autodistill.intermediate.mse import MSE
from autodistill.intermediate.none import NoIntermediate
from autodistill.mappings.last import Last
from autodistill.testing.contracts.components import FACTS
from autodistill.testing.contracts.intermediate import NARROW, built, seen, value


def at(layer: int) -> Activation:
    return Activation("hidden", layer)


def test_mse_is_the_mean_over_channels_and_real_tokens_summed_over_layers() -> None:
    states = seen(MSE(), FACTS)
    expected = np.zeros(len(states.mask_BT))
    for t, s in ((0, 0), (2, 1), (4, 2)):
        for b, mask_T in enumerate(states.mask_BT.numpy()):
            student_TD = states.student.states[at(s)][b].numpy()[mask_T]
            expected[b] += np.mean(
                (student_TD - states.teacher.states[at(t)][b].numpy()[mask_T]) ** 2
            )
    np.testing.assert_allclose(value(built(MSE(), FACTS), states), expected, rtol=1e-5)


def test_cosine_is_half_the_squared_distance_of_unit_vectors() -> None:
    component = Cosine(mapping=Last())
    states = seen(component, FACTS)
    expected_B = torch.zeros(len(states.mask_BT))
    for t, s in ((3, 1), (4, 2)):
        student_BTD, teacher_BTE = states.student.states[at(s)], states.teacher.states[at(t)]
        unit_s = student_BTD / student_BTD.norm(dim=-1, keepdim=True)
        unit_t = teacher_BTE / teacher_BTE.norm(dim=-1, keepdim=True)
        distance_BT = (unit_s - unit_t).square().sum(dim=-1) / 2
        for b, mask_T in enumerate(states.mask_BT):
            expected_B[b] += distance_BT[b][mask_T].mean()
    torch.testing.assert_close(value(built(component, FACTS), states), expected_B)


def test_cosine_ignores_the_scale() -> None:
    objective, states = built(Cosine(), FACTS), seen(Cosine(), FACTS)
    larger = {k: 9 * v for k, v in states.student.states.items()}
    scaled = replace(states, student=replace(states.student, states=larger))
    torch.testing.assert_close(value(objective, scaled), value(objective, states))


def test_a_narrower_student_is_projected_by_one_map_for_each_pair() -> None:
    maps = list(built(MSE(), NARROW).modules.children())
    assert len(maps) == len(MSE().pairs(NARROW)) == 3
    for linear in maps:
        assert isinstance(linear, torch.nn.Linear)
        assert linear.weight.shape == (16, 12)
        assert 0.015 < linear.weight.std() < 0.025
        assert not linear.bias.any()


def test_a_student_of_the_same_width_is_compared_as_it_is() -> None:
    assert not list(built(MSE(), FACTS).modules.parameters())


@pytest.mark.parametrize("variant", [MSE, Cosine])
def test_token_by_token_needs_a_shared_tokenizer(variant: type[MSE | Cosine]) -> None:
    apart = FACTS.model_copy(update={"shared_tokenizer": False})
    kind = variant.model_fields["kind"].default
    assert variant.unsuitable(apart) == (
        f"{kind} compares token by token, so teacher and student must share a tokenizer."
    )


def test_without_an_objective_no_hidden_state_is_asked_for() -> None:
    assert NoIntermediate().pairs(FACTS) == ()
    assert NoIntermediate().intermediate_weight == 0
