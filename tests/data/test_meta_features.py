from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import entropy, skew

from autodistill.data.meta_features import meta_features
from autodistill.data.table import Split
from autodistill.task import Task

CLASSES, VALUES = Task.TEXT_CLASSIFICATION, Task.TEXT_REGRESSION
RNG = np.random.default_rng(0)


def split(texts: list[str], labels: Any, pairs: list[str] | None = None) -> Split:
    return Split(texts, pairs, np.asarray(labels))


def learnable(size: int, task: Task = CLASSES, seed: int = 0) -> Split:
    """Return texts whose words tell the label."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 3, size)
    texts = [f"{['red', 'green', 'blue'][n]} thing {rng.integers(50)}" for n in label]
    return split(texts, label if task.is_classification else label + rng.normal(0, 0.1, size))


def test_counts_are_counted() -> None:
    train = split(["one two three", "one two", "One, two!", "1 é ß x"], [0, 0, 1, 1])
    dev = split(["one five", "six two"], [0, 1])
    found = meta_features(train, dev, CLASSES)
    assert found["log_train"] == pytest.approx(np.log(4))
    assert found["classification"] == 1
    assert found["pair"] == 0
    assert found["mean_words"] == pytest.approx(11 / 4)
    assert found["type_token_ratio"] == pytest.approx(7 / 11)
    assert found["unseen_words"] == pytest.approx(2 / 4)


def test_classes_are_described_by_their_shares() -> None:
    labels = [0] * 60 + [1] * 30 + [2] * 10
    texts = [f"text {i}" for i in range(100)]
    found = meta_features(split(texts, labels), split(texts, labels), CLASSES)
    assert found["log_outputs"] == pytest.approx(np.log(3))
    assert found["label_entropy"] == pytest.approx(entropy([0.6, 0.3, 0.1], base=3))
    assert found["minority_share"] == pytest.approx(0.1)
    assert found["majority"] == pytest.approx(0.6)


def test_values_are_described_by_their_skew() -> None:
    values = RNG.exponential(size=200)
    texts = [f"text {i}" for i in range(200)]
    found = meta_features(split(texts, values), split(texts, values), VALUES)
    assert found["classification"] == 0
    assert found["skew"] == pytest.approx(skew(values))


def test_repeats_and_contradictions_are_told_apart() -> None:
    texts = ["same", "same", "torn", "torn", "alone"]
    found = meta_features(split(texts, [0, 0, 0, 1, 1]), split(texts, [0, 0, 0, 1, 1]), CLASSES)
    assert found["duplicate_share"] == pytest.approx(2 / 5)
    assert found["conflict_share"] == pytest.approx(2 / 5)


@pytest.mark.parametrize("task", [CLASSES, VALUES])
def test_landmarks_see_what_can_be_learnt(task: Task) -> None:
    train, dev = learnable(300, task), learnable(100, task, seed=1)
    shuffled = Split(train.texts, None, RNG.permutation(train.labels))
    told, untold = (meta_features(t, dev, task) for t in (train, shuffled))
    assert told["linear_gain"] + told["majority"] > 0.95
    assert untold["linear_gain"] + untold["majority"] < 0.6


def test_the_nearest_neighbour_wins_where_only_whole_texts_tell() -> None:
    sides = [(a, b) for a in "pq" for b in "rs"] * 40
    texts = [f"{a * 3} {b * 3} {a * 3}{b * 3} {a}{b}{a}" for a, b in sides]
    labels = [int((a == "p") == (b == "r")) for a, b in sides]
    found = meta_features(split(texts, labels), split(texts, labels), CLASSES)
    assert found["neighbour_gap"] >= 0


def test_both_texts_of_a_pair_count() -> None:
    first = ["ask"] * 60
    second = ["yes", "no", "well"] * 20
    pairs = split(first, [0, 1, 2] * 20, second)
    found = meta_features(pairs, pairs, Task.TEXT_PAIR_CLASSIFICATION)
    assert found["pair"] == 1
    assert found["mean_words"] == 2
    assert found["linear_gain"] + found["majority"] == 1


def test_scripts_without_spaces_have_words_too() -> None:
    train = split(["我喜欢这部电影", "日本語の文です"], [0, 1])
    assert meta_features(train, train, CLASSES)["mean_words"] == 7


@pytest.mark.parametrize("task", [CLASSES, VALUES])
def test_the_features_are_the_same_each_time(task: Task) -> None:
    train, dev = learnable(3000, task), learnable(100, task, seed=1)
    first, second = (meta_features(train, dev, task) for _ in range(2))
    assert first == second


def test_both_kinds_of_task_have_the_same_features() -> None:
    found = [meta_features(learnable(20, t), learnable(20, t), t) for t in (CLASSES, VALUES)]
    assert list(found[0]) == list(found[1])
    assert all(isinstance(v, float) for f in found for v in f.values())


@pytest.mark.parametrize(
    "texts", [["?", "!", "..", "🙂"], ["a", "a", "a", "a"], ["\u200b", "\ufeff", "\x01", " ."]]
)
@pytest.mark.parametrize("labels", [[0.0, 0.0, 0.0, 1e15], [-1e15, 1e15, 1e-300, 0.0]])
def test_no_feature_is_ever_nan(texts: list[str], labels: list[float]) -> None:
    for task, told in ((VALUES, labels), (CLASSES, [0, 1, 0, 1])):
        found = meta_features(split(texts, told), split(texts[::-1], told), task)
        assert np.isfinite(list(found.values())).all(), found


def test_no_more_than_the_start_of_a_long_text_is_read() -> None:
    texts = [f"{i} " + "word " * 20_000 for i in range(4)]
    found = meta_features(split(texts, [0, 1] * 2), split(texts, [0, 1] * 2), CLASSES)
    assert found["mean_words"] < 1100
