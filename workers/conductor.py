"""What runs next and what became of it: the one writer between a job's executor and the store."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any

from sqlalchemy.exc import InterfaceError, OperationalError

from autodistill.metrics import METRICS
from autodistill.planning import Plan, lore, seconds_searched, too_many_failures
from autodistill.record import (
    BY_HAND,
    FailureClass,
    Job,
    Measurement,
    Orders,
    Origin,
    PreparedTask,
    Trial,
    TrialState,
    Wish,
    kept_epoch,
)
from autodistill.search import Rungs
from autodistill.spec import Objective, excess
from autodistill.store import Store
from workers.folders import TrialFolders
from workers.ledger import Ledger
from workers.report import Report

RETRIES = {
    FailureClass.OUT_OF_MEMORY: 2,
    FailureClass.TIMEOUT: 2,
    FailureClass.INFRASTRUCTURE: 4,
}
"""How often a trial is tried again after failures in a row, without a new epoch between them."""
SMALLER = 4
"""Times as many slices a trial takes its batches in after each time that it ran out of memory."""
RETRY_DELAY_S, RETRY_FACTOR = 1.0, 4.0
"""After a failure, and how much longer after each more: a full disk is cleared in a minute."""
POLL_S = 0.25
"""Between looks at what the user wants and how many slots there are."""


class Supply(Enum):
    """What the conductor says when it hands out no trial."""

    WAIT = "wait"
    PARK = "park"
    """Nothing runs, and nothing may until slots are granted: leave the executor."""
    DONE = "done"


class Conductor:
    """Hands out a job's trials and takes in their reports.

    Any executor works with it: it asks for trials with `next`, passes each message to `hear`, says
    with `failed` that an attempt broke down, and asks a few times a second whether it is `halted`,
    which commits what was heard as well and thinks ahead.

    Raises:
        LeaseLost: From `next` and `halted`, when another driver owns the job now.
    """

    def __init__(
        self,
        store: Store,
        job: Job,
        task: PreparedTask,
        folders: TrialFolders,
        draining: threading.Event,
        lost: threading.Event,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._job, self._task, self._folders = store, job, task, folders
        self._ledger, self._clock = Ledger(store, job, clock), clock
        self._draining, self.lost = draining, lost
        self._task_file = folders.keep_task(task)
        self._objective = job.spec.objectives[0]
        self._headline = Objective(metric=METRICS[task.task][0])
        self._rungs = Rungs(job.spec.objectives, self._headline, job.spec.limits)
        with store.read() as tx:
            self._rows = {t.number: t for t in tx.trials.all(job.id)}
            timed = job.spec.budget.timeout_s is not None
            searched_s = seconds_searched(tx.events.all(job.id)) if timed else 0.0
        past = lore(store, job, task.facts)
        self._plan = Plan(job, task.facts, searched_s, past, task.student_costs)
        self._rungs.replay(self._rows.values(), task.student_costs)
        self._waiting = [n for n, t in self._rows.items() if not t.state.terminal]
        self._running: set[int] = set()
        self._num_finished = max((t.finish_order or 0 for t in self._rows.values()), default=0)
        self._untidy = False
        self._failures: Counter[tuple[int, FailureClass]] = Counter()
        self._starved = Counter[int]()
        self._orders, self._ask_at = Orders(job.wish, job.slots), -math.inf
        self._resting: dict[int, float] = {}
        self._halted = False
        self.exhausted = False
        """Every trial that the job needs has ended."""
        self.parked = False
        """The executor has ended because there are no slots."""

    def next(self) -> Trial | Supply:
        """Return a trial to run, whose row is committed, or whether there may be one later."""
        self._look()
        self.parked = self._orders.slots == 0 and not self._running
        if self.parked:
            self.commit()
            return Supply.PARK
        if self.crowded:
            return Supply.WAIT
        rested = [n for n in self._waiting if self._resting.get(n, 0.0) <= self._clock()]
        if rested:
            number = rested[0]
            self._waiting.remove(number)
        elif len(self._waiting) + len(self._running) >= self._orders.slots:
            return Supply.WAIT  # where every attempt breaks down, no more trials are begun
        elif (planned := self._planned()) is not None:
            number = planned
        elif self._running or self._waiting:
            return Supply.WAIT
        else:
            self.commit()
            self.exhausted = True
            return Supply.DONE
        self._running.add(number)
        return self._rows[number]

    def config(self, trial: Trial) -> dict[str, Any]:
        """Return what an attempt of the trial is told."""
        return {
            "number": trial.number,
            "task": str(self._task_file),
            "trial": trial.spec.model_dump_json(),
            "folder": str(self._folders.of(trial.number)),
            "log": str(self._folders.log(trial.number)),
            "slices": SMALLER ** self._starved[trial.number],
        }

    def hear(self, report: Report) -> bool:
        """Take in a message; True means that the trial has ended, or is to stop."""
        number = report.number
        if number not in self._running:
            return True
        if report.failure is not None:
            self.failed(number, report.failure, report.reason)
            return True
        if report.outcome is not None:
            kept = report.outcome.model_dump(include={"dev", "test", "confusion"})
            self._finish(number, TrialState.COMPLETE, **kept)
            return True
        return self._measured(report)

    def failed(self, number: int, failure: FailureClass, reason: str) -> None:
        """Take in that an attempt failed: try again where that may help, else end the trial."""
        if number not in self._running:
            return
        self._failures[number, failure] += 1
        self._starved[number] += failure is FailureClass.OUT_OF_MEMORY
        logging.warning("Trial %d failed: %s", number, reason, extra={"trial": number})
        if self._failures[number, failure] > RETRIES.get(failure, 0):
            self._finish(number, TrialState.FAILED, dev={}, test={}, reason=reason)
            return
        rest = RETRY_DELAY_S * RETRY_FACTOR ** (self._failures[number, failure] - 1)
        self._resting[number] = self._clock() + rest
        self._ledger.enter(lambda driving: driving.requeue(number, failure, reason))
        self._change(number, state=TrialState.QUEUED)
        self._running.discard(number)
        self._waiting.append(number)

    def halted(self) -> bool:
        """Whether the run is to stop; it stays so, also when the user changes their mind."""
        if self._ledger.due:
            self.commit()
        self._plan.look_ahead(self._rows)
        self._look()
        self._halted = (
            self._halted
            or self.lost.is_set()
            or self._draining.is_set()
            or self._orders.wish is not Wish.RUN
        )
        return self._halted

    @property
    def crowded(self) -> bool:
        """Whether as many trials run as there are slots for."""
        return len(self._running) >= self._orders.slots

    def commit(self) -> None:
        """Write what was heard; afterwards everybody knows it."""
        self._ledger.commit()
        self._tidy()

    @property
    def rows(self) -> Sequence[Trial]:
        """Every trial of the job, by number."""
        return [self._rows[number] for number in sorted(self._rows)]

    @property
    def cut_short(self) -> str:
        """Why the search ended before its budget of trials was used up; empty when it did not."""
        return self._plan.cut_short

    def too_many_failures(self) -> str:
        """Return why the job cannot go on, or nothing."""
        return too_many_failures(self.rows)

    def _look(self) -> None:
        """Read the orders again, a few times a second."""
        if self._clock() >= self._ask_at:
            self._ask_at = self._clock() + POLL_S
            self._orders = orders(self._store, self._job.id) or self._orders
            for number in self._orders.stops & {*self._waiting}:
                self._waiting.remove(number)
                self._stop(number)

    def _planned(self) -> int | None:
        """Give the next trial of the plan its row, and return its number."""
        if self.too_many_failures():
            return None
        said = self._plan.cut_short
        planned = self._plan.next(self._rows)
        if self._plan.cut_short not in ("", said):
            message = {"message": self._plan.cut_short}
            self._ledger.enter(lambda driving: driving.log("log", message))
        if planned is None:
            return None
        asked = (planned.number, planned.spec, planned.origin, planned.reason)
        self._rows[planned.number] = self._ledger.commit_with(lambda d: d.suggest(*asked))
        self._tidy()
        return planned.number

    def _measured(self, report: Report) -> bool:
        """Take in the start of an attempt, and epochs; those of before the start fill gaps."""
        number, row = report.number, self._rows[report.number]
        if report.started:
            self._ledger.enter(lambda driving: driving.start(number))
            self._change(number, state=TrialState.RUNNING, num_attempts=row.num_attempts + 1)
        fresh = [m for m in report.measurements if m.epoch > row.epochs_done]
        if not fresh:
            return False
        if not report.started:
            for failure in FailureClass:
                self._failures.pop((number, failure), None)
        self._ledger.measure(number, fresh)
        self._change(number, curve=(*row.curve, *fresh), epochs_done=fresh[-1].epoch)
        behind = any([self._behind(row, m) for m in fresh])
        if number in self._orders.stops:
            self._stop(number)
            return True
        if not behind:
            return False
        dev = kept_epoch(self._rows[number].curve, self._headline).dev
        dev |= self._task.student_costs[row.spec.student]
        self._finish(number, TrialState.PRUNED, dev=dev, test={})
        return True

    def _behind(self, row: Trial, measurement: Measurement) -> bool:
        """Note a score at its rung; True for a trial of the search that is behind there."""
        if not self._job.spec.search.early_stopping or row.origin is Origin.CONFIRMATION:
            return False
        epochs = row.spec.pipeline.training.num_epochs
        scores = measurement.dev | self._task.student_costs[row.spec.student]
        behind = self._rungs.stop(row.number, measurement.epoch, epochs, scores)
        return behind and row.origin is not Origin.BASELINE

    def _finish(self, number: int, state: TrialState, *, reason: str = "", **kept: Any) -> None:
        seconds = sum(m.values["seconds"] for m in self._rows[number].curve)
        kept["ranked"] = excess(kept["dev"], self._job.spec.limits) == 0
        self._ledger.enter(
            lambda driving: driving.finish(number, state, seconds=seconds, reason=reason, **kept)
        )
        self._num_finished += 1
        said = {"reason": reason} if reason else {}
        scores = {name: kept[name] for name in ("dev", "test")}
        order = self._num_finished
        self._change(number, state=state, seconds=seconds, finish_order=order, **scores, **said)
        self._running.discard(number)
        self._untidy = True

    def _stop(self, number: int) -> None:
        self._finish(number, TrialState.CANCELLED, dev={}, test={}, reason=BY_HAND)

    def _change(self, number: int, **values: Any) -> None:
        """Bring a row to where the next commit brings the store's."""
        self._rows[number] = self._rows[number].model_copy(update=values)

    def _tidy(self) -> None:
        """Delete what trials left behind; only now does the store know that they have ended."""
        if self._untidy:
            self._folders.tidy(self._rows, self._objective, self._job.spec.limits)
        self._untidy = False


def orders(store: Store, job_id: str) -> Orders | None:
    """Return what a job's driver is to do now; None while the database is away."""
    try:
        with store.read() as tx:
            return tx.jobs.orders(job_id)
    except (OperationalError, InterfaceError):
        return None
