from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, log_loss

from autodistill.metrics import CATALOGUE, COSTS, METRICS, PROBED, QUALITY, Probe, measured
from autodistill.metrics.calibration import aurc, ece, excess_aurc, nll
from autodistill.metrics.classes import accuracy, confusion, macro_f1
from autodistill.metrics.entities import Tagging
from autodistill.metrics.measuring import Measure
from autodistill.metrics.values import pearson, rmse, spearman
from autodistill.models.outputs import Outputs
from autodistill.task import Task

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(500, 4)) * 2
LABELS = RNG.integers(4, size=500)
SCORES, VALUES = RNG.normal(size=300).round(1), RNG.normal(size=300).round(1)


def softmax(logits: np.ndarray) -> np.ndarray:
    exponentials = np.exp(logits)
    shares: np.ndarray = exponentials / exponentials.sum(axis=1, keepdims=True)
    return shares


def test_accuracy_and_macro_f1_are_those_of_sklearn() -> None:
    guesses = LOGITS.argmax(axis=1)
    assert accuracy(LOGITS, LABELS) == pytest.approx(accuracy_score(LABELS, guesses))
    assert macro_f1(LOGITS, LABELS) == pytest.approx(f1_score(LABELS, guesses, average="macro"))


def test_the_confusion_matrix_is_that_of_sklearn() -> None:
    expected = confusion_matrix(LABELS, LOGITS.argmax(axis=1))
    np.testing.assert_array_equal(confusion(LOGITS, LABELS), expected)


def test_macro_f1_counts_the_classes_that_occur() -> None:
    logits, labels = LOGITS[:, :3], np.where(LABELS == 1, 0, LABELS % 3)
    expected = f1_score(labels, logits.argmax(axis=1), average="macro")
    assert macro_f1(logits, labels) == pytest.approx(expected)
    assert macro_f1(np.array([[1.0, 0, 0], [1.0, 0, 0]]), np.array([0, 0])) == 1.0


def test_nll_is_that_of_sklearn() -> None:
    assert nll(LOGITS, LABELS) == pytest.approx(log_loss(LABELS, softmax(LOGITS)))


def test_nll_of_confident_logits_is_finite_and_exact() -> None:
    assert nll(np.array([[1e4, 0.0], [0.0, 1e4]]), np.array([0, 0])) == 5000.0


def test_ece_is_its_definition_bin_by_bin() -> None:
    shares = softmax(LOGITS)
    confidence, right = shares.max(axis=1), shares.argmax(axis=1) == LABELS
    expected = 0.0
    for low, high in zip(np.arange(15) / 15, np.arange(1, 16) / 15, strict=True):
        inside = (confidence > low) & (confidence <= high)
        if inside.any():
            gap = abs(right[inside].mean() - confidence[inside].mean())
            expected += inside.mean() * gap
    assert ece(LOGITS, LABELS) == pytest.approx(expected)


def test_ece_of_a_calibrated_predictor_is_nearly_zero() -> None:
    shares = RNG.dirichlet(np.ones(3), 10_000)
    labels = (shares.cumsum(axis=1) < RNG.random((10_000, 1))).sum(axis=1)
    assert ece(np.log(shares), labels) < 0.02


def test_ece_of_certainty_is_its_error_rate() -> None:
    logits = np.array([[100.0, 0.0]] * 4)
    assert ece(logits, np.array([0, 0, 0, 1])) == pytest.approx(0.25)


def test_aurc_is_the_mean_error_rate_of_every_prefix() -> None:
    order = np.argsort(-softmax(LOGITS).max(axis=1))
    wrong = (LOGITS.argmax(axis=1) != LABELS)[order]
    expected = np.mean([wrong[: k + 1].mean() for k in range(len(wrong))])
    assert aurc(LOGITS, LABELS) == pytest.approx(expected)


def test_equally_confident_rows_share_their_errors_whatever_their_order() -> None:
    same = np.tile([1.0, 0.0], (10, 1))
    labels = np.array([0] * 7 + [1] * 3)
    assert aurc(same, labels) == pytest.approx(0.3)
    assert aurc(same, labels[::-1]) == pytest.approx(0.3)


@pytest.mark.parametrize("num_wrong", [0, 1, 7, 20])
def test_excess_aurc_of_a_perfect_ranking_is_zero(num_wrong: int) -> None:
    logits = np.stack([np.linspace(5, 1, 20), np.zeros(20)], axis=1)
    labels = np.array([0] * (20 - num_wrong) + [1] * num_wrong)
    assert excess_aurc(logits, labels) == pytest.approx(0, abs=1e-12)
    if 0 < num_wrong < 20:
        assert excess_aurc(logits, labels[::-1]) > 0.01


def test_excess_aurc_is_never_negative() -> None:
    for seed in range(50):
        rng = np.random.default_rng(seed)
        logits, labels = rng.normal(size=(30, 3)).round(1), rng.integers(3, size=30)
        assert 0 <= excess_aurc(logits, labels) <= aurc(logits, labels) <= 1


def test_correlations_are_those_of_scipy() -> None:
    assert pearson(SCORES, VALUES) == pytest.approx(pearsonr(SCORES, VALUES).statistic)
    assert spearman(SCORES, VALUES) == pytest.approx(spearmanr(SCORES, VALUES).statistic)


@pytest.mark.parametrize("value", [0.0, 0.1, np.float64(np.float32(0.3))])
def test_a_constant_correlates_with_nothing(value: float) -> None:
    constant = np.full(7, value)
    assert pearson(constant, VALUES[:7]) == 0.0
    assert spearman(VALUES[:7], constant) == 0.0


def test_rmse_is_in_the_unit_of_the_labels() -> None:
    assert rmse(np.array([1.0, 2.0]), np.array([4.0, 6.0])) == pytest.approx(np.sqrt(12.5))
    assert rmse(10 * SCORES, 10 * VALUES) == pytest.approx(10 * rmse(SCORES, VALUES))


def said(logits: np.ndarray, features: np.ndarray) -> Outputs:
    return Outputs(logits.astype(np.float32), features.astype(np.float16), {})


@pytest.mark.parametrize("num_classes", [2, 5, 9])
@pytest.mark.parametrize("task", list(Task))
def test_exactly_the_metrics_of_the_task_are_measured(task: Task, num_classes: int) -> None:
    width = num_classes if task.is_classification else 1
    logits, labels = RNG.normal(size=(60, width)), RNG.integers(width, size=60)
    answers = said(logits, RNG.normal(size=(60, 8)))
    tags = ["O", "B-a", "I-a", *(f"B-{i}" for i in range(6))][:width]
    tagging = Tagging(tags, np.array([0, 20, 60])) if task.tags_words else None
    found = Measure(task, labels, answers, tagging)(answers)
    assert set(found) == set(measured(task, width))
    assert all(type(value) is float and np.isfinite(value) for value in found.values())
    alone = Measure(task, labels, tagging=tagging)(answers)
    assert set(alone) == set(found) & set(QUALITY)
    assert alone.items() <= found.items()


def test_every_metric_of_a_task_is_in_the_catalogue() -> None:
    named = {name for names in METRICS.values() for name in names} | set(COSTS) | set(PROBED)
    assert named == set(CATALOGUE)
    assert set(PROBED) == set(get_args(Probe))


def test_of_values_the_correlations_and_distances_to_the_teacher_are_those_to_the_truth() -> None:
    student, teacher = RNG.normal(size=(50, 1)), RNG.normal(size=(50, 1)).round(1)
    features = RNG.normal(size=(50, 4))
    found = Measure(Task.TEXT_REGRESSION, VALUES[:50], said(teacher, features))(
        said(student, features)
    )
    taught = teacher.astype(np.float32)[:, 0].astype(float)
    other = Measure(Task.TEXT_REGRESSION, taught)(said(student, features))
    for name in ("pearson", "spearman", "rmse"):
        assert found[f"{name}_to_teacher"] == pytest.approx(other[name])
