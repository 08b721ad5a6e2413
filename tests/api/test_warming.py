from __future__ import annotations

from typing import Any

import pytest

from api import insight
from api.frames import Shelves
from api.warming import Warming


def test_the_newest_jobs_are_read_before_anybody_asks(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = world.submit()
    job = world.claim()
    for number in range(9):
        world.trial(job, number, [0.5 + number / 100], plain=number == 0)
    shelves = Shelves()
    warming = Warming(world.store, shelves)
    warming.start()
    warming.stop()
    assert len(shelves.of(name)) in (0, 9)  # it may have been stopped at once
    warming = Warming(world.store, shelves)
    warming.warm()
    assert len(shelves.of(name)) == 9
    monkeypatch.setattr(insight, "_why", lambda *_: pytest.fail("It was known."))
    with world.store.read() as tx:
        assert insight.why(tx, tx.jobs.get(name), shelves.of(name)).num_trials == 9
