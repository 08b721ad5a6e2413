"""What ran and what is to run in jobs that run elsewhere; kept in memory, which saves time.

What is kept is derived: another replica, or this one after a restart, plans the same.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from api.recent import Recent
from autodistill.record import Job, Trial
from autodistill.store import Store, Transaction

if TYPE_CHECKING:
    from autodistill.planning import Plan, Planned

MOST_PLANS = 8
"""Jobs whose searchers are kept: those that were asked for last."""


class KnownTrials:
    """The trials of one job; those that have ended are read once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # whoever holds it reads, and waits for nobody
        self._epoch: int | None = None
        """Claim under which the kept trials ended; a later one may run them again."""
        self._ended: dict[int, Trial] = {}
        self._last = 0

    def read(self, tx: Transaction, job: Job) -> list[Trial]:
        """Return every trial of the job with its curve, by ascending number."""
        with self._lock:
            if job.owner_epoch != self._epoch:
                self._epoch, self._ended, self._last = job.owner_epoch, {}, 0
            fresh = tx.trials.since(job.id, self._last)
            ended = {t.number: t for t in fresh if t.finish_order is not None}
            self._ended |= ended
            self._last = max([self._last, *(t.finish_order or 0 for t in ended.values())])
            rows = {t.number: t for t in fresh} | self._ended
        return [rows[number] for number in sorted(rows)]


class Planner:
    """Plans one job; whoever asks it holds `lock`. Its `trials` anybody may read."""

    def __init__(self) -> None:
        self.lock, self.trials = threading.RLock(), KnownTrials()
        self._version: int | None = None
        self._plan: Plan | None = None
        self._seen: object = None
        self._planned: Planned | None = None

    @property
    def cut_short(self) -> str:
        """Why the search ended before its budget of trials was used up; empty when it did not."""
        return "" if self._plan is None else self._plan.cut_short

    def next(self, store: Store, job: Job, rows: Sequence[Trial]) -> Planned | None:
        """Return the next trial of a job, or None where there is none, or none yet.

        Asked again about the same rows, it need not think: the end of one trial has it ready
        for whoever asks for the next.
        """
        if self._plan is None or self._version != job.version:
            self._plan, self._version, self._seen = _plan(store, job), job.version, None
        seen = [(t.number, t.finish_order) for t in rows]
        if self._seen != seen or job.spec.budget.timeout_s is not None:
            self._planned = self._plan.next({t.number: t for t in rows})
            self._seen = seen
        return self._planned


class Planners(Recent[Planner]):
    """The planners of the jobs that were asked for last."""

    def __init__(self) -> None:
        super().__init__(Planner, lambda _: 1, MOST_PLANS)


def _plan(store: Store, job: Job) -> Plan:
    # Loads Optuna and scikit-learn, for which a service without such jobs has no use.
    from autodistill.planning import Plan, lore, seconds_searched  # noqa: PLC0415

    with store.read() as tx:
        facts = tx.jobs.facts(job.id)
        timed = job.spec.budget.timeout_s is not None
        now = datetime.now(UTC)  # nobody ends the searching of a job that runs elsewhere
        searched_s = seconds_searched(tx.events.all(job.id), now) if timed else 0.0
    return Plan(job, facts, searched_s, lore(store, job, facts))
