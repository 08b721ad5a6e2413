from __future__ import annotations

from typing import Any

from api.frames import Shelves
from api.warming import Warming


def test_the_newest_jobs_are_read_before_anybody_asks(world: Any) -> None:
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
    known: Any = shelves.of(name).once("why", lambda: None)
    assert known.num_trials == 9
