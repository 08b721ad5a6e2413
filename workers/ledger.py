"""What a driver writes: collected, and committed together by the one writer that a job has."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from sqlalchemy.exc import InterfaceError, OperationalError

from autodistill.record import Job, Measurement
from autodistill.store import Driving, Store, Transaction

T = TypeVar("T")
LONGEST_DELAY_S = 0.25
"""After so long a report is committed, so that whoever watches sees it."""
PATIENCE_S, RETRY_S = 60.0, 0.5
"""For a database that does not answer, such as one that is being restarted."""


def write(store: Store, act: Callable[[Transaction], T], patience_s: float = PATIENCE_S) -> T:
    """Do something in one transaction; where the database is away, try again for a while.

    Raises:
        OperationalError: When it stays away, or when it went in the middle of the commit: only a
            driver that starts from the rows knows then what they are.
    """
    deadline = time.monotonic() + patience_s
    while True:
        undone = True
        try:
            with store.write() as tx:
                done = act(tx)
                tx.events.flush()
                undone = False
            return done
        except (OperationalError, InterfaceError) as error:
            if not undone or time.monotonic() > deadline:
                raise
            logging.warning("The database does not answer; trying again: %s", error)
        time.sleep(RETRY_S)


class Ledger:
    """The writes of one claim, in their order.

    What is entered counts for this driver at once, and for everybody else after the next commit.
    A crash between the two loses nothing: epochs come back with the history in their trial's
    checkpoint, an end with the outcome beside it, and an attempt is begun again.
    """

    def __init__(self, store: Store, job: Job, clock: Callable[[], float] = time.monotonic) -> None:
        self._store, self._job, self._clock = store, job, clock
        self._entries: list[Callable[[Driving], object]] = []
        self._measured: dict[int, list[Measurement]] = {}
        self._since: float | None = None

    def enter(self, entry: Callable[[Driving], object]) -> None:
        """Add a write."""
        self._close_measurements()
        self._entries.append(entry)
        self._since = self._clock() if self._since is None else self._since

    def measure(self, number: int, measurements: Sequence[Measurement]) -> None:
        """Add epochs of a trial; those that follow each other become one statement."""
        if measurements:
            self._measured.setdefault(number, []).extend(measurements)
            self._since = self._clock() if self._since is None else self._since

    @property
    def due(self) -> bool:
        """Whether something waits for longer than it should."""
        return self._since is not None and self._clock() - self._since >= LONGEST_DELAY_S

    def commit(self) -> None:
        """Write everything.

        Raises:
            LeaseLost: When another driver owns the job now.
        """
        if self._since is not None:
            self.commit_with(lambda _: None)

    def commit_with(self, last: Callable[[Driving], T]) -> T:
        """Write everything, `last` at the end, and return what that returns."""
        self._close_measurements()

        def act(tx: Transaction) -> T:
            driving = tx.driving(self._job.id, self._job.owner_epoch)
            for entry in self._entries:
                entry(driving)
            return last(driving)

        written = write(self._store, act)
        self._entries, self._since = [], None
        return written

    def _close_measurements(self) -> None:
        if measured := self._measured:
            self._entries.append(lambda driving: driving.measure(measured))
            self._measured = {}
