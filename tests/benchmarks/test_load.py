from __future__ import annotations

import pytest

from benchmarks.service.load import load_on
from benchmarks.service.player import POINTS

pytestmark = pytest.mark.e2e


def test_jobs_side_by_side_lose_nothing_and_their_watchers_hear_all() -> None:
    locked, wrong, points, delay = load_on("SQLite", jobs=2, trials=12, epochs=8, epoch_s=0.01)
    assert (locked.value, wrong.value) == (0, 0), wrong.detail
    assert wrong.detail["events"] == 2 * (6 + 12 * (3 + 8))  # of each job, trial and epoch
    assert points.value > POINTS
    assert delay.value > 0
