from __future__ import annotations

import pytest

from benchmarks.service.economy import economy

pytestmark = pytest.mark.e2e


def test_the_economy_of_a_trial_is_measured_beside_optuna() -> None:
    figures = economy(rounds=1, trials=3)
    counts = [f for f in figures if f.what.startswith("SQL")]
    assert len(counts) == 4
    assert all(f.met for f in counts)
    assert figures[-1].detail["optuna_statements"] > 100
