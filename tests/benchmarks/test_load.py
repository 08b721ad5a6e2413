from __future__ import annotations

from datetime import UTC, datetime

import pytest

from autodistill.record import Event
from benchmarks.service.load import Watcher, _rate, load_on


@pytest.mark.e2e
def test_jobs_side_by_side_lose_nothing_and_their_watchers_hear_all() -> None:
    locked, wrong, _, delay = load_on("SQLite", jobs=2, trials=12, epochs=8, epoch_s=0.01)
    assert (locked.value, wrong.value) == (0, 0), wrong.detail
    assert wrong.detail["events"] == 2 * (6 + 12 * (3 + 8))  # of each job, trial and epoch
    assert delay.value > 0


def test_points_are_counted_while_all_jobs_are_at_work() -> None:
    def watcher(*seconds: int) -> Watcher:
        moments = [datetime.fromtimestamp(second, UTC) for second in seconds]
        told = [
            Event(job_id="j", seq=n, kind="measurement", data={}, created_at=at)
            for n, at in enumerate(moments, start=1)
        ]
        return Watcher("", "j", 0, told)

    assert _rate([watcher(0, 1, 2, 3, 4), watcher(2, 3, 4, 5, 6)]) == 6 / 2
    assert _rate([watcher(0, 1), watcher(2, 3)]) == 0.0
