from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import entropy

from autodistill.prepare._information import centroids, divergences, information

LABELS = torch.tensor([0, 0, 0, 1, 1, 2, 2, 2])
LOGITS = torch.randn(8, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
SAID = LOGITS.softmax(dim=1).numpy()


def test_information_is_entropy_of_the_means_less_mean_entropy() -> None:
    expected = 0.0
    for label in range(3):
        rows = SAID[LABELS.numpy() == label]
        expected += len(rows) / 8 * (entropy(rows.mean(axis=0)) - entropy(rows, axis=1).mean())
    assert information(LOGITS, LABELS) == pytest.approx(expected)


def test_against_any_reference_it_is_information_plus_how_far_the_mean_is_off() -> None:
    others_CC = torch.randn(3, 3, generator=torch.Generator().manual_seed(1)).double().softmax(1)
    mean_CC = centroids(LOGITS.softmax(dim=1), LABELS)
    off = (mean_CC * (mean_CC.log() - others_CC.log())).sum(dim=1)[LABELS].mean()
    found = divergences(LOGITS, others_CC, LABELS).mean()
    assert found.item() == pytest.approx(information(LOGITS, LABELS) + off.item())


def test_it_is_zero_where_a_class_says_one_thing() -> None:
    assert information(LOGITS[LABELS], LABELS) == pytest.approx(0.0, abs=1e-12)


def test_the_gradient_is_that_of_the_paper_for_fixed_means() -> None:
    logits_VC = LOGITS.clone().requires_grad_()
    mean_CC = centroids(LOGITS.softmax(dim=1), LABELS)
    (slope_VC,) = torch.autograd.grad(divergences(logits_VC, mean_CC, LABELS).sum(), logits_VC)
    log_ratio = np.log(SAID / mean_CC.numpy()[LABELS.numpy()])
    apart = (SAID * log_ratio).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(slope_VC.numpy(), SAID * (log_ratio - apart), atol=1e-12)


def test_a_class_without_rows_and_a_certain_output_stay_finite() -> None:
    sure_VC = torch.full((3, 3), -200.0).scatter_(1, torch.tensor([[0], [0], [1]]), 200.0)
    labels_V = torch.tensor([0, 0, 1])
    mean_CC = centroids(sure_VC.softmax(dim=1), labels_V)
    assert (mean_CC >= 1e-8).all()
    assert torch.isfinite(divergences(sure_VC, mean_CC, labels_V)).all()
