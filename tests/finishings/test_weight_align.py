from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from autodistill.finishings.weight_align import WeightAlign
from autodistill.models.encoders import load_with_fresh_head, output_layer
from autodistill.testing.tiny import tiny_encoder

ROWS = np.array([50, 3, 10, 60])
RARE, COMMON = [1, 2], [0, 3]


@pytest.fixture
def student(tmp_path: Path) -> Any:
    torch.manual_seed(0)
    model = load_with_fresh_head(tiny_encoder(tmp_path, num_layers=1), "abcd")
    with torch.no_grad():
        output_layer(model).weight[RARE] *= 0.3
    return model


def norms(student: Any) -> torch.Tensor:
    lengths_C: torch.Tensor = output_layer(student).weight.detach().norm(dim=1)
    return lengths_C


def test_rare_classes_get_rows_as_long_as_common_ones_once_and_for_all(student: Any) -> None:
    before_C = norms(student)
    WeightAlign().finish(student, ROWS)
    after_C = norms(student)
    assert torch.equal(after_C[COMMON], before_C[COMMON])
    assert after_C[RARE].mean().item() == pytest.approx(after_C[COMMON].mean().item())
    ratio = after_C[RARE] / before_C[RARE]
    assert ratio[0].item() == pytest.approx(ratio[1].item()), "Within a group nothing moves."
    WeightAlign().finish(student, ROWS)
    torch.testing.assert_close(norms(student), after_C)


def test_half_the_strength_goes_half_the_way_on_a_log_scale(student: Any) -> None:
    before_C = norms(student)
    gamma = before_C[COMMON].mean() / before_C[RARE].mean()
    WeightAlign(strength=0.5).finish(student, ROWS)
    torch.testing.assert_close(norms(student)[RARE], before_C[RARE] * gamma**0.5)


def test_where_no_class_is_rare_nothing_changes(student: Any) -> None:
    before_C = norms(student)
    WeightAlign().finish(student, np.array([5, 5, 5, 5]))
    assert torch.equal(norms(student), before_C)
