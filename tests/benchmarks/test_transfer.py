from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.search.tables import read
from benchmarks.transfer import main, regrets


def test_on_related_tasks_the_recommender_beats_chance_and_adversity_breaks_nothing(
    tmp_path: Path,
) -> None:
    rng = np.random.default_rng(0)
    configs = rng.random((60, 3))
    optima = 0.6 + 0.05 * rng.normal(size=(6, 3))
    scores = -np.square(configs[None] - optima[:, None]).sum(axis=2)[:, :, None]
    np.savez(tmp_path / "t.npz", scores=scores, configs=configs, meta=rng.random((6, 2)))
    table = read(tmp_path / "t.npz")
    assert table.thinned(1000) is table
    assert len(table.thinned(10).final[0]) == len(table.thinned(10).configs) == 10
    found = main(table, 30, 1, whole=False)
    methods = found["methods"]
    assert isinstance(methods, dict)
    assert methods["recommender"]["regret_5"][0] < methods["random"]["regret_5"][0]
    assert {"permuted", "unrelated", "one task", "constant"} <= set(methods)
    assert methods["constant"]["regret_5"] == methods["random"]["regret_5"]


def test_regret_is_the_share_of_the_gap_that_is_left_open() -> None:
    final = np.array([0.0, 1.0, 2.0, 3.0, 5.0])
    assert list(regrets(final, whole=False)) == [5 / 3, 4 / 3, 1.0, 2 / 3, 0.0]
    assert list(regrets(final, whole=True)) == [1.0, 0.8, 0.6, 0.4, 0.0]
