from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.chaos.__main__ import run

pytestmark = pytest.mark.e2e
KILLS = ("kill worker", "kill driver", "kill trial actor", "kill api", "kill raylet")


def test_jobs_survive_the_death_of_every_process(tmp_path: Path) -> None:
    found = run(seed=5, faults=5, trials=18, engine="sqlite", root=tmp_path, only=KILLS)
    assert found["wrong"] == []
    assert found["kinds"] == dict.fromkeys(KILLS, 1)
