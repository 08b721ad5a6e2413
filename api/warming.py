"""What the first visitor would wait for is done before they come, on a thread of its own.

Explaining a job takes seconds the first time: its trials are read, and libraries are imported.
"""

from __future__ import annotations

import logging

from sqlalchemy.exc import SQLAlchemyError
from typing_extensions import override

from api.background import Background
from api.frames import Shelves
from api.insight import why
from autodistill.errors import AutodistillError
from autodistill.store import Sought, Store

NEWEST = 5
"""Jobs that are looked at."""


class Warming(Background):
    """A thread that ends by itself when the newest jobs are on their shelves."""

    def __init__(self, store: Store, shelves: Shelves) -> None:
        super().__init__("warming")
        self._store, self._shelves = store, shelves

    @override
    def _work(self) -> None:
        try:
            self.warm()
        except (SQLAlchemyError, AutodistillError) as error:  # whoever asks first is told
            logging.getLogger(__name__).warning("Jobs were not read ahead: %s", error)

    def warm(self) -> None:
        """Read the trials of the newest jobs, and work out what mattered in them."""
        with self._store.read() as tx:
            jobs = tx.jobs.list(Sought(), limit=NEWEST)
        for job in jobs:
            if self._stopping.is_set():
                return
            with self._store.read() as tx:
                why(tx, job, self._shelves.of(job.id))
