from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy

from autodistill.metrics import TOP_K
from autodistill.metrics.fidelity import ClassFidelity
from autodistill.metrics.likeness import Likeness

RNG = np.random.default_rng(0)
STUDENT, TEACHER = RNG.normal(size=(300, 9)) * 2, RNG.normal(size=(300, 9)) * 2
LABELS = RNG.integers(9, size=300)


def compared(
    student: np.ndarray, teacher: np.ndarray, labels: np.ndarray = LABELS
) -> dict[str, float]:
    return ClassFidelity(teacher, labels, TOP_K)(student)


def softmax(logits: np.ndarray) -> np.ndarray:
    exponentials = np.exp(logits)
    shares: np.ndarray = exponentials / exponentials.sum(axis=1, keepdims=True)
    return shares


def test_divergences_are_those_of_scipy() -> None:
    found, p, q = compared(STUDENT, TEACHER), softmax(TEACHER), softmax(STUDENT)
    assert found["forward_kl"] == pytest.approx(entropy(p, q, axis=1).mean())
    assert found["reverse_kl"] == pytest.approx(entropy(q, p, axis=1).mean())
    assert found["js"] == pytest.approx((jensenshannon(p, q, axis=1) ** 2).mean())
    assert found["soft_agreement"] == pytest.approx(np.minimum(p, q).sum(axis=1).mean())


def test_agreements_are_counted_row_by_row() -> None:
    found = compared(STUDENT, TEACHER)
    right: list[bool] = []
    wrong: list[bool] = []
    overlap = 0
    for mine, theirs, label in zip(STUDENT, TEACHER, LABELS, strict=True):
        same = int(mine.argmax()) == int(theirs.argmax())
        (right if theirs.argmax() == label else wrong).append(same)
        overlap += len({*np.argsort(mine)[-5:]} & {*np.argsort(theirs)[-5:]})
    assert found["agreement"] == pytest.approx(np.mean(right + wrong))
    assert found["agreement_right"] == pytest.approx(np.mean(right))
    assert found["agreement_wrong"] == pytest.approx(np.mean(wrong))
    assert found["top_k_overlap"] == pytest.approx(overlap / (5 * 300))


def test_a_student_that_equals_its_teacher_agrees_in_everything() -> None:
    found = compared(TEACHER + 3.0, TEACHER)
    for name in ("agreement", "agreement_right", "agreement_wrong", "soft_agreement"):
        assert found[name] == pytest.approx(1.0)
    assert found["top_k_overlap"] == 1.0
    for name in ("forward_kl", "reverse_kl", "js"):
        assert found[name] == pytest.approx(0.0, abs=1e-12)
        assert found[name] >= 0


@pytest.mark.parametrize("num_classes", [2, 10])
def test_an_independent_student_agrees_by_chance(num_classes: int) -> None:
    student, teacher = (RNG.normal(size=(20_000, num_classes)) for _ in range(2))
    found = compared(student, teacher, RNG.integers(num_classes, size=20_000))
    for name in ("agreement", "agreement_right", "agreement_wrong"):
        assert found[name] == pytest.approx(1 / num_classes, abs=0.02)


def test_opposite_certainty_is_as_far_as_can_be_and_finite() -> None:
    sure = np.array([[1e4, 0.0]])
    found = compared(sure, sure[:, ::-1], np.array([0]))
    assert found["js"] == pytest.approx(np.log(2))
    assert found["soft_agreement"] == 0.0
    assert found["forward_kl"] == found["reverse_kl"] == pytest.approx(1e4)


def test_js_never_exceeds_ln_2() -> None:
    for scale in (0.1, 1, 10, 100):
        assert 0 <= compared(scale * STUDENT, scale * TEACHER)["js"] <= np.log(2) + 1e-12


def test_where_the_teacher_is_never_wrong_no_mistake_is_copied() -> None:
    assert compared(STUDENT, TEACHER, TEACHER.argmax(axis=1))["agreement_wrong"] == 0.0
    assert compared(STUDENT, TEACHER, TEACHER.argmin(axis=1))["agreement_right"] == 0.0


def test_few_classes_have_no_top_five() -> None:
    assert "top_k_overlap" not in compared(STUDENT[:, :5], TEACHER[:, :5])


@pytest.mark.parametrize("shape", [(40, 6, 11), (8, 30, 5)])
def test_cka_is_that_of_the_gram_matrices(shape: tuple[int, int, int]) -> None:
    rows, mine, theirs = shape
    x, y = RNG.normal(size=(rows, mine)), RNG.normal(size=(rows, theirs))
    centring = np.eye(rows) - 1 / rows
    k, m = centring @ x @ x.T @ centring, centring @ y @ y.T @ centring
    expected = (k * m).sum() / np.sqrt((k * k).sum() * (m * m).sum())
    assert Likeness(y)(x) == pytest.approx(expected, rel=1e-4)


def test_cka_does_not_see_rotation_scale_and_shift() -> None:
    features = RNG.normal(size=(50, 8))
    rotation, _ = np.linalg.qr(RNG.normal(size=(8, 8)))
    assert Likeness(features)(3e4 * features @ rotation - 7) == pytest.approx(1.0, abs=1e-5)


def test_constant_features_are_like_nothing() -> None:
    constant = np.full((9, 4), 0.3)
    assert Likeness(constant)(RNG.normal(size=(9, 4))) == 0.0
    assert Likeness(RNG.normal(size=(9, 4)))(constant) == 0.0
