"""Trials and their curves, as they are read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    Row,
    Select,
    func,
    literal,
    or_,
    select,
    type_coerce,
)

from autodistill.errors import NotFound
from autodistill.record import Confusion, Measurement, Origin, Trial, TrialState
from autodistill.store import tables

COLUMNS = [c for c in tables.trial.c if c.name in Trial.model_fields]


def to_trial(row: Row[*tuple[Any, ...]], **rest: Any) -> Trial:
    """Return a row as a record, with what its table does not hold."""
    values = {c.name: row._mapping[c] for c in COLUMNS}
    return Trial.model_validate(values | rest)


def select_trials() -> Select[*tuple[Any, ...]]:
    """Return the query of trials without their curves."""
    trial, measurement = tables.trial, tables.measurement
    done = (
        select(func.coalesce(func.max(measurement.c.epoch), 0))
        .where(measurement.c.job_id == trial.c.job_id, measurement.c.number == trial.c.number)
        .correlate(trial)
        .scalar_subquery()
    )
    return select(*COLUMNS, done.label("epochs_done"))


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
        mine = table.c.job_id == job_id, table.c.number == number
        row = self._connection.execute(select(*COLUMNS).where(*mine)).first()
        if row is None:
            raise NotFound("trial", f"{number}")
        curves = _curves(self._connection, job_id, tables.measurement.c.number == number)
        return _with_curve(row, curves[number])

    def confusion(self, job_id: str, number: int) -> Confusion | None:
        """Return which classes a trial's student takes for which on dev, where that was kept.

        Raises:
            NotFound: When the job has no trial of that number.
        """
        table = tables.trial
        mine = table.c.job_id == job_id, table.c.number == number
        row = self._connection.execute(select(table.c.confusion).where(*mine)).first()
        if row is None:
            raise NotFound("trial", f"{number}")
        found: Confusion | None = row.confusion
        return found

    def all(self, job_id: str) -> list[Trial]:
        """Return every trial of a job with its curve, by ascending number."""
        return self.since(job_id, 0)

    def since(self, job_id: str, after: int) -> list[Trial]:
        """Return the trials that ended after the `after`-th of their job, and those that have not.

        With their curves, by ascending number.
        """
        table, measurement = tables.trial, tables.measurement
        fresh = or_(table.c.finish_order.is_(None), table.c.finish_order > after)
        mine = table.c.job_id == job_id, fresh
        query = select(*COLUMNS).where(*mine).order_by(table.c.number)
        rows = self._connection.execute(query).all()
        numbers = select(table.c.number).where(*mine)
        curves = _curves(self._connection, job_id, measurement.c.number.in_(numbers))
        return [_with_curve(row, curves[row.number]) for row in rows]

    def list(self, job_id: str, after: int | None = None, limit: int = 100) -> list[Trial]:
        """Return trials by ascending number without their curves, those after a number."""
        table = tables.trial
        query = select_trials().where(table.c.job_id == job_id)
        if after is not None:
            query = query.where(table.c.number > after)
        return _listed(self._connection, query.order_by(table.c.number).limit(limit))

    def best(self, job_id: str, *, maximise: bool) -> Trial | None:
        """Return the complete trial that distils and has the best score; the earlier one of equals.

        Without its curve; confirmations are left out. The score is the job's first objective on
        dev.
        """
        table = tables.trial
        query = select_trials().where(
            table.c.job_id == job_id,
            table.c.score.is_not(None),
            table.c.state == TrialState.COMPLETE,
            table.c.distils,
            table.c.origin != Origin.CONFIRMATION,
        )
        order = table.c.score.desc() if maximise else table.c.score
        leader = query.order_by(order, table.c.number).limit(1)
        return next(iter(_listed(self._connection, leader)), None)

    def courses(
        self, job_id: str, name: str, numbers: Sequence[int]
    ) -> dict[int, dict[int, float]]:
        """Return the measurement of that name by epoch, for some trials."""
        table = tables.measurement
        value = type_coerce(table.c["values"], JSON)[name].as_float()
        query = (
            select(table.c.number, table.c.epoch, value)
            .where(table.c.job_id == job_id, table.c.number.in_(numbers), value.is_not(None))
            .order_by(table.c.number, table.c.epoch)
        )
        found: dict[int, dict[int, float]] = {number: {} for number in numbers}
        for number, epoch, measured in self._connection.execute(query):
            found[number][epoch] = measured
        return found

    def spark(self, job_id: str, *, maximise: bool, points: int) -> Sequence[float]:
        """Return the best score so far at some evenly spaced trials, plain fine-tuning left out."""
        table = tables.trial
        aside = Origin.BASELINE, Origin.CONFIRMATION
        mine = table.c.job_id == job_id, table.c.origin.not_in(aside)
        last = self._connection.scalar(select(func.max(table.c.number)).where(*mine))
        if last is None:
            return []
        place = table.c.number * points // literal(last + 1)
        best = (func.max if maximise else func.min)(table.c.score)
        query = (
            select(best)
            .where(*mine, table.c.state == TrialState.COMPLETE, table.c.score.is_not(None))
            .group_by(place)
            .order_by(place)
        )
        values: Sequence[float] = self._connection.scalars(query).all()
        return list(accumulate(values, max if maximise else min))

    def failed(self, job_id: str, limit: int = 100) -> Sequence[Trial]:
        """Return the newest trials that failed, without their curves."""
        table = tables.trial
        query = select_trials().where(table.c.job_id == job_id, table.c.state == TrialState.FAILED)
        return _listed(self._connection, query.order_by(table.c.number.desc()).limit(limit))

    def epochs_done(self, job_id: str) -> int:
        """Return how many epochs all trials of a job have done together."""
        table = tables.measurement
        query = select(func.count()).select_from(table).where(table.c.job_id == job_id)
        return self._connection.scalar(query) or 0

    def running(self, job_ids: Iterable[str]) -> dict[str, int]:
        """Return how many trials of each job run."""
        table = tables.trial
        query = select(table.c.job_id, func.count()).where(
            table.c.job_id.in_(list(job_ids)), table.c.state == TrialState.RUNNING
        )
        return {job: n for job, n in self._connection.execute(query.group_by(table.c.job_id))}

    def counts(self, job_id: str) -> dict[TrialState, int]:
        """Return how many trials are in each state, confirmations left out."""
        table = tables.trial
        query = select(table.c.state, func.count()).where(
            table.c.job_id == job_id, table.c.origin != Origin.CONFIRMATION
        )
        found = {
            TrialState(s): n for s, n in self._connection.execute(query.group_by(table.c.state))
        }
        return {state: found.get(state, 0) for state in TrialState}


def _with_curve(row: Row[*tuple[Any, ...]], curve: Iterable[Measurement]) -> Trial:
    curve = tuple(curve)
    done = max((m.epoch for m in curve), default=0)
    return to_trial(row, epochs_done=done, curve=curve)


def _listed(connection: Connection, query: Select[*tuple[Any, ...]]) -> list[Trial]:
    rows = connection.execute(query)
    return [to_trial(row, epochs_done=row.epochs_done) for row in rows]


def _curves(
    connection: Connection, job_id: str, *those: ColumnElement[bool]
) -> defaultdict[int, list[Measurement]]:
    table = tables.measurement
    query = select(table.c.number, table.c.epoch, table.c["values"])
    query = query.where(table.c.job_id == job_id, *those)
    curves: defaultdict[int, list[Measurement]] = defaultdict(list)
    for number, epoch, values in connection.execute(query.order_by(table.c.epoch)):
        curves[number].append(Measurement(epoch=epoch, values=values))
    return curves
