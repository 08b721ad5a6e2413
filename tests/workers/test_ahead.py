from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, NoReturn

import pytest
from typing_extensions import override

from autodistill.planning.ahead import SHORT_S, Ahead
from autodistill.record import JobState, Trial, TrialState, Wish
from autodistill.search import Proposal, Searcher
from autodistill.spec import JobSpec
from autodistill.testing.played import request
from autodistill.testing.records import NOW, facts_of, trial_of
from workers.conductor import Conductor
from workers.inline import run_inline
from workers.report import Report

TRIALS, SLOTS = 24, 2
SPEC = request(
    budget={"num_trials": TRIALS, "max_epochs": 3}, search={"sampler": "tpe"}, parallelism=SLOTS
).resolve([facts_of()])
JOB: dict[str, Any] = {
    "budget": {"num_trials": 16, "max_epochs": 3},
    "search": {"sampler": "tpe", "early_stopping": False},
    "parallelism": 1,
}


class Asked(Searcher):
    """A searcher that notes what it was told had ended."""

    def __init__(self, spec: JobSpec = SPEC) -> None:
        super().__init__(spec, {"cut-2": facts_of()})
        self.told: list[tuple[int, list[int]]] = []

    @override
    def suggest(
        self, number: int, finished: Sequence[Trial], running: Sequence[Trial] = ()
    ) -> Proposal | None:
        assert sorted(t.number for t in (*finished, *running)) == list(range(number))
        self.told.append((number, sorted(t.number for t in finished)))
        return super().suggest(number, finished, running)


class Search:
    """Two slots, in which every third trial takes three times as long as others."""

    def __init__(self, *, seconds: float = 1.0) -> None:
        self.searcher = Asked()
        self.ahead = Ahead(self.searcher, SLOTS)
        self.rows: list[Trial] = []
        self._seconds, self._time, self._ends = seconds, 0, dict[int, int]()

    def plan(self) -> bool:
        """Give the next trial its row; False where there is none."""
        proposal = self.ahead.next(self.rows)
        if proposal is None:
            return False
        number = len(self.rows)
        row = trial_of(number, proposal.spec.pipeline, TrialState.RUNNING, origin=proposal.origin)
        self.rows.append(
            row.model_copy(
                update={
                    "spec": proposal.spec,
                    "reason": proposal.reason,
                    "finish_order": None,
                    "finished_at": None,
                    "created_at": NOW + timedelta(seconds=self._time),
                }
            )
        )
        self._ends[number] = self._time + (3 if number % 3 == 0 else 1)
        return True

    def work(self) -> None:
        """Let time pass until a slot is free."""
        while len(self._ends) >= SLOTS:
            self._time += 1
            for number in [n for n, at in self._ends.items() if at <= self._time]:
                del self._ends[number]
                ended = {
                    "state": TrialState.COMPLETE,
                    "dev": {"accuracy": 1.0 / (1 + self.rows[number].spec.seed % 97)},
                    "seconds": self._seconds,
                    "finish_order": sum(t.state.terminal for t in self.rows) + 1,
                    "finished_at": NOW + timedelta(seconds=self._time),
                }
                self.rows[number] = self.rows[number].model_copy(update=ended)

    def restart(self) -> None:
        """Go on with another driver, which knows the rows alone."""
        self.searcher = Asked()
        self.ahead = Ahead(self.searcher, SLOTS)


def searched(between: Callable[[Search], None], **settings: float) -> Search:
    """Return a search that has ended, where something was done between any two trials."""
    search = Search(**settings)
    while search.plan():
        between(search)
        search.work()
    assert len(search.rows) == TRIALS
    return search


def test_whether_it_was_made_ahead_or_by_another_driver_a_proposal_is_the_same() -> None:
    late = searched(lambda _: None)
    ahead = searched(lambda search: search.ahead.begin(search.rows))
    anew = searched(Search.restart)
    assert [t.spec for t in ahead.rows] == [t.spec for t in late.rows]
    assert [t.spec for t in anew.rows] == [t.spec for t in late.rows]
    assert [t.reason for t in anew.rows] == [t.reason for t in late.rows]
    assert "TPE from 20 finished trials" in [t.reason for t in late.rows]


def test_a_proposal_knows_what_had_ended_when_the_one_before_it_was_planned() -> None:
    search = Search()
    for _ in range(8):
        search.plan()
        search.work()
    ended = [t.number for t in search.rows if t.state.terminal]
    search.plan()
    search.work()
    assert ended != [t.number for t in search.rows if t.state.terminal]
    search.plan()
    assert search.searcher.told[-1] == (9, ended)


def test_what_was_begun_is_not_asked_again() -> None:
    def insist(search: Search) -> None:
        for _ in range(3):
            search.ahead.begin(search.rows)

    search = searched(insist)
    assert [number for number, _ in search.searcher.told] == [*range(TRIALS), TRIALS]


def test_beside_long_trials_a_proposal_waits_for_every_result() -> None:
    search = Search(seconds=SHORT_S * SLOTS)
    for _ in range(9):
        search.plan()
        search.ahead.begin(search.rows)
        search.work()
    ended = [t.number for t in search.rows if t.state.terminal]
    search.plan()
    assert search.searcher.told[-1] == (9, ended)
    assert len(search.searcher.told) == 10


class Killed(BaseException):
    """The end of a driver in the middle of whatever it did."""


def dies(after: int) -> Callable[[Conductor], None]:
    """Return an executor that dies once it has heard so many messages."""

    def execute(conductor: Conductor) -> None:
        hear, heard = conductor.hear, 0

        def listen(report: Report) -> bool:
            nonlocal heard
            heard += 1
            return die() if heard > after else hear(report)

        conductor.hear = listen  # type: ignore[method-assign]  # a spy between two real parts
        run_inline(conductor)

    def die() -> NoReturn:
        raise Killed

    return execute


@pytest.mark.parametrize("messages", [7, 9])
def test_a_job_whose_drivers_die_runs_the_trials_of_one_that_nobody_disturbed(
    garage: Callable[..., Any], messages: int
) -> None:
    calm = garage(**JOB)
    assert calm.drive().state is JobState.SUCCEEDED
    expected = [(t.number, t.spec, t.reason) for t in calm.trials()]

    troubled = garage(**JOB, job_id="job_2")
    deaths = 0
    while not troubled.job.state.terminal:
        try:
            troubled.drive(dies(messages))
        except Killed:
            deaths += 1
            troubled.abandon()
    assert deaths > 5
    assert [(t.number, t.spec, t.reason) for t in troubled.trials()] == expected


def test_what_was_begun_for_a_job_that_is_cancelled_leaves_no_trace(
    garage: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    g = garage(**JOB)
    begun: list[int] = []
    begin = Ahead.begin

    def note(ahead: Ahead, searched: Sequence[Trial]) -> None:
        begun.append(len(searched))
        begin(ahead, searched)

    monkeypatch.setattr(Ahead, "begin", note)

    def cancel(conductor: Conductor) -> None:
        hear = conductor.hear

        def listen(report: Report) -> bool:
            if report.number == 9 and report.measurements:  # it runs, and the next is asked for
                g.wish(Wish.CANCEL)
            return hear(report)

        conductor.hear = listen  # type: ignore[method-assign]  # a spy between two real parts
        run_inline(conductor)

    assert g.drive(cancel).state is JobState.CANCELLED
    assert begun[-1] == 10
    assert [t.number for t in g.trials()] == list(range(10))
    assert g.kinds().count("trial.queued") == 10
