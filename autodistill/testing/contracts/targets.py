"""What targets promise. Letters: N training examples, B examples of a batch, C outputs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from typing_extensions import override

from autodistill.activations import Activation, Said
from autodistill.lazy import torch
from autodistill.targets import Targets
from autodistill.targets._base import TargetMaker
from autodistill.task import TaskFacts
from autodistill.testing.contracts.components import ComponentContract, facts_of, settings
from autodistill.testing.pools import random_pool

HALF = 0.5


def labels(facts: TaskFacts) -> torch.Tensor:
    """Return one label for each training example: one-hot rows, or values."""
    random = torch.Generator().manual_seed(0)
    if not facts.task.is_classification:
        return torch.randn(facts.num_train, 1, generator=random)
    classes_N = torch.randint(facts.num_outputs, (facts.num_train,), generator=random)
    return torch.nn.functional.one_hot(classes_N, facts.num_outputs).float()


def outputs(facts: TaskFacts, seed: int) -> torch.Tensor:
    """Return what a student might say of each training example."""
    random = torch.Generator().manual_seed(seed)
    said_NC = torch.randn(facts.num_train, facts.num_outputs, generator=random)
    return said_NC.softmax(dim=1) if facts.task.is_classification else said_NC


def speech(facts: TaskFacts, activations: tuple[Activation, ...]) -> Said:
    """Return what a student might say of each training example, with gradient."""
    random = torch.Generator().manual_seed(3)

    def drawn(*shape: int) -> torch.Tensor:
        return torch.randn(facts.num_train, *shape, generator=random).requires_grad_()

    states = {a: drawn(4, facts.student_width) for a in activations}
    return Said(drawn(facts.num_outputs), drawn(facts.student_width), states)


def cases(variant: type[Targets]) -> Iterator[tuple[Targets, TaskFacts]]:
    """Yield every setting with every task it serves."""
    for component in settings(variant):
        for task in sorted(variant.tasks):
            yield component, facts_of(task)


def after_one_epoch(component: Targets, facts: TaskFacts) -> TargetMaker:
    """Return a maker that has been told once what the student says of each example."""
    maker = component.build(random_pool(facts))
    maker.observe(torch.arange(facts.num_train), outputs(facts, seed=1))
    return maker


class TargetsContract(ComponentContract):
    """Holds of all targets; inherit and override `variant`."""

    @pytest.fixture
    @override
    def variant(self) -> type[Targets]:
        """The class under test."""
        raise NotImplementedError("Override the fixture `variant` to return targets.")

    def test_rows_are_probabilities_where_labels_are(self, variant: type[Targets]) -> None:
        for component, facts in cases(variant):
            ids_B, label_BC = torch.arange(facts.num_train), labels(facts)
            kept_BC = label_BC.clone()
            for maker in (component.build(random_pool(facts)), after_one_epoch(component, facts)):
                target_BC = maker(ids_B, label_BC, 1.0)
                assert target_BC.shape == label_BC.shape
                assert not target_BC.requires_grad
                assert torch.isfinite(target_BC).all(), component
                if facts.task.is_classification:
                    assert (target_BC >= 0).all(), component
                    torch.testing.assert_close(target_BC.sum(dim=1), torch.ones(len(ids_B)))
            assert torch.equal(label_BC, kept_BC), f"{component} changes the labels in place"

    def test_examples_do_not_see_each_other(self, variant: type[Targets]) -> None:
        for component, facts in cases(variant):
            maker, label_NC = after_one_epoch(component, facts), labels(facts)
            order_B = torch.tensor([5, 0, 3])
            all_NC = maker(torch.arange(facts.num_train), label_NC, HALF)
            assert torch.equal(maker(order_B, label_NC[order_B], HALF), all_NC[order_B]), component

    def test_a_maker_goes_on_from_its_state(self, variant: type[Targets]) -> None:
        for component, facts in cases(variant):
            first, label_NC = after_one_epoch(component, facts), labels(facts)
            resumed, ids_N = component.build(random_pool(facts)), torch.arange(facts.num_train)
            resumed.load_state_dict(first.state_dict())
            expected_NC = first(ids_N, label_NC, HALF)
            assert torch.equal(resumed(ids_N, label_NC, HALF), expected_NC), component
            first.observe(ids_N, outputs(facts, seed=2))
            assert torch.equal(resumed(ids_N, label_NC, HALF), expected_NC), "The state is shared."

    def test_two_trials_share_nothing(self, variant: type[Targets]) -> None:
        for component, facts in cases(variant):
            fresh, ids_N = component.build(random_pool(facts)), torch.arange(facts.num_train)
            expected_NC = fresh(ids_N, labels(facts), HALF)
            after_one_epoch(component, facts)
            assert torch.equal(fresh(ids_N, labels(facts), HALF), expected_NC), component

    def test_what_is_learnt_further_is_finite_and_moves_the_student(
        self, variant: type[Targets]
    ) -> None:
        for component, facts in cases(variant):
            maker, label_BC = component.build(random_pool(facts)), labels(facts)
            student = speech(facts, component.activations(facts))
            further_B = maker.further(student, maker(torch.arange(len(label_BC)), label_BC, HALF))
            assert further_B.shape == (len(label_BC),)
            assert torch.isfinite(further_B).all(), component
            if further_B.requires_grad:
                (slope_BC,) = torch.autograd.grad(further_B.mean(), student.logits_VC)
                assert torch.isfinite(slope_BC).all(), component
