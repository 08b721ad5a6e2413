from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import log_softmax, softmax
from scipy.stats import rankdata

from autodistill.activations import Activation, Said
from autodistill.pool import Pool
from autodistill.targets._self_made import rank_score, target_weight, zipf
from autodistill.targets.uskd import USKD
from autodistill.testing.contracts.components import FACTS
from autodistill.testing.pools import random_pool

C = 12
MANY = FACTS.model_copy(update={"num_outputs": C, "student_layers": 4})
MIDDLE = Activation("hidden", 2)
LABELS = np.array([0, 3, 7, 11, 3])
TARGET_BC = torch.eye(C)[LABELS]
ROWS = np.arange(5)


def pool() -> Pool:
    return random_pool(MANY, num_examples=24)


def said() -> Said:
    random = torch.Generator().manual_seed(0)
    logits_BC = torch.randn(5, C, generator=random).requires_grad_()
    states_BTE = torch.randn(5, 4, 16, generator=random).requires_grad_()
    return Said(logits_BC, torch.randn(5, 16, generator=random), {MIDDLE: states_BTE})


@pytest.mark.parametrize("score", ["probabilities", "as_released"])
def test_it_is_the_formula_of_the_paper(score: str) -> None:
    torch.manual_seed(0)
    component = USKD.model_validate({"alpha": 0.7, "beta": 0.2, "mu": 0.05, "score": score})
    maker, student = component.build(pool()), said()
    found_B = maker.further(student, TARGET_BC).detach().numpy()
    weak = maker.modules.get_submodule("weak")
    with torch.no_grad():
        w_logits = weak(student.states[MIDDLE][:, 0]).double().numpy()
    z = student.logits_VC.detach().double().numpy()
    q, w = softmax(z, axis=1), softmax(w_logits, axis=1)
    q_t, w_t = q[ROWS, LABELS, None], w[ROWS, LABELS, None]
    first = w / (1 - w_t + 1e-6)
    second = q / (1 - q_t + 1e-6) if score == "probabilities" else np.log(q) / (1 - np.log(q_t))
    inverse = 1 / rankdata(-(first + second), axis=1)
    inverse[ROWS, LABELS] = 0
    z_off = np.where(np.eye(C, dtype=bool)[LABELS], -np.inf, z)
    log_off = np.where(np.isinf(z_off), 0, log_softmax(z_off, axis=1))
    weight = q_t[:, 0] ** 2 + 1 - np.mean(q_t**2)
    smooth = 0.9 * np.eye(C)[LABELS] + 0.1 * (1 - np.eye(C)[LABELS]) / (C - 1)
    expected = (
        -0.7 * weight * np.log(q_t[:, 0])
        - 0.2 * (inverse / inverse.sum(axis=1, keepdims=True) * log_off).sum(axis=1)
        - 0.05 * (smooth * log_softmax(w_logits, axis=1)).sum(axis=1)
    )
    np.testing.assert_allclose(found_B, expected, rtol=1e-4)


def test_the_targets_weight_is_1_on_average() -> None:
    q_B = torch.rand(64, generator=torch.Generator().manual_seed(0))
    weight_B = target_weight(q_B, torch.ones(64))
    torch.testing.assert_close(weight_B.mean(), torch.tensor(1.0))
    assert weight_B.max() > 1  # a weight, no probability
    assert (weight_B.argsort() == q_B.argsort()).all()


def test_ranks_follow_the_score_and_sum_to_one() -> None:
    random = torch.Generator().manual_seed(0)
    q_BC, w_BC = torch.randn(2, 5, C, generator=random).softmax(dim=2)
    at_BC = TARGET_BC.bool()
    score_BC = rank_score(q_BC, w_BC, at_BC, "probabilities")
    zipf_BR = zipf(score_BC, at_BC)
    torch.testing.assert_close(zipf_BR.sum(dim=1), torch.ones(5))
    by_score_BR = score_BC[~at_BC].view(5, C - 1).argsort(dim=1, descending=True)
    ordered_BR = zipf_BR.gather(1, by_score_BR)
    assert (ordered_BR.diff(dim=1) < 0).all()


def test_of_three_classes_there_are_three_soft_labels() -> None:
    at_BC = torch.tensor([[True, False, False]]).expand(3, 3)
    score_BC = torch.tensor([[3.0, 2, 1], [2, 3, 1], [1, 3, 2]])
    found = zipf(score_BC, at_BC)
    torch.testing.assert_close(found, torch.tensor([[0.6, 0.4], [0.75, 0.25], [2 / 3, 1 / 3]]))


def test_everything_that_is_aimed_at_is_detached() -> None:
    student = said()
    maker = USKD(alpha=1.0, beta=0.0, mu=0.0).build(pool())
    total = maker.further(student, TARGET_BC).sum()
    (slope_BC,) = torch.autograd.grad(total, student.logits_VC)
    q_BC = student.logits_VC.detach().softmax(dim=1)
    weight_B1 = target_weight(q_BC[ROWS, LABELS], torch.ones(5))[:, None]
    torch.testing.assert_close(slope_BC, weight_B1 * (q_BC - TARGET_BC))


def test_without_weights_the_labels_are_all_there_is() -> None:
    maker = USKD(alpha=0.0, beta=0.0, mu=0.0).build(pool())
    assert torch.equal(maker(torch.arange(5), TARGET_BC, 0.5), TARGET_BC)
    assert not maker.further(said(), TARGET_BC).any()


def test_a_mixed_label_counts_as_its_heavier_class() -> None:
    maker = USKD(alpha=0.0, mu=0.0).build(pool())
    mixed_BC = 0.6 * TARGET_BC + 0.4 * TARGET_BC.roll(1, dims=1)
    assert torch.equal(maker.further(said(), mixed_BC), maker.further(said(), TARGET_BC))


def test_the_weak_head_sees_the_middle() -> None:
    assert USKD().activations(MANY) == (MIDDLE,)
    assert USKD().activations(MANY.model_copy(update={"student_layers": 1})) == (
        Activation("hidden", 1),
    )


def test_two_classes_are_refused() -> None:
    assert USKD.unsuitable(FACTS.model_copy(update={"num_outputs": 2})) == (
        "uskd ranks the classes off the target, so it needs at least 3 classes; got 2."
    )
