from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.chaos.__main__ import run

pytestmark = pytest.mark.e2e


def test_nothing_is_lost_under_faults(tmp_path: Path) -> None:
    found = run(seed=5, faults=4, trials=16, engine="sqlite", root=tmp_path)
    assert found["wrong"] == []
    assert found["faults"] == 4
