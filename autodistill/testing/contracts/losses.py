"""What an output loss promises. Letters: B examples, C outputs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from typing_extensions import override

from autodistill.lazy import torch
from autodistill.losses import Loss
from autodistill.testing.contracts.components import ComponentContract, settings

SIZE = 9


@dataclass(frozen=True)
class Batch:
    """What a loss is called with."""

    student_BC: torch.Tensor
    teacher_BC: torch.Tensor
    target_BC: torch.Tensor

    def at(self, rows_B: torch.Tensor) -> Batch:
        """Return some examples, in that order."""
        return Batch(self.student_BC[rows_B], self.teacher_BC[rows_B], self.target_BC[rows_B])


def value(loss: Loss, batch: Batch) -> torch.Tensor:
    """Return the loss of each example."""
    return loss(batch.student_BC, batch.teacher_BC, batch.target_BC)


def batches(variant: type[Loss], scale: float = 1.0) -> Iterator[Batch]:
    """Yield random batches of every width the variant serves; `scale` makes logits confident."""
    random = torch.Generator().manual_seed(0)
    classes = any(task.is_classification for task in variant.tasks)
    values = any(not task.is_classification for task in variant.tasks)
    for width in (2, 3, 20) * classes + (1,) * values:
        student_BC, teacher_BC, made_BC = torch.randn(3, SIZE, width, generator=random) * scale
        yield Batch(student_BC, teacher_BC, made_BC if width == 1 else made_BC.softmax(dim=1))


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
        for loss in settings(variant):
            for batch in batches(variant):
                agreed = Batch(batch.teacher_BC, batch.teacher_BC, batch.target_BC)
                assert (value(loss, agreed).abs() < 1e-4).all() == variant.zero_on_agreement, loss

    def test_its_gradient_leads_the_student_down(self, variant: type[Loss]) -> None:
        for loss in (component for component in settings(variant) if component.kd_weight):
            for batch in batches(variant):
                student_BC = batch.student_BC.clone().requires_grad_()
                start = loss(student_BC, batch.teacher_BC, batch.target_BC).mean()
                (slope_BC,) = torch.autograd.grad(start, student_BC)
                assert torch.isfinite(slope_BC).all(), loss
                step_BC = 1e-2 * slope_BC / slope_BC.norm()
                moved = Batch(batch.student_BC - step_BC, batch.teacher_BC, batch.target_BC)
                assert value(loss, moved).mean() < start, loss

    def test_its_gradient_stays_finite_for_confident_logits(self, variant: type[Loss]) -> None:
        for loss in (component for component in settings(variant) if component.kd_weight):
            for batch in batches(variant, 100.0):
                student_BC = batch.student_BC.clone().requires_grad_()
                end = loss(student_BC, batch.teacher_BC, batch.target_BC).mean()
                (slope_BC,) = torch.autograd.grad(end, student_BC)
                assert torch.isfinite(slope_BC).all(), loss

    def test_it_never_trains_the_teacher(self, variant: type[Loss]) -> None:
        for loss in settings(variant):
            for batch in batches(variant):
                before = [t.clone() for t in (batch.teacher_BC, batch.target_BC, batch.student_BC)]
                assert not value(loss, batch).requires_grad, loss
                after = (batch.teacher_BC, batch.target_BC, batch.student_BC)
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
