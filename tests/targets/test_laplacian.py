from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from scipy.special import log_softmax, softmax, xlogy

from autodistill.targets._graph import affinity, smoothed
from autodistill.targets.laplacian import Laplacian
from autodistill.testing.contracts.components import FACTS
from autodistill.testing.pools import random_pool

POOL = random_pool(FACTS, num_examples=120)
GRAPH = affinity(POOL.features_VE, 5)


def test_the_graph_joins_nearest_neighbours_by_cosine() -> None:
    unit = POOL.features_VE / np.linalg.norm(POOL.features_VE, axis=1, keepdims=True)
    alike = unit @ unit.T
    np.fill_diagonal(alike, -2)
    nearest = np.zeros((120, 120))
    np.put_along_axis(nearest, np.argsort(-alike, axis=1)[:, :5], 1.0, axis=1)
    np.testing.assert_array_equal(GRAPH.toarray(), (nearest + nearest.T) / 2)


def test_without_smoothing_they_are_the_teachers_probabilities() -> None:
    expected = softmax(POOL.logits_VC.astype(np.float64), axis=1)
    np.testing.assert_allclose(smoothed(POOL.logits_VC, GRAPH, 0.0), expected)


def test_at_rest_each_row_agrees_with_its_neighbours() -> None:
    found = smoothed(POOL.logits_VC, GRAPH, 0.1)
    again = softmax(log_softmax(POOL.logits_VC, axis=1) + 0.1 * (GRAPH @ found), axis=1)
    np.testing.assert_allclose(found, again, atol=1e-5)


def test_updates_lower_the_energy() -> None:
    log_p = log_softmax(POOL.logits_VC.astype(np.float64), axis=1)

    def energy(y: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
        return float((xlogy(y, y) - y * log_p).sum() - 0.15 * (y * (GRAPH @ y)).sum())

    found, energies = softmax(log_p, axis=1), []
    for _ in range(20):
        energies.append(energy(found))
        found = softmax(log_p + 0.3 * (GRAPH @ found), axis=1)
    assert (np.diff(energies) <= 1e-9).all()
    assert energies[-1] < energies[0]
    np.testing.assert_allclose(smoothed(POOL.logits_VC, GRAPH, 0.3), found, atol=1e-5)


def test_duplicates_have_the_same_soft_labels() -> None:
    twice = np.concatenate([np.arange(60), np.arange(60)])
    features, logits = POOL.features_VE[twice], POOL.logits_VC[twice]
    found = smoothed(logits, affinity(features, 1), 0.5)  # each other's nearest
    np.testing.assert_allclose(found[:60], found[60:])


def test_neighbours_pull_a_row_to_their_class() -> None:
    features = np.repeat(np.eye(3, 16, dtype=np.float32), 20, axis=0)
    features += 0.1 * np.random.default_rng(0).normal(size=features.shape).astype(np.float32)
    logits = 3 * np.repeat(np.eye(3, dtype=np.float32), 20, axis=0)
    logits[5] = [0.0, 1.0, 0.0]  # a teacher that is wrong once
    pool = replace(random_pool(FACTS, 60), read_features=lambda: features, logits_VC=logits)
    found = Laplacian(smoothing=1.0, share=1.0).build(pool)(torch.tensor([5]), torch.eye(3)[[1]], 1)
    assert found.argmax() == 0


def test_the_label_has_the_rest() -> None:
    labels, ids = torch.eye(3)[[0, 1, 2]], torch.tensor([7, 0, 119])
    found = Laplacian(share=0.25).build(POOL)(ids, labels, 0.5)
    table = torch.from_numpy(smoothed(POOL.logits_VC, GRAPH, 0.3)[ids]).float()
    torch.testing.assert_close(found, 0.75 * labels + 0.25 * table)


def test_too_many_examples_are_refused() -> None:
    assert Laplacian.unsuitable(FACTS.model_copy(update={"num_train": 60_000})) == (
        "laplacian compares all pairs of at most 50000 training examples; got 60000."
    )
