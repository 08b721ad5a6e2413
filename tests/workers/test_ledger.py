from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from autodistill.record import TrialState
from autodistill.store import Store
from autodistill.testing.economy import Counted, counted
from workers import ledger
from workers.report import Report

Desk = Callable[..., Any]
ENGINES = ["sqlite_store", "postgres_store"]
EPOCHS, TRIALS = 20, 5
LONG = {
    "space": {"training.num_epochs": EPOCHS},
    "budget": {"num_trials": TRIALS + 1, "max_epochs": EPOCHS},
    "search": {"sampler": "random", "early_stopping": False},
}


@contextmanager
def falling(store: Store, times: int, name: str) -> Iterator[None]:
    """Let the database go away so many times at an event of the engine."""
    left = [times]

    def fall(*_: Any) -> None:
        if left[0]:
            left[0] -= 1
            raise OperationalError("select", {}, Exception("the server is shutting down"))

    event.listen(store._engine, name, fall)
    yield
    event.remove(store._engine, name, fall)


@pytest.fixture
def long_desk(desk_on: Desk, request: pytest.FixtureRequest) -> Any:
    return desk_on(request.getfixturevalue(request.param), **LONG)


def play(desk: Any) -> None:
    """Play a trial of twenty reports."""
    number = desk.begin()
    for epoch in range(1, EPOCHS + 1):
        assert not desk.tell(number, epoch, 0.5)
    desk.end(number)


@pytest.mark.parametrize("long_desk", ENGINES, indirect=True)
def test_a_trial_of_twenty_reports_costs_six_statements_and_one_commit(long_desk: Any) -> None:
    play(long_desk)
    with counted(long_desk.store) as cost:
        for _ in range(TRIALS):
            play(long_desk)
        long_desk.conductor.commit()
    assert cost == Counted(statements=6 * TRIALS + 5, commits=TRIALS + 1)
    trials = [long_desk.trial(number) for number in range(TRIALS + 1)]
    assert {t.state for t in trials} == {TrialState.COMPLETE}
    assert {len(t.curve) for t in trials} == {EPOCHS}
    assert [t.finish_order for t in trials] == list(range(1, TRIALS + 2))


def test_what_a_driver_knows_is_what_the_store_knows(desk: Desk) -> None:
    d = desk(budget={"num_trials": 9, "max_epochs": 3})
    for accuracy in (0.9, 0.9, 0.9, 0.9, 0.1):
        d.complete(accuracy)
    d.tell(d.begin(), 1, 0.95)
    known = {t.number: t.model_copy(update={"finished_at": None}) for t in d.conductor.rows}
    stored = [d.trial(number).model_copy(update={"finished_at": None}) for number in known]
    assert {t.number: t for t in stored} == known
    assert {t.state for t in stored} == {"complete", "pruned", "running"}


def test_a_report_is_seen_after_a_quarter_of_a_second(desk: Desk) -> None:
    d = desk()
    number = d.begin()
    d.tell(number, 1, 0.5)
    seen = []
    for d.time in (0.2, 0.3):
        assert not d.conductor.halted()
        with d.store.read() as tx:
            seen.append(tx.trials.get("job_1", number).epochs_done)
    assert seen == [0, 1]


def test_what_a_crash_takes_is_told_again_and_kept_once(desk: Desk) -> None:
    d = desk()
    number = d.begin()
    history = (d.measured(1, 0.5), d.measured(2, 0.6))
    d.tell(number, 1, 0.5)
    d.conductor.commit()
    d.tell(number, 2, 0.6)
    d.end(number)
    d.crash()
    assert d.take().number == number
    d.conductor.hear(Report(number=number, started=True, measurements=history))
    d.end(number)
    assert [m.epoch for m in d.trial(number).curve] == [1, 2]
    kinds = [e.kind for e in d.events()]
    assert kinds.count("measurement") == 2
    assert kinds.count("trial.complete") == 1


def test_a_trial_leaves_its_folder_once_the_store_knows_its_end(desk: Desk) -> None:
    d = desk()
    number = d.begin()
    checkpoint: Path = d.folder(number) / "checkpoint.pt"
    checkpoint.parent.mkdir(parents=True)
    checkpoint.touch()
    d.end(number)
    assert checkpoint.exists()
    d.conductor.commit()
    assert not checkpoint.exists()


def test_a_database_that_is_away_for_a_moment_is_waited_for(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "RETRY_S", 0.0)
    d = desk()
    number = d.begin()
    d.tell(number, 1, 0.5)
    with falling(d.store, times=3, name="before_cursor_execute"):
        d.conductor.commit()
    assert d.trial(number).epochs_done == 1
    assert [e.kind for e in d.events()].count("trial.running") == 1


def test_a_commit_of_which_nobody_knows_whether_it_happened_ends_the_driver(desk: Desk) -> None:
    d = desk()
    d.begin()
    with falling(d.store, times=1, name="commit"), pytest.raises(OperationalError):
        d.conductor.commit()
