"""Takes back trials whose askers have fallen silent, also where nobody asks any more."""

from __future__ import annotations

import logging
import threading

from sqlalchemy.exc import SQLAlchemyError

from api.lending import Desk
from autodistill.errors import AutodistillError

POLL_S = 5.0


class Reclaiming:
    """A thread of the API."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._stopping = desk, threading.Event()
        self._thread = threading.Thread(target=self._work, name="reclaiming", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """End after the trial in hand."""
        self._stopping.set()
        self._thread.join()

    def _work(self) -> None:
        look = self._desk.settle_all
        while True:
            try:
                look()
                look = self._desk.reclaim
            except (SQLAlchemyError, AutodistillError) as error:
                logging.getLogger(__name__).warning("Leases could not be looked at: %s", error)
                self._desk.doubt()  # where the database is away, nobody can renew a lease
            if self._stopping.wait(POLL_S):
                return
