"""What a regularizer promises."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from autodistill.lazy import torch
from autodistill.models.encoders import load_with_fresh_head
from autodistill.regularizers import Regularizer
from autodistill.testing.contracts.components import FACTS, ComponentContract, settings
from autodistill.testing.pools import random_pool
from autodistill.testing.tiny import tiny_encoder


def ids() -> torch.Tensor:
    """Return two texts, (B, T)."""
    return torch.arange(5, 17).reshape(2, 6)


class RegularizerContract(ComponentContract):
    """Holds of every regularizer; inherit and override `variant`."""

    @pytest.fixture
    @override
    def variant(self) -> type[Regularizer]:
        """The class under test."""
        raise NotImplementedError("Override the fixture `variant` to return a regularizer.")

    @pytest.fixture
    def encoder(self, tmp_path: Path) -> Path:
        """A small encoder on disk."""
        return tiny_encoder(tmp_path, num_layers=2)

    @staticmethod
    def _students(variant: type[Regularizer], encoder: Path) -> Iterator[tuple[Any, Any]]:
        for regularizer in settings(variant):
            torch.manual_seed(0)
            yield regularizer.build(random_pool(FACTS)), load_with_fresh_head(encoder, "abc")

    def test_attaching_leaves_the_outputs_as_they_are(
        self, variant: type[Regularizer], encoder: Path
    ) -> None:
        for regularising, student in self._students(variant, encoder):
            before_BC = student.eval()(input_ids=ids()).logits
            regularising.attach(student)
            after_BC = student.eval()(input_ids=ids()).logits
            torch.testing.assert_close(after_BC, before_BC, atol=1e-4, rtol=1e-4)

    def test_a_step_later_it_detaches_into_an_ordinary_student(
        self, variant: type[Regularizer], encoder: Path
    ) -> None:
        for regularising, student in self._students(variant, encoder):
            names = set(student.state_dict())
            regularising.attach(student)
            optimiser = torch.optim.SGD(student.parameters(), lr=0.1)
            student.train()
            penalty = regularising.penalty(student, {"input_ids": ids()}, 0.9)
            (student(input_ids=ids()).logits.square().mean() + penalty).backward()
            optimiser.step()
            trained_BC = student.eval()(input_ids=ids()).logits
            regularising.detach(student)
            assert set(student.state_dict()) == names
            torch.testing.assert_close(student.eval()(input_ids=ids()).logits, trained_BC)

    def test_its_penalty_is_finite_and_never_negative(
        self, variant: type[Regularizer], encoder: Path
    ) -> None:
        for regularising, student in self._students(variant, encoder):
            regularising.attach(student)
            for progress in (0.0, 0.5, 0.99):
                penalty = regularising.penalty(student.train(), {"input_ids": ids()}, progress)
                assert penalty.shape == ()
                assert torch.isfinite(penalty)
                assert penalty >= 0

    def test_it_goes_on_from_its_state(self, variant: type[Regularizer], encoder: Path) -> None:
        for regularising, student in self._students(variant, encoder):
            regularising.attach(student)
            regularising.penalty(student.train(), {"input_ids": ids()}, 0.5)
            kept = {k: v.clone() for k, v in regularising.state_dict().items()}
            regularising.load_state_dict(kept)
            again = regularising.state_dict()
            assert kept.keys() == again.keys()
            assert all(torch.equal(kept[k], again[k]) for k in kept)
