"""What a finishing promises. Letters: C classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typing_extensions import override

from autodistill.finishings import Finishing
from autodistill.lazy import torch
from autodistill.models.encoders import load_with_fresh_head
from autodistill.testing.contracts.components import ComponentContract, settings
from autodistill.testing.tiny import tiny_encoder


class FinishingContract(ComponentContract):
    """Holds of every finishing; inherit and override `variant`."""

    @pytest.fixture
    @override
    def variant(self) -> type[Finishing]:
        """The class under test."""
        raise NotImplementedError("Override the fixture `variant` to return a finishing.")

    def test_the_student_stays_an_ordinary_model(
        self, variant: type[Finishing], tmp_path: Path
    ) -> None:
        folder = tiny_encoder(tmp_path, num_layers=1)
        for finishing in settings(variant):
            student = load_with_fresh_head(folder, "abc")
            names = list(student.state_dict())
            for rows_C in (np.array([50, 3, 10]), np.array([7, 7, 7])):
                finishing.finish(student, rows_C)
                assert list(student.state_dict()) == names
                assert all(torch.isfinite(v).all() for v in student.state_dict().values())
