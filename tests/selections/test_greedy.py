from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from autodistill.pool import Pool
from autodistill.selections._base import GreedySelection, principal
from autodistill.selections.herding import Herding
from autodistill.selections.k_centre import KCentre
from autodistill.task import Task
from autodistill.testing.contracts.components import FACTS, facts_of
from autodistill.testing.contracts.selections import chosen
from autodistill.testing.pools import random_pool

REGRESSION = random_pool(facts_of(Task.TEXT_REGRESSION), 40)
CLASSES = random_pool(FACTS, 40)


def nearest_to_the_mean(x: np.ndarray) -> int:
    return int(np.linalg.norm(x - x.mean(axis=0), axis=1).argmin())


def farthest_first(x: np.ndarray, size: int) -> list[int]:
    taken = [nearest_to_the_mean(x)]
    while len(taken) < size:
        away = [min(np.linalg.norm(row - x[t]) for t in taken) for row in x]
        taken.append(int(np.argmax(away)))
    return taken


def herded(x: np.ndarray, size: int) -> list[int]:
    taken: list[int] = []
    while len(taken) < size:
        gaps = [
            np.inf if i in taken else float(np.linalg.norm(x[[*taken, i]].mean(0) - x.mean(0)))
            for i in range(len(x))
        ]
        taken.append(int(np.argmin(gaps)))
    return taken


@pytest.mark.parametrize("fraction", [0.03, 0.2, 0.5, 1.0])
def test_values_are_chosen_as_by_brute_force(fraction: float) -> None:
    x, size = REGRESSION.features_VE.astype(float), max(1, round(40 * fraction))
    for kind, brute in ((KCentre, farthest_first), (Herding, herded)):
        kept = chosen(kind(keep_fraction=fraction), REGRESSION)
        assert kept.tolist() == sorted(brute(x, size))


@pytest.mark.parametrize("kind", [KCentre, Herding])
def test_the_floor_of_each_class_comes_first_and_the_rest_goes_on_from_it(
    kind: Callable[..., GreedySelection],
) -> None:
    least = chosen(kind(keep_fraction=0.01, class_floor=3), CLASSES)
    counts = np.bincount(CLASSES.labels_V[least].astype(int))
    assert counts.tolist() == [3, 3, 3]
    more = chosen(kind(keep_fraction=0.5, class_floor=3), CLASSES)
    assert set(least) < set(more)
    assert len(more) == 20


def test_k_centre_covers_at_most_twice_as_far_as_can_be() -> None:
    """Four far groups: the greedy start and four more reach each of them."""
    rng = np.random.default_rng(0)
    corners = 10 * np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]])
    x = np.concatenate([c + rng.normal(size=(10, 2)) for c in corners])
    pool = replace(REGRESSION, read_features=lambda: x.astype(np.float32))
    kept = chosen(KCentre(keep_fraction=5 / 40), pool)
    assert set(kept // 10) == {0, 1, 2, 3}


def test_herding_keeps_the_mean_better_than_chance() -> None:
    x = REGRESSION.features_VE.astype(float)
    mine = x[chosen(Herding(keep_fraction=0.25), REGRESSION)].mean(axis=0)
    rng = np.random.default_rng(0)
    others = [
        np.linalg.norm(x[rng.choice(40, 10, replace=False)].mean(axis=0) - x.mean(axis=0))
        for _ in range(200)
    ]
    assert np.linalg.norm(mine - x.mean(axis=0)) < min(others)


def test_rotation_changes_no_distance_and_wide_features_keep_their_leading_part() -> None:
    rng = np.random.default_rng(0)
    low = rng.normal(size=(100, 20)) @ rng.normal(size=(20, 96))
    small = principal(low)
    assert small.shape == (100, 64)
    distance = np.linalg.norm(low[:, None] - low, axis=2)
    assert np.linalg.norm(small[:, None] - small, axis=2) == pytest.approx(distance, abs=1e-5)


@pytest.mark.parametrize("kind", [KCentre, Herding])
def test_examples_of_many_rows_are_seen_as_the_mean_of_their_features(
    kind: Callable[..., GreedySelection],
) -> None:
    rows = replace(REGRESSION, example_V=np.repeat(np.arange(20), 2))
    means = REGRESSION.features_VE.reshape(20, 2, -1).mean(axis=1).astype(np.float32)
    whole: Pool = replace(
        random_pool(facts_of(Task.TEXT_REGRESSION), 20),
        read_features=lambda: means,
    )
    selection = kind(keep_fraction=0.4)
    assert chosen(selection, rows).tolist() == chosen(selection, whole).tolist()


@pytest.mark.parametrize("kind", ["k_centre", "herding"])
def test_too_many_examples_are_refused(kind: str) -> None:
    many = FACTS.model_copy(update={"num_train": 30_001})
    refused = {"k_centre": KCentre, "herding": Herding}[kind]
    assert refused.unsuitable(many) == (
        f"{kind} compares each example with each that is kept, so it takes at most 30,000 training "
        "examples; got num_train=30,001. Use another selection."
    )
    assert refused.unsuitable(FACTS) is None
