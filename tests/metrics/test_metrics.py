from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import accuracy_score, f1_score, log_loss

from autodistill.metrics import measure
from autodistill.metrics.calibration import ece, nll
from autodistill.metrics.classes import accuracy, agreement, macro_f1
from autodistill.metrics.values import pearson, rmse, spearman
from autodistill.spec import METRICS
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


def test_a_student_that_equals_its_teacher_agrees_everywhere() -> None:
    assert agreement(LOGITS, LOGITS + 3) == 1.0
    assert agreement(LOGITS, np.random.default_rng(9).normal(size=LOGITS.shape)) < 0.35


@pytest.mark.parametrize("task", list(Task))
def test_exactly_the_metrics_of_the_task_are_measured(task: Task) -> None:
    outputs = LOGITS.astype(np.float32)[:, : 4 if task.is_classification else 1]
    found = measure(task, outputs, LABELS.astype(float), outputs)
    assert tuple(found) == METRICS[task]
    assert all(type(value) is float and np.isfinite(value) for value in found.values())
    assert found["agreement"] == pytest.approx(1.0)
    assert tuple(measure(task, outputs, LABELS.astype(float), None)) == METRICS[task][:-1]


def test_regression_agrees_with_its_teacher_linearly() -> None:
    outputs = LOGITS[:, :1].astype(np.float32)
    teacher = (1 - 2 * outputs).astype(np.float32)
    found = measure(Task.TEXT_REGRESSION, outputs, LABELS.astype(float), teacher)
    assert found["agreement"] == pytest.approx(-1.0)
