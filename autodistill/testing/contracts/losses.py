"""What an output loss promises. Letters: B rows, C outputs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from typing_extensions import override

from autodistill.activations import Said
from autodistill.lazy import torch
from autodistill.losses import Loss
from autodistill.losses._base import BuiltLoss
from autodistill.task import Task, TaskFacts
from autodistill.testing.contracts.components import ComponentContract, facts_of, settings
from autodistill.testing.pools import random_pool

SIZE = 9


@dataclass(frozen=True)
class Batch:
    """What a loss is called with, and the job that it is from."""

    facts: TaskFacts
    student: Said
    teacher: Said
    target_BC: torch.Tensor

    def at(self, rows_B: torch.Tensor) -> Batch:
        """Return some rows, in that order."""

        def some(of: Said) -> Said:
            return Said(of.logits_VC[rows_B], of.features_VE[rows_B], {})

        return Batch(self.facts, some(self.student), some(self.teacher), self.target_BC[rows_B])

    def saying(self, student_BC: torch.Tensor) -> Batch:
        """Return the batch with other logits of the student."""
        return replace(self, student=replace(self.student, logits_VC=student_BC))


def built(loss: Loss, facts: TaskFacts) -> BuiltLoss:
    """Return the loss as a trial would use it, always with the same initial parameters."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return loss.build(random_pool(facts, num_examples=12 * facts.num_outputs))


def value(loss: Loss, batch: Batch) -> torch.Tensor:
    """Return the loss of each row."""
    return built(loss, batch.facts)(batch.student, batch.teacher, batch.target_BC)


def batches(variant: type[Loss], scale: float = 1.0) -> Iterator[Batch]:
    """Yield random batches of every width the variant serves; `scale` makes logits confident."""
    random = torch.Generator().manual_seed(0)
    for task in (Task.TEXT_CLASSIFICATION, Task.TEXT_REGRESSION):
        for width in (2, 3, 20) if task.is_classification else (1,):
            facts = facts_of(task).model_copy(update={"num_outputs": width})
            if variant.unsuitable(facts) is not None:
                continue
            student_BC, teacher_BC, made_BC = torch.randn(3, SIZE, width, generator=random) * scale
            features_BE = torch.randn(2, SIZE, facts.teacher_width, generator=random)
            student, teacher = (
                Said(student_BC, features_BE[0], {}),
                Said(teacher_BC, features_BE[1], {}),
            )
            yield Batch(facts, student, teacher, made_BC if width == 1 else made_BC.softmax(dim=1))


class LossContract(ComponentContract):
    """Holds of every output loss; inherit and override `variant`."""

    @pytest.fixture
    @override
    def variant(self) -> type[Loss]:
        """The class under test."""
        raise NotImplementedError("Override the fixture `variant` to return a loss.")

    @pytest.mark.parametrize("scale", [1.0, 100.0])
    def test_it_is_one_finite_number_per_example(self, variant: type[Loss], scale: float) -> None:
        for loss in settings(variant):
            for batch in batches(variant, scale):
                value_B = value(loss, batch)
                assert value_B.shape == (SIZE,)
                assert torch.isfinite(value_B).all(), loss
                assert (value_B >= -1e-4 * scale).all(), loss

    def test_it_is_zero_on_agreement_where_it_claims_so(self, variant: type[Loss]) -> None:
        unclaimed = []
        for loss in settings(variant):
            for batch in batches(variant):
                zero = bool((value(loss, replace(batch, student=batch.teacher)).abs() < 1e-4).all())
                assert zero or not loss.zero_on_agreement, loss
                unclaimed += [] if loss.zero_on_agreement else [zero]
        assert not unclaimed or not all(unclaimed), "It could claim so."

    def test_its_gradient_leads_the_student_down(self, variant: type[Loss]) -> None:
        for loss in (component for component in settings(variant) if component.kd_weight):
            for batch in batches(variant):
                student_BC = batch.student.logits_VC.clone().requires_grad_()
                start = value(loss, batch.saying(student_BC)).mean()
                (slope_BC,) = torch.autograd.grad(start, student_BC)
                assert torch.isfinite(slope_BC).all(), loss
                step_BC = 1e-2 * slope_BC / slope_BC.norm()
                moved = batch.saying(batch.student.logits_VC - step_BC)
                assert value(loss, moved).mean() < start, loss

    def test_its_gradient_stays_finite_for_confident_logits(self, variant: type[Loss]) -> None:
        for loss in (component for component in settings(variant) if component.kd_weight):
            for batch in batches(variant, 100.0):
                student_BC = batch.student.logits_VC.clone().requires_grad_()
                end = value(loss, batch.saying(student_BC)).mean()
                (slope_BC,) = torch.autograd.grad(end, student_BC)
                assert torch.isfinite(slope_BC).all(), loss

    def test_it_never_trains_the_teacher(self, variant: type[Loss]) -> None:
        for loss in settings(variant):
            for batch in batches(variant):
                teacher = batch.teacher
                given = (teacher.logits_VC, teacher.features_VE, batch.target_BC)
                before = [t.clone() for t in given]
                frozen = built(loss, batch.facts)
                frozen.modules.requires_grad_(requires_grad=False)
                value_B = frozen(batch.student, teacher, batch.target_BC)
                assert not value_B.requires_grad, loss
                after = given
                assert all(map(torch.equal, before, after)), f"{loss} changes what it is given"

    def test_permuting_the_batch_permutes_the_loss(self, variant: type[Loss]) -> None:
        order_B = torch.randperm(SIZE, generator=torch.Generator().manual_seed(1))
        for loss in settings(variant):
            for batch in batches(variant):
                expected_B = value(loss, batch)[order_B]
                torch.testing.assert_close(value(loss, batch.at(order_B)), expected_B)

    def test_examples_see_each_other_only_where_it_claims_so(self, variant: type[Loss]) -> None:
        half = torch.arange(SIZE // 2)
        for loss in settings(variant):
            for batch in batches(variant):
                alone_B, among_B = value(loss, batch.at(half)), value(loss, batch)[half]
                assert torch.allclose(alone_B, among_B, atol=1e-6) != variant.batchwise, loss
