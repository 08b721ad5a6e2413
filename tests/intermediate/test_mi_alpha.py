from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.special import logsumexp

from autodistill.activations import Activation, Said
from autodistill.intermediate._mutual_information import (
    Encoder,
    SeparableCritic,
    leave_one_out,
    mi_alpha,
    perceptron,
    positions,
    transformer,
)
from autodistill.intermediate.mi_alpha import MIAlpha
from autodistill.mappings.emd import EMD
from autodistill.mappings.last import Last
from autodistill.optimisation import Training
from autodistill.spec import PipelineSpec
from autodistill.testing.contracts.components import FACTS
from autodistill.testing.contracts.intermediate import NARROW, built, seen, value

SCORES = torch.tensor(
    [[2, 0.5, -1, 0], [0.3, 1.5, 0.2, -0.4], [-0.6, 0.1, 2.5, 0.7], [0, -0.2, 0.4, 1]]
)
LOG_BASELINE = torch.tensor([0.2, -0.1, 0.4, 0.0])


def bound(scores_BB: torch.Tensor, log_baseline_B: torch.Tensor, alpha: float) -> float:
    return -mi_alpha(scores_BB, log_baseline_B, alpha).mean().item()


@pytest.mark.parametrize(
    ("alpha", "expected"),
    [(0.0, 1.639884), (0.1, 1.504176), (0.5, 1.100489), (0.9, 0.809949), (1.0, 0.746995)],
)
def test_the_bound_has_its_known_values(alpha: float, expected: float) -> None:
    assert bound(SCORES, LOG_BASELINE, alpha) == pytest.approx(expected, abs=2e-6)


@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
def test_it_is_the_written_formula_pair_by_pair(alpha: float) -> None:
    scores, log_q = SCORES.double().numpy(), LOG_BASELINE.double().numpy()
    joint, marginal = [], []

    def log_b(i: int, j: int) -> float:
        others = [scores[i, k] for k in range(4) if k != j]
        return math.log(alpha * np.mean(np.exp(others)) + (1 - alpha) * math.exp(log_q[i]))

    for i in range(4):
        for j in range(4):
            if i != j:
                joint.append(scores[i, i] - log_b(i, j))
                marginal.append(math.exp(scores[i, j] - log_b(i, i)))
    expected = 1 + np.mean(joint) - np.mean(marginal)
    assert bound(SCORES, LOG_BASELINE, alpha) == pytest.approx(expected, abs=2e-6)


def test_alpha_zero_with_a_baseline_of_e_is_nwj() -> None:
    assert bound(SCORES, torch.ones(4), 0.0) == pytest.approx(1.344214, abs=2e-6)


def test_alpha_one_is_leave_one_out_infonce_whatever_the_baseline() -> None:
    rows = SCORES.double().numpy()
    terms = []
    for i in range(4):
        for j in range(4):
            if i != j:
                held_out = np.delete(rows[i], j)
                terms.append(rows[i, i] - (logsumexp(held_out) - math.log(3)))
    expected = pytest.approx(np.mean(terms), abs=2e-6)
    assert bound(SCORES, LOG_BASELINE, 1.0) == expected
    assert bound(SCORES, LOG_BASELINE + 7, 1.0) == expected


@pytest.mark.parametrize(("end", "near"), [(0.0, 1e-7), (1.0, 1 - 1e-7)])
def test_the_ends_are_limits(end: float, near: float) -> None:
    expected = bound(SCORES, LOG_BASELINE, end)
    assert bound(SCORES, LOG_BASELINE, near) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(("alpha", "expected"), [(1.0, math.log(3)), (0.5, 0.791760)])
def test_confident_scores_stay_finite_with_their_gradient(alpha: float, expected: float) -> None:
    scores_BB = (50 * SCORES).requires_grad_()
    value_B = mi_alpha(scores_BB, LOG_BASELINE, alpha)
    (slope_BB,) = torch.autograd.grad(value_B.mean(), scores_BB)
    assert -value_B.mean().item() == pytest.approx(expected, abs=1e-5)  # float32 at scores of 125
    assert torch.isfinite(slope_BB).all()


def test_leaving_one_out_is_exact_where_one_score_is_much_the_largest() -> None:
    scores_BB = torch.randn(20, 20, generator=torch.Generator().manual_seed(0)) * 10
    expected = np.empty((20, 20))
    for i, row in enumerate(scores_BB.double().numpy()):
        for j in range(20):
            expected[i, j] = logsumexp(np.delete(row, j)) - math.log(19)
    np.testing.assert_allclose(leave_one_out(scores_BB), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("alpha", "expected"), [(0.1, 5.28), (0.5, 4.58), (0.9, 4.12), (1.0, 3.74)]
)
def test_on_gaussians_with_6_nats_the_bound_is_where_it_was_measured(
    alpha: float, expected: float
) -> None:
    """Sixty batches of 64 with the optimal critic; deviation of a batch is below 0.3."""
    random = torch.Generator().manual_seed(0)
    dim, size = 20, 64
    rho = math.sqrt(1 - math.exp(-2 * 6 / dim))
    found = []
    for _ in range(60):
        x_BD, noise_BD = torch.randn(2, size, dim, generator=random).double()
        y_BD = rho * x_BD + math.sqrt(1 - rho**2) * noise_BD
        apart_BB = torch.cdist(y_BD, rho * x_BD).square() / (2 * (1 - rho**2))
        scores_BB = (y_BD.square().sum(dim=1) / 2)[:, None] - apart_BB
        scores_BB = scores_BB - dim / 2 * math.log(1 - rho**2)
        found.append(bound(scores_BB, torch.zeros(size), alpha))
    assert np.mean(found) == pytest.approx(expected, abs=0.1)


def said(states_BTE: torch.Tensor) -> Said:
    nothing = torch.zeros(len(states_BTE), 3)
    return Said(nothing, nothing, {Activation("hidden", 1): states_BTE})


@pytest.mark.parametrize("encoder", ["mlp", "transformer"])
def test_a_critic_finds_what_states_share_and_nothing_where_they_share_nothing(
    encoder: Encoder,
) -> None:
    facts = NARROW.model_copy(update={"teacher_layers": 1, "student_layers": 1})
    random = torch.Generator().manual_seed(0)
    turn_ED = torch.randn(16, 12, generator=random)

    def information(*, related: bool) -> float:
        objective = built(MIAlpha(alpha=0.9, critic=encoder, mapping=Last()), facts)
        weights = list(objective.modules.parameters())
        values = []
        for _ in range(150):
            teacher_BTE = torch.randn(32, 1, 16, generator=random)
            other_BTE = torch.randn(32, 1, 16, generator=random)
            student_BTD = (teacher_BTE if related else other_BTE) @ turn_ED
            student, teacher = said(student_BTD), said(teacher_BTE)
            mask_BT, nothing = torch.ones(32, 1, dtype=torch.bool), torch.zeros(32, 3)
            value = objective(student, teacher, mask_BT, nothing).mean()
            slopes = torch.autograd.grad(value, weights)
            with torch.no_grad():
                for weight, slope in zip(weights, slopes, strict=True):
                    weight.sub_(0.3 * slope)
            values.append(-value.item())
        return float(np.mean(values[-20:]))

    assert information(related=True) > 1.0
    assert information(related=False) < 0.1


@pytest.mark.parametrize("encoder", ["mlp", "transformer"])
def test_rows_are_teachers_and_the_baseline_sees_the_rows_teacher(encoder: Encoder) -> None:
    torch.manual_seed(0)
    teacher_BTE, student_BTD = torch.randn(5, 3, 16), torch.randn(5, 3, 12)
    mask_BT = torch.ones(5, 3, dtype=torch.bool)
    critic = SeparableCritic(NARROW, encoder)
    scores_BB, baseline_B = critic(teacher_BTE, student_BTD, mask_BT)
    third = torch.arange(5) == 2
    other_teacher = torch.where(third[:, None, None], teacher_BTE + 1, teacher_BTE)
    moved_BB, moved_B = critic(other_teacher, student_BTD, mask_BT)
    assert torch.equal(~torch.isclose(moved_BB, scores_BB).all(dim=1), third)
    assert torch.equal(~torch.isclose(moved_B, baseline_B), third)
    other_student = torch.where(third[:, None, None], student_BTD + 1, student_BTD)
    moved_BB, moved_B = critic(teacher_BTE, other_student, mask_BT)
    assert torch.equal(~torch.isclose(moved_BB, scores_BB).all(dim=0), third)
    assert torch.equal(moved_B, baseline_B)


def test_each_pair_of_layers_has_its_own_critic_or_all_share_one() -> None:
    parameters = list(built(MIAlpha(), FACTS).modules.children())
    assert len(parameters) == len(MIAlpha().pairs(FACTS)) == 3
    assert len(list(built(MIAlpha(critics="shared"), FACTS).modules.children())) == 1
    assert len(list(built(MIAlpha(mapping=EMD()), FACTS).modules.children())) == 4 * 2 + 1


def test_the_transformer_reads_the_order_of_tokens_and_the_perceptron_does_not() -> None:
    torch.manual_seed(0)
    states_BTD, mask_BT = torch.randn(5, 3, 16), torch.ones(5, 3, dtype=torch.bool)
    for make, reads_order in ((transformer, True), (perceptron, False)):
        encoder = make(16, 64)
        read_BO, backwards_BO = encoder(states_BTD, mask_BT), encoder(states_BTD.flip(1), mask_BT)
        assert read_BO.shape == (5, 64), "one embedding for each example, not for each position"
        assert torch.allclose(read_BO, backwards_BO, atol=1e-5) != reads_order


def test_positions_are_those_of_the_transformer() -> None:
    found = positions(7).numpy()
    for at in range(7):
        for i in range(64):
            angle = at / 10_000 ** (2 * i / 128)
            expected = [math.sin(angle), math.cos(angle)]
            np.testing.assert_allclose(found[at, 2 * i : 2 * i + 2], expected, atol=1e-5)


def test_a_baseline_of_e_makes_the_lower_end_nwj() -> None:
    component = MIAlpha(alpha=0.0, baseline="e", mapping=Last())
    facts = FACTS.model_copy(update={"teacher_layers": 1, "student_layers": 1})
    states = seen(component, facts)
    objective = built(component, facts)
    critic = SeparableCritic(facts, "mlp")
    critic.modules.load_state_dict(next(iter(objective.modules.children())).state_dict())
    at = Activation("hidden", 1)
    scores, _ = critic(states.teacher.states[at], states.student.states[at], states.mask_BT)
    scores_BB = scores.detach().double().numpy()
    apart = ~np.eye(len(scores_BB), dtype=bool)
    nwj = np.diag(scores_BB).mean() - np.exp(scores_BB[apart] - 1).mean()
    assert -value(objective, states).mean().item() == pytest.approx(nwj, abs=1e-4)


def test_fewer_than_8_examples_in_a_batch_are_refused() -> None:
    pipeline = PipelineSpec(intermediate=MIAlpha(), training=Training(batch_size=7))
    (problem,) = pipeline.problems(FACTS)
    assert problem.field == "intermediate"
    assert problem.message == (
        "MI-alpha contrasts the examples of a batch, so it needs at least 8; "
        "got training.batch_size=7."
    )
    assert not PipelineSpec(intermediate=MIAlpha(), training=Training(batch_size=8)).problems(FACTS)
