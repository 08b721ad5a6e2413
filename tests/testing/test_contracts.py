from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import pytest
import torch
from annotated_types import Gt
from typing_extensions import override

from autodistill.component import Uniform
from autodistill.intermediate import Intermediate
from autodistill.intermediate._base import PointwiseIntermediate
from autodistill.losses._base import Loss, WeightedLoss
from autodistill.testing.contracts.components import ComponentContract
from autodistill.testing.contracts.intermediate import IntermediateContract
from autodistill.testing.contracts.losses import LossContract


class Broken(WeightedLoss, title="Broken"):
    """A squared error, until a test breaks it."""

    kind: Literal["test_contracts"] = "test_contracts"

    @override
    def __call__(
        self, student_BC: torch.Tensor, teacher_BC: torch.Tensor, target_BC: torch.Tensor
    ) -> torch.Tensor:
        return (student_BC - teacher_BC).square().mean(dim=1)


class Blind(Broken, title="Blind"):
    """Promises to compare the examples of a batch, and does not."""

    batchwise: ClassVar[bool] = True


class Averaged(Broken, title="Averaged"):
    """Does the trial's averaging."""

    @override
    def __call__(
        self, student_BC: torch.Tensor, teacher_BC: torch.Tensor, target_BC: torch.Tensor
    ) -> torch.Tensor:
        each_B = super().__call__(student_BC, teacher_BC, target_BC)
        return each_B.mean().expand_as(each_B)


class Positional(Broken, title="Positional"):
    """Cares where in its batch an example stands."""

    @override
    def __call__(
        self, student_BC: torch.Tensor, teacher_BC: torch.Tensor, target_BC: torch.Tensor
    ) -> torch.Tensor:
        return super().__call__(student_BC, teacher_BC, target_BC) * torch.arange(len(target_BC))


class Uphill(Broken, title="Uphill"):
    """Has the wrong sign in its gradient, and the right value."""

    @override
    def __call__(
        self, student_BC: torch.Tensor, teacher_BC: torch.Tensor, target_BC: torch.Tensor
    ) -> torch.Tensor:
        turned_BC = 2 * student_BC.detach() - student_BC
        return super().__call__(turned_BC, teacher_BC, target_BC)


class Absent(Broken, title="Absent"):
    """Does not see the teacher."""

    @override
    def __call__(
        self, student_BC: torch.Tensor, teacher_BC: torch.Tensor, target_BC: torch.Tensor
    ) -> torch.Tensor:
        return student_BC.square().mean(dim=1)


class Fragile(Broken, title="Fragile"):
    """Overflows where logits are confident."""

    @override
    def __call__(
        self, student_BC: torch.Tensor, teacher_BC: torch.Tensor, target_BC: torch.Tensor
    ) -> torch.Tensor:
        return (student_BC.exp() - teacher_BC.exp()).square().mean(dim=1)


class Careless(Broken, title="Careless"):
    """Writes into what it is given."""

    @override
    def __call__(
        self, student_BC: torch.Tensor, teacher_BC: torch.Tensor, target_BC: torch.Tensor
    ) -> torch.Tensor:
        return super().__call__(student_BC, teacher_BC.mul_(0.5), target_BC)


SUITE = LossContract()


@pytest.mark.parametrize(
    ("variant", "promise"),
    [
        (Positional, SUITE.test_permuting_the_batch_permutes_the_loss),
        (Averaged, SUITE.test_examples_see_each_other_only_where_it_claims_so),
        (Blind, SUITE.test_examples_see_each_other_only_where_it_claims_so),
        (Uphill, SUITE.test_its_gradient_leads_the_student_down),
        (Absent, SUITE.test_it_is_zero_on_agreement_where_it_claims_so),
        (Fragile, SUITE.test_its_gradient_stays_finite_for_confident_logits),
        (Careless, SUITE.test_it_never_trains_the_teacher),
    ],
)
def test_a_broken_promise_is_noticed(variant: type[Loss], promise: object) -> None:
    assert callable(promise)
    promise(Broken)
    with pytest.raises(AssertionError):
        promise(variant)


class Undescribed(Broken):
    amount: Annotated[float, Gt(1), Uniform(0.5, 2.0)] = 4.0


COMPONENT = ComponentContract()


@pytest.mark.parametrize(
    "promise",
    [
        COMPONENT.test_it_has_a_title_and_says_what_it_is,
        COMPONENT.test_every_field_is_explained_and_has_a_default,
        COMPONENT.test_what_is_searched_is_legal_and_contains_the_default,
    ],
)
def test_a_component_that_does_not_explain_itself_is_noticed(promise: object) -> None:
    assert callable(promise)
    promise(Broken)
    with pytest.raises((AssertionError, ValueError)):
        promise(Undescribed)


class Padded(PointwiseIntermediate, title="Padded"):
    """Lets the longest padding of a batch count."""

    kind: Literal["test_contracts"] = "test_contracts"

    @override
    def distance(self, student_BTE: torch.Tensor, teacher_BTE: torch.Tensor) -> torch.Tensor:
        distance_BT = (student_BTE - teacher_BTE).square().mean(dim=-1)
        return distance_BT.mean(dim=1, keepdim=True).expand_as(distance_BT)


def test_padding_that_counts_is_noticed() -> None:
    variant: type[Intermediate] = Padded
    with pytest.raises(AssertionError):
        IntermediateContract().test_padding_never_counts(variant)
    with pytest.raises(AssertionError, match="padding is trained"):
        IntermediateContract().test_it_trains_the_student_and_its_own_modules_only(variant)
