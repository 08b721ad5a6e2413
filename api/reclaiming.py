"""Takes back trials whose askers have fallen silent, also where nobody asks any more."""

from __future__ import annotations

import logging

from sqlalchemy.exc import SQLAlchemyError
from typing_extensions import override

from api.background import Background
from api.lending import Desk
from autodistill.errors import AutodistillError

POLL_S = 5.0


class Reclaiming(Background):
    """A thread of the API."""

    def __init__(self, desk: Desk) -> None:
        super().__init__("reclaiming")
        self._desk = desk

    @override
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
