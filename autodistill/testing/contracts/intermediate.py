"""What an intermediate objective promises. Letters: B examples, T tokens, D and E widths."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest
from typing_extensions import override

from autodistill.activations import Activation, Pairs, Said
from autodistill.component import Component
from autodistill.intermediate import Intermediate, Objective
from autodistill.lazy import torch
from autodistill.task import Task, TaskFacts
from autodistill.testing.contracts.components import FACTS, ComponentContract, facts_of, settings
from autodistill.testing.pools import random_pool

SIZE, LENGTH = 10, 7
NARROW = FACTS.model_copy(update={"student_width": 12})
DEEP = FACTS.model_copy(update={"student_layers": FACTS.teacher_layers})
"""A student as deep and wide as its teacher."""


@dataclass(frozen=True)
class Seen:
    """What an objective is called with."""

    student: Said
    teacher: Said
    mask_BT: torch.Tensor
    target_BC: torch.Tensor

    def at(self, rows_B: torch.Tensor) -> Seen:
        """Return some examples, in that order."""

        def some(of: Said) -> Said:
            states = {k: v[rows_B] for k, v in of.states.items()}
            return Said(of.logits_VC[rows_B], of.features_VE[rows_B], states)

        student, teacher = some(self.student), some(self.teacher)
        return Seen(student, teacher, self.mask_BT[rows_B], self.target_BC[rows_B])

    def changed(self, change: Callable[[torch.Tensor], torch.Tensor]) -> Seen:
        """Return the same with every state changed."""

        def made(of: Said) -> Said:
            return replace(of, states={k: change(v) for k, v in of.states.items()})

        return replace(self, student=made(self.student), teacher=made(self.teacher))


def seen(component: Intermediate, facts: TaskFacts) -> Seen:
    """Return random speech with exactly the states that the component asks for."""
    random = torch.Generator().manual_seed(0)
    pairs = component.pairs(facts)

    def said(activations: set[Activation], width: int) -> Said:
        states = {
            a: torch.randn(SIZE, LENGTH, width, generator=random) for a in sorted(activations)
        }
        logits_BC = torch.randn(SIZE, facts.num_outputs, generator=random)
        return Said(logits_BC, torch.randn(SIZE, width, generator=random), states)

    lengths_B = torch.randint(2, LENGTH, (SIZE,), generator=random)
    lengths_B[0] = LENGTH
    labels_B = torch.arange(SIZE) % facts.num_outputs
    return Seen(
        said({s for _, s in pairs}, facts.student_width),
        said({t for t, _ in pairs}, facts.teacher_width),
        torch.arange(LENGTH) < lengths_B[:, None],
        torch.nn.functional.one_hot(labels_B, facts.num_outputs).float(),
    )


def built(component: Intermediate, facts: TaskFacts, seed: int = 0) -> Objective:
    """Return the objective that a trial of that seed would use."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return component.build(random_pool(facts))


def value(objective: Objective, seen: Seen) -> torch.Tensor:
    """Return the objective of each example, with the gradient left out."""
    return objective(seen.student, seen.teacher, seen.mask_BT, seen.target_BC).detach()


def served(variant: type[Intermediate]) -> Iterator[TaskFacts]:
    """Yield students as wide as their teacher, narrower, and as deep, where they are admitted."""
    for facts in (FACTS, NARROW, DEEP):
        if variant.unsuitable(facts) is None:
            yield facts


def cases(variant: type[Intermediate]) -> Iterator[tuple[Intermediate, Objective, Seen]]:
    """Yield every setting for every student that is admitted."""
    for component in settings(variant):
        for facts in served(variant):
            yield component, built(component, facts), seen(component, facts)


def agreeing(apart: Seen, pairs: Pairs) -> Seen:
    """Return the same teacher with a student that says what it says in every pair.

    A student layer that is compared with several of the teacher's agrees with all: they are alike.
    """
    theirs = dict(apart.teacher.states)
    mine: dict[Activation, torch.Tensor] = {}
    for t, s in pairs:
        theirs[t] = mine[s] = mine.get(s, theirs[t])
    teacher = replace(apart.teacher, states=theirs)
    return replace(apart, teacher=teacher, student=replace(teacher, states=mine))


class IntermediateContract(ComponentContract):
    """Holds of every objective on hidden states; inherit and override `variant`."""

    @pytest.fixture
    @override
    def variant(self) -> type[Intermediate]:
        """The class under test."""
        raise NotImplementedError("Override the fixture `variant` to return an objective.")

    @override
    def easy(self, variant: type[Component], task: Task) -> TaskFacts:
        facts = next(served(variant)) if issubclass(variant, Intermediate) else FACTS
        return facts_of(task).model_copy(update={"student_layers": facts.student_layers})

    def test_it_is_one_finite_number_per_example(self, variant: type[Intermediate]) -> None:
        for component, objective, seen in cases(variant):
            value_B = value(objective, seen)
            assert value_B.shape == (SIZE,)
            assert torch.isfinite(value_B).all(), component
            assert variant.may_be_negative or (value_B >= -1e-5).all(), component

    def test_one_example_alone_is_finite(self, variant: type[Intermediate]) -> None:
        for component, objective, seen in cases(variant):
            assert torch.isfinite(value(objective, seen.at(torch.tensor([0])))).all(), component

    def test_it_asks_for_layers_that_exist(self, variant: type[Intermediate]) -> None:
        for component in settings(variant):
            for facts in served(variant):
                for t, s in component.pairs(facts):
                    assert (t.kind != "hidden") <= t.layer <= facts.teacher_layers, component
                    assert (s.kind != "hidden") <= s.layer <= facts.student_layers, component

    def test_padding_never_counts(self, variant: type[Intermediate]) -> None:
        pad = torch.nn.functional.pad
        for component, objective, seen in cases(variant):
            padding_BT1 = ~seen.mask_BT[:, :, None]
            expected_B = value(objective, seen)
            noisy = seen.changed(partial(torch.Tensor.masked_fill, mask=padding_BT1, value=1e3))
            torch.testing.assert_close(value(objective, noisy), expected_B, msg=str(component))
            longer = seen.changed(partial(pad, pad=(0, 0, 0, 3), value=7.0))
            longer = replace(longer, mask_BT=pad(seen.mask_BT, (0, 3), value=False))
            torch.testing.assert_close(value(objective, longer), expected_B, msg=str(component))

    def test_it_trains_the_student_and_its_own_modules_only(
        self, variant: type[Intermediate]
    ) -> None:
        for component, objective, seen in cases(variant):
            if not component.intermediate_weight:
                continue
            states = {k: v.clone().requires_grad_() for k, v in seen.student.states.items()}
            features_BE = seen.student.features_VE.clone().requires_grad_()
            logits_BC = seen.student.logits_VC.clone().requires_grad_()
            student = Said(logits_BC, features_BE, states)
            weights = list(objective.modules.parameters())
            mean = objective(student, seen.teacher, seen.mask_BT, seen.target_BC).mean()
            trained = [*states.values(), features_BE, *weights]
            slopes = torch.autograd.grad(mean, trained, allow_unused=True)
            for slope_BTD in slopes[: len(states)]:
                assert slope_BTD is not None, component
                assert torch.isfinite(slope_BTD).all(), component
                assert (slope_BTD[~seen.mask_BT] == 0).all(), f"{component}: padding is trained"
            moved: list[Any] = list(slopes[: len(states) + 1])
            assert any(slope is not None and slope.any() for slope in moved), component
            own: list[Any] = list(slopes[len(states) + 1 :])  # None where a weight takes no part
            assert not own or any(slope is not None and slope.any() for slope in own), component

    def test_it_is_zero_on_agreement_where_it_claims_so(self, variant: type[Intermediate]) -> None:
        for component in settings(variant):
            for facts in served(variant):
                if facts.student_width == facts.teacher_width:
                    objective, apart = built(component, facts), seen(component, facts)
                    same = agreeing(apart, component.pairs(facts))
                    value_B = value(objective, same)
                    assert (value_B.abs() < 1e-4).all() == variant.zero_on_agreement, component

    def test_permuting_the_batch_permutes_the_objective(self, variant: type[Intermediate]) -> None:
        order_B = torch.randperm(SIZE, generator=torch.Generator().manual_seed(1))
        for component, objective, seen in cases(variant):
            moved_B, expected_B = value(objective, seen.at(order_B)), value(objective, seen)
            assert torch.allclose(moved_B, expected_B[order_B], rtol=1e-4, atol=1e-5), component

    def test_examples_see_each_other_only_where_it_claims_so(
        self, variant: type[Intermediate]
    ) -> None:
        half = torch.arange(SIZE // 2)
        found: dict[bool, list[bool]] = {True: [], False: []}
        for component, objective, seen in cases(variant):
            mapping = getattr(component, "mapping", None)
            claimed = variant.batchwise or (mapping is not None and mapping.batchwise)
            alone_B, together_B = value(objective, seen.at(half)), value(objective, seen)[half]
            found[claimed].append(torch.allclose(alone_B, together_B, atol=1e-5))
        assert all(found[False])
        assert not (found[True] and all(found[True]))

    def test_it_is_made_from_the_seed_and_goes_on_from_its_state(
        self, variant: type[Intermediate]
    ) -> None:
        for component in settings(variant):
            for facts in served(variant):
                given = seen(component, facts)
                first, again = built(component, facts, seed=3), built(component, facts, seed=3)
                resumed = built(component, facts, seed=4)
                resumed.modules.load_state_dict(first.modules.state_dict())
                expected_B = value(first, given)
                assert torch.equal(value(again, given), expected_B), component
                assert torch.equal(value(resumed, given), expected_B), component
