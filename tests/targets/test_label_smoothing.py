from __future__ import annotations

import pytest
import torch

from autodistill.targets.hard import Hard
from autodistill.targets.label_smoothing import LabelSmoothing
from autodistill.testing.contracts.components import FACTS
from autodistill.testing.pools import random_pool

POOL = random_pool(FACTS)
LABELS = torch.eye(4)


@pytest.mark.parametrize("smoothing", [0.02, 0.1, 0.3])
def test_smoothing_is_what_torch_does(smoothing: float) -> None:
    logits_BC = torch.randn(4, 4, generator=torch.Generator().manual_seed(0))
    target_BC = LabelSmoothing(smoothing=smoothing).build(POOL)(torch.arange(4), LABELS, 1.0)
    found = -(target_BC * logits_BC.log_softmax(dim=1)).sum(dim=1).mean()
    expected = torch.nn.functional.cross_entropy(
        logits_BC, torch.arange(4), label_smoothing=smoothing
    )
    torch.testing.assert_close(found, expected)


def test_without_smoothing_the_labels_are_hard() -> None:
    nearly = LabelSmoothing(smoothing=1e-9).build(POOL)(torch.arange(4), LABELS, 1.0)
    hard = Hard().build(POOL)(torch.arange(4), LABELS, 1.0)
    assert torch.equal(hard, LABELS)
    torch.testing.assert_close(nearly, hard)
