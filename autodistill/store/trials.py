"""Trials and their curves, as they are read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, select

from autodistill.errors import NotFound
from autodistill.record import Measurement, Trial, TrialState
from autodistill.store import tables

Curve = list[Measurement]
COLUMNS = [c for c in tables.trial.c if c.name in Trial.model_fields]


def to_trial(row: Row[Any], curve: Iterable[Measurement] = ()) -> Trial:
    """Return a row as a record."""
    values = {k: v for k, v in row._mapping.items() if k != "id"}
    return Trial.model_validate(values | {"curve": tuple(curve)})


class Trials:
    """Reading trials."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, job_id: str, number: int) -> Trial:
        """Return a trial with its curve.

        Raises:
            NotFound: When the job has no trial of that number.
        """
        table = tables.trial
        query = select(table.c.id, *COLUMNS)
        row = self._connection.execute(
            query.where(table.c.job_id == job_id, table.c.number == number)
        ).first()
        if row is None:
            raise NotFound("trial", f"{number}")
        return to_trial(row, self._curves([row.id])[row.id])

    def list(self, job_id: str, after: int | None = None, limit: int = 100) -> Sequence[Trial]:
        """Return trials by ascending number without their curves, those after a number."""
        table = tables.trial
        query = select(*COLUMNS).where(table.c.job_id == job_id)
        if after is not None:
            query = query.where(table.c.number > after)
        rows = self._connection.execute(query.order_by(table.c.number).limit(limit))
        return [to_trial(row) for row in rows]

    def all(self, job_id: str) -> Sequence[Trial]:
        """Return every trial of a job with its curve."""
        table = tables.trial
        query = select(table.c.id, *COLUMNS).where(table.c.job_id == job_id)
        rows = self._connection.execute(query.order_by(table.c.number)).all()
        curves = self._curves([row.id for row in rows])
        return [to_trial(row, curves[row.id]) for row in rows]

    def counts(self, job_id: str) -> dict[TrialState, int]:
        """Return how many trials are in each state, confirmations left out."""
        table = tables.trial
        query = select(table.c.state, func.count()).where(
            table.c.job_id == job_id, table.c.origin != "confirmation"
        )
        found = {
            TrialState(s): n for s, n in self._connection.execute(query.group_by(table.c.state))
        }
        return {state: found.get(state, 0) for state in TrialState}

    def epochs_done(self, job_id: str) -> int:
        """Return how many epochs all trials of a job have done together."""
        table = tables.trial
        query = select(func.coalesce(func.sum(table.c.epochs_done), 0))
        return int(self._connection.scalar(query.where(table.c.job_id == job_id)) or 0)

    def _curves(self, trial_ids: Iterable[int]) -> dict[int, Curve]:
        table = tables.measurement
        curves: dict[int, Curve] = {trial_id: [] for trial_id in trial_ids}
        query = select(table).where(table.c.trial_id.in_(curves)).order_by(table.c.epoch)
        for row in self._connection.execute(query):
            curves[row.trial_id].append(Measurement(epoch=row.epoch, values=row._mapping["values"]))
        return curves
