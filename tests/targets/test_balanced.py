from __future__ import annotations

import numpy as np
import torch
from scipy.special import softmax
from scipy.stats import entropy

from autodistill.targets.balanced import Balanced
from autodistill.testing.contracts.components import FACTS
from autodistill.testing.pools import random_pool

POOL = random_pool(FACTS, num_examples=300)
P = softmax(POOL.logits_VC.astype(np.float64) + np.array([1.0, 0.0, -1.0]), axis=1)
LOGITS = np.log(P).astype(np.float32)


def test_without_an_exponent_they_are_the_teachers_probabilities() -> None:
    np.testing.assert_allclose(Balanced(exponent=0.0).balanced(LOGITS), P, rtol=1e-5)


def test_they_are_the_formula_and_even_out_the_classes() -> None:
    before = P.mean(axis=0)
    assert entropy(before) < np.log(3) - 0.05
    for exponent in (0.5, 1.0):
        found = Balanced(exponent=exponent).balanced(LOGITS)
        raw = P / P.sum(axis=0) ** exponent
        np.testing.assert_allclose(found, raw / raw.sum(axis=1, keepdims=True), rtol=1e-5)
        np.testing.assert_allclose(found.sum(axis=1), 1)
        assert entropy(found.mean(axis=0)) > entropy(before)
        before = found.mean(axis=0)


def test_classes_of_equal_mass_stay_as_they_are() -> None:
    even = np.concatenate([np.roll(LOGITS, i, axis=1) for i in range(3)])
    np.testing.assert_allclose(Balanced().balanced(even), softmax(even, axis=1), rtol=1e-5)


def test_the_label_has_the_rest() -> None:
    labels = torch.eye(3)[[0, 1, 2]]
    ids = torch.tensor([7, 0, 299])
    found = Balanced(share=0.25).build(POOL)(ids, labels, 0.5)
    table = torch.from_numpy(Balanced().balanced(POOL.logits_VC)[ids]).float()
    torch.testing.assert_close(found, 0.75 * labels + 0.25 * table)
