"""Finished trials by column, kept in memory: they never change, so each is read once.

What is kept is derived: another replica, or this one after a restart, reads it again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request

from api.recent import Recent
from autodistill.explain import Frame, block
from autodistill.record import Job
from autodistill.store import Transaction

T = TypeVar("T")
MOST_TRIALS = 200_000
"""Trials that are kept of all jobs together; those of the job that was asked for stay."""


class Shelf:
    """What is known of one job's trials."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._epoch: int | None = None
        """Claim under which the kept trials finished; a later one may run them again."""
        self._finished = Frame()
        self._last = 0
        self._derived: dict[str, Any] = {}

    def __len__(self) -> int:
        return len(self._finished)

    def frame(self, tx: Transaction, job: Job) -> Frame:
        """Return every trial of the job, open ones last."""
        with self._lock:
            if job.owner_epoch != self._epoch:  # some may have been taken up again in between
                self._epoch = job.owner_epoch
                self._finished, self._last, self._derived = Frame(), 0, {}
            more = []
            for rows in tx.plain.ended(job.id, self._last):
                more.append(block(rows))
                self._last = rows[-1]["finish_order"]
            if more:
                self._finished = self._finished.with_blocks(*more)
                self._derived = {}
            finished = self._finished
        others = tx.plain.others(job.id)
        return finished.with_blocks(block(others)) if others else finished

    def once(self, name: str, make: Callable[[], T]) -> T:
        """Return what `make` says, asked again only when further trials have finished."""
        derived = self._derived  # a new dictionary whenever a trial has finished
        if name not in derived:
            derived[name] = make()
        found: T = derived[name]
        return found


class Shelves(Recent[Shelf]):
    """The shelves of the jobs that were asked for last."""

    def __init__(self) -> None:
        super().__init__(Shelf, len, MOST_TRIALS)


def _shelves(request: Request) -> Shelves:
    shelves: Shelves = request.app.state.shelves
    return shelves


ShelvesDep = Annotated[Shelves, Depends(_shelves)]
