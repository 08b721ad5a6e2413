"""What an intermediate objective promises. Letters: B examples, T tokens, D and E widths."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from typing_extensions import override

from autodistill.intermediate import Intermediate, Objective
from autodistill.lazy import torch
from autodistill.task import TaskFacts
from autodistill.testing.contracts.components import FACTS, ComponentContract, settings

SIZE, LENGTH = 10, 7
NARROW = FACTS.model_copy(update={"student_width": 12})
States = dict[int, torch.Tensor]


@dataclass(frozen=True)
class Hidden:
    """What an objective is called with."""

    student: States
    teacher: States
    mask_BT: torch.Tensor

    def at(self, rows_B: torch.Tensor) -> Hidden:
        """Return some examples, in that order."""
        student = {k: v[rows_B] for k, v in self.student.items()}
        teacher = {k: v[rows_B] for k, v in self.teacher.items()}
        return Hidden(student, teacher, self.mask_BT[rows_B])


def hidden(component: Intermediate, facts: TaskFacts) -> Hidden:
    """Return random states of exactly the layers that the component asks for."""
    random = torch.Generator().manual_seed(0)
    pairs = component.layer_pairs(facts)

    def drawn(layers: set[int], width: int) -> States:
        shape = (SIZE, LENGTH, width)
        return {layer: torch.randn(shape, generator=random) for layer in sorted(layers)}

    lengths_B = torch.randint(2, LENGTH, (SIZE,), generator=random)
    lengths_B[0] = LENGTH
    return Hidden(
        drawn({s for _, s in pairs}, facts.student_width),
        drawn({t for t, _ in pairs}, facts.teacher_width),
        torch.arange(LENGTH) < lengths_B[:, None],
    )


def built(component: Intermediate, facts: TaskFacts, seed: int = 0) -> Objective:
    """Return the objective that a trial of that seed would use."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return component.build(facts)


def value(objective: Objective, states: Hidden) -> torch.Tensor:
    """Return the objective of each example, with the gradient left out."""
    return objective(states.student, states.teacher, states.mask_BT).detach()


def cases(variant: type[Intermediate]) -> Iterator[tuple[Intermediate, Objective, Hidden]]:
    """Yield every setting, for a student as wide as its teacher and for a narrower one."""
    for component in settings(variant):
        for facts in (FACTS, NARROW):
            yield component, built(component, facts), hidden(component, facts)


class IntermediateContract(ComponentContract):
    """Holds of every objective on hidden states; inherit and override `variant`."""

    @pytest.fixture
    @override
    def variant(self) -> type[Intermediate]:
        """The class under test."""
        raise NotImplementedError("Override the fixture `variant` to return an objective.")

    def test_it_is_one_finite_number_per_example(self, variant: type[Intermediate]) -> None:
        for component, objective, states in cases(variant):
            value_B = value(objective, states)
            assert value_B.shape == (SIZE,)
            assert torch.isfinite(value_B).all(), component
            assert not variant.zero_on_agreement or (value_B >= -1e-5).all(), component

    def test_one_example_alone_is_finite(self, variant: type[Intermediate]) -> None:
        for component, objective, states in cases(variant):
            assert torch.isfinite(value(objective, states.at(torch.tensor([0])))).all(), component

    def test_it_asks_for_layers_that_exist(self, variant: type[Intermediate]) -> None:
        for component in settings(variant):
            for t, s in component.layer_pairs(FACTS):
                assert 0 <= t <= FACTS.teacher_layers, component
                assert 0 <= s <= FACTS.student_layers, component

    def test_padding_never_counts(self, variant: type[Intermediate]) -> None:
        for component, objective, states in cases(variant):

            def spoilt(layers: States, states: Hidden = states) -> States:
                padding_BT1 = ~states.mask_BT[:, :, None]
                return {k: v.masked_fill(padding_BT1, 1e3) for k, v in layers.items()}

            def longer(layers: States) -> States:
                pad = torch.nn.functional.pad
                return {k: pad(v, (0, 0, 0, 3), value=7.0) for k, v in layers.items()}

            expected_B = value(objective, states)
            noisy = replace(states, student=spoilt(states.student), teacher=spoilt(states.teacher))
            torch.testing.assert_close(value(objective, noisy), expected_B, msg=str(component))
            mask_BT = torch.nn.functional.pad(states.mask_BT, (0, 3), value=False)
            wide = Hidden(longer(states.student), longer(states.teacher), mask_BT)
            torch.testing.assert_close(value(objective, wide), expected_B, msg=str(component))

    def test_it_trains_the_student_and_its_own_modules_only(
        self, variant: type[Intermediate]
    ) -> None:
        for component, objective, states in cases(variant):
            if not component.intermediate_weight:
                continue
            student = {k: v.clone().requires_grad_() for k, v in states.student.items()}
            weights = list(objective.modules.parameters())
            mean = objective(student, states.teacher, states.mask_BT).mean()
            trained = [*student.values(), *weights]
            slopes = torch.autograd.grad(mean, trained, allow_unused=True)
            for slope_BTD in slopes[: len(student)]:
                assert slope_BTD is not None, component
                assert torch.isfinite(slope_BTD).all(), component
                assert (slope_BTD[~states.mask_BT] == 0).all(), f"{component}: padding is trained"
                assert (slope_BTD[states.mask_BT] != 0).any(dim=-1).all(), component
            assert not any(v.requires_grad for v in states.teacher.values())
            own: list[Any] = list(slopes[len(student) :])  # None where a weight takes no part
            assert not own or any(slope is not None and slope.any() for slope in own), component

    def test_it_is_zero_on_agreement_where_it_claims_so(self, variant: type[Intermediate]) -> None:
        for component in settings(variant):
            states, objective = hidden(component, FACTS), built(component, FACTS)
            same = {s: states.teacher[t] for t, s in component.layer_pairs(FACTS)}
            value_B = value(objective, replace(states, student=same))
            assert (value_B.abs() < 1e-4).all() == variant.zero_on_agreement, component

    def test_permuting_the_batch_permutes_the_objective(self, variant: type[Intermediate]) -> None:
        order_B = torch.randperm(SIZE, generator=torch.Generator().manual_seed(1))
        for component, objective, states in cases(variant):
            moved_B, expected_B = value(objective, states.at(order_B)), value(objective, states)
            assert torch.allclose(moved_B, expected_B[order_B], rtol=1e-4, atol=1e-5), component

    def test_examples_see_each_other_only_where_it_claims_so(
        self, variant: type[Intermediate]
    ) -> None:
        half = torch.arange(SIZE // 2)
        for component, objective, states in cases(variant):
            alone_B, among_B = value(objective, states.at(half)), value(objective, states)[half]
            assert torch.allclose(alone_B, among_B, atol=1e-5) != variant.batchwise, component

    def test_it_is_made_from_the_seed_and_goes_on_from_its_state(
        self, variant: type[Intermediate]
    ) -> None:
        for component in settings(variant):
            states = hidden(component, NARROW)
            first, again = built(component, NARROW, seed=3), built(component, NARROW, seed=3)
            resumed = built(component, NARROW, seed=4)
            resumed.modules.load_state_dict(first.modules.state_dict())
            expected_B = value(first, states)
            assert torch.equal(value(again, states), expected_B), component
            assert torch.equal(value(resumed, states), expected_B), component
