"""Trials as plain values, for whoever reads very many: no record is built, no JSON validated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ColumnElement, Connection, func, select, type_coerce

from autodistill.record import TrialState
from autodistill.store import tables

BLOCK = 500
"""Trials that are in memory at once."""
MOST = 4000
"""Trials that are read in one piece."""


class PlainTrials:
    """Reading trials by the thousand."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ended(self, job_id: str, after: int) -> Iterator[list[Mapping[str, Any]]]:
        """Yield blocks of the trials that finished after the `after`-th of their job, in order.

        A finished trial never changes, so that a reader need not read it twice.
        """
        order = tables.trial.c.finish_order
        while block := self._read(job_id, order > after, BLOCK):
            yield block
            after = block[-1]["finish_order"]

    def others(self, job_id: str) -> list[Mapping[str, Any]]:
        """Return the trials that have not finished: open ones, and those cancelled with their job.

        At most `MOST` of them, the lowest numbers first.
        """
        return self._read(job_id, tables.trial.c.finish_order.is_(None))

    def some(self, job_id: str, numbers: Sequence[int]) -> list[Mapping[str, Any]]:
        """Return the trials of those numbers, at most `MOST`."""
        return self._read(job_id, tables.trial.c.number.in_(numbers))

    def newest(self, job_id: str, limit: int) -> list[Mapping[str, Any]]:
        """Return the complete trials that finished last, the newest first."""
        trial = tables.trial.c
        query = (
            select(trial.finish_order)
            .where(trial.job_id == job_id, trial.state == TrialState.COMPLETE)
            .order_by(trial.finish_order.desc())
            .limit(limit)
        )
        return self._read(job_id, trial.finish_order.in_(query))[::-1]

    def _read(
        self, job_id: str, those: ColumnElement[bool], limit: int = MOST
    ) -> list[Mapping[str, Any]]:
        trial, measurement = tables.trial.c, tables.measurement.c
        done = (
            select(func.max(measurement.epoch))
            .where(measurement.job_id == trial.job_id, measurement.number == trial.number)
            .correlate(tables.trial)
            .scalar_subquery()
        )
        query = (
            select(
                trial.number,
                trial.finish_order,
                trial.origin,
                trial.state,
                trial.distils,
                trial.score,
                trial.seconds,
                trial.num_attempts,
                done.label("epochs_done"),
                type_coerce(trial.spec, JSON).label("spec"),
                type_coerce(trial.dev, JSON).label("dev"),
                type_coerce(trial.test, JSON).label("test"),
                trial.created_at,
                trial.finished_at,
            )
            .where(trial.job_id == job_id, those)
            .order_by(trial.finish_order, trial.number)
            .limit(limit)
        )
        return [_plain(dict(row._mapping)) for row in self._connection.execute(query)]


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    spec = row.pop("spec")
    times = {name: _seconds(row[name]) for name in ("created_at", "finished_at")}
    return row | times | {"pipeline": spec["pipeline"], "student": spec["student"]}


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
