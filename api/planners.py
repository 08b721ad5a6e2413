"""What is to run next in jobs that run elsewhere; kept in memory, since it saves time to know.

What is kept is derived: another replica, or this one after a restart, plans the same.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from api.recent import Recent
from autodistill.record import Job, Trial
from autodistill.store import Store

if TYPE_CHECKING:
    from autodistill.planning import Plan, Planned

MOST_PLANS = 8
"""Jobs whose searchers are kept: those that were asked for last."""


class Planner:
    """Plans one job; whoever uses it holds `lock`."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._version: int | None = None
        self._plan: Plan | None = None
        self._seen: object = None
        self._planned: Planned | None = None

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
        searched_s = seconds_searched(tx.events.all(job.id)) if timed else 0.0
    return Plan(job, facts, searched_s, lore(store, job, facts))
