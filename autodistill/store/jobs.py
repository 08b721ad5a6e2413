"""Jobs: submitted, wished for, listed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    Row,
    Text,
    and_,
    case,
    cast,
    func,
    insert,
    or_,
    select,
    type_coerce,
    update,
)

from autodistill.errors import Conflict, NotFound, Outdated
from autodistill.record import Dataset, Job, JobState, Orders, Origin, Wish
from autodistill.spec import JobSpec
from autodistill.store import tables
from autodistill.store.columns import Clock
from autodistill.store.events import Events
from autodistill.store.registry import Registry
from autodistill.store.settling import OPEN, settle_trials
from autodistill.task import TaskFacts

COLUMNS = [c for c in tables.job.c if c.name in Job.model_fields]
IDLE = {
    Wish.RUN: JobState.QUEUED,
    Wish.PAUSE: JobState.PAUSED,
    Wish.CANCEL: JobState.CANCELLED,
}
"""Where a job that nobody works on belongs."""

NEEDED = (Origin.BASELINE, Origin.CONFIRMATION)
"""Trials that a job's result is made of, and that nobody stops alone."""

ORDERS: dict[str, ColumnElement[Any]] = {
    "created": tables.job.c.position,
    "name": func.lower(type_coerce(tables.job.c.spec, JSON)["name"].as_string()),
    "state": tables.job.c.state,
    "dataset": tables.job.c.dataset_id,
    "finished": func.coalesce(tables.job.c.finished_at, tables.job.c.created_at),
}
"""What jobs can be sorted by."""


@dataclass(frozen=True)
class Sought:
    """Which jobs are asked for, and in which order."""

    state: JobState | None = None
    project: str | None = None
    registered: str | None = None
    """Id of a dataset or model that they use."""
    text: str = ""
    """Part of the name or id, in any case."""
    order: str = "created"
    descending: bool = True
    after: str | None = None
    """The job that they follow."""

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """Yield what must hold of a row."""
        table = tables.job
        if self.state is not None:
            yield table.c.state == self.state
        if self.project is not None:
            yield table.c.project == self.project
        if self.registered is not None:
            named = cast(table.c.spec, Text).contains(f'"{self.registered}"', autoescape=True)
            yield or_(table.c.dataset_id == self.registered, named)
        if self.text:
            name = type_coerce(table.c.spec, JSON)["name"].as_string()
            yield or_(
                name.icontains(self.text, autoescape=True),
                table.c.id.icontains(self.text, autoescape=True),
            )


def to_job(row: Row[*tuple[Any, ...]]) -> Job:
    """Return a row as a record."""
    return Job.model_validate({c.name: row._mapping[c] for c in COLUMNS})


def held() -> ColumnElement[bool]:
    """Whether somebody works on a job."""
    return tables.job.c.lease_until > Clock()


class Jobs:
    """What users ask and see of jobs."""

    def __init__(self, connection: Connection, events: Events) -> None:
        self._connection, self._events = connection, events

    def add(self, job_id: str, spec: JobSpec, *, facts: Mapping[str, TaskFacts]) -> Job:
        """Queue a job.

        Args:
            job_id: New.
            spec: What was admitted.
            facts: By student label; they come back with the job's trials in `history`.

        Raises:
            NotFound: When its dataset is not registered.
        """
        dataset = Registry(self._connection, tables.dataset, Dataset).get(spec.dataset)
        self._connection.execute(
            insert(tables.job).values(
                id=job_id,
                project=spec.project,
                dataset_id=dataset.id,
                objective=spec.objectives[0].metric,
                spec=spec,
                facts=dict(facts),
                priority=spec.priority,
                state=JobState.QUEUED,
                wish=Wish.RUN,
                version=1,
                message="",
                created_at=Clock(),
                owner_epoch=0,
                slots=0,
                round_start=0,
                runs=spec.runs,
                tryout=spec.tryout,
            )
        )
        self._events.append(job_id, "job.queued", {})
        return self.get(job_id)

    def get(self, job_id: str) -> Job:
        """Return a job.

        Raises:
            NotFound: When there is none of that id.
        """
        query = select(*COLUMNS).where(tables.job.c.id == job_id)
        row = self._connection.execute(query).first()
        if row is None:
            raise NotFound("job", job_id)
        return to_job(row)

    def orders(self, job_id: str) -> Orders:
        """Return what the driver of a job is to do now."""
        job, trial = tables.job.c, tables.trial.c
        asked = trial.stop_asked_at.is_not(None) & trial.state.in_(OPEN)
        query = (
            select(job.wish, job.slots, trial.number)
            .outerjoin_from(tables.job, tables.trial, (trial.job_id == job.id) & asked)
            .where(job.id == job_id)
        )
        rows = self._connection.execute(query).all()
        stops = frozenset(row.number for row in rows if row.number is not None)
        return Orders(Wish(rows[0].wish), rows[0].slots, stops)

    def stop(self, job_id: str, number: int) -> None:
        """Ask for the end of an open trial; whoever drives the job ends it after its epoch.

        Raises:
            NotFound: When there is no such trial.
            Conflict: When it has ended, or the job's result needs it.
        """
        table = tables.trial
        mine = table.c.job_id == job_id, table.c.number == number
        row = self._connection.execute(select(table.c.state, table.c.origin).where(*mine)).first()
        if row is None:
            raise NotFound("trial", f"{number}")
        if row.origin in NEEDED:
            message = f"Trial {number} of job {job_id} is a {row.origin}, which its result needs;"
            raise Conflict(f"{message} pause or cancel the job instead.")
        asked = update(table).where(*mine, table.c.state.in_(OPEN)).values(stop_asked_at=Clock())
        if self._connection.execute(asked).rowcount == 0:
            message = f"Trial {number} of job {job_id} is {row.state}; there is nothing to stop."
            raise Conflict(message)

    def facts(self, job_id: str) -> dict[str, TaskFacts]:
        """Return the facts of each student, as they were when the job was admitted.

        Raises:
            NotFound: When there is no such job.
        """
        query = select(tables.job.c.facts).where(tables.job.c.id == job_id)
        found: dict[str, TaskFacts] | None = self._connection.scalar(query)
        if found is None:
            raise NotFound("job", job_id)
        return found

    def list(self, sought: Sought | None = None, *, limit: int = 50) -> list[Job]:
        """Return the jobs that are sought, in the order that is asked for."""
        sought = sought or Sought()
        table, position = tables.job, tables.job.c.position
        key = ORDERS[sought.order]
        query = select(*COLUMNS).where(*sought.conditions()).limit(limit)
        if sought.after is not None:
            there = table.c.id == sought.after
            start = select(key).where(there).scalar_subquery()
            place = select(position).where(there).scalar_subquery()
            beyond = key < start if sought.descending else key > start
            query = query.where(or_(beyond, and_(key == start, position < place)))
        query = query.order_by(key.desc() if sought.descending else key, position.desc())
        return [to_job(row) for row in self._connection.execute(query)]

    def wish(self, job_id: str, wish: Wish, version: int | None = None) -> Job:
        """Say what the user wants of a job now.

        Its driver follows; where nobody holds the job it happens at once, and whoever held it
        before cannot write any more. A wish that is already there changes nothing.

        Raises:
            NotFound: When there is no such job.
            Conflict: When the job has ended or is being cancelled.
            Outdated: When it has changed since `version`.
        """
        table = tables.job
        row = self._connection.execute(
            select(*COLUMNS, case((held(), 1), else_=0).label("held"))
            .where(table.c.id == job_id)
            .with_for_update(key_share=True)
        ).first()
        if row is None:
            raise NotFound("job", job_id)
        job = to_job(row)
        _check(job, wish, version)
        state = job.state if row.held else _at_once(job.state, wish)
        if (wish, state) == (job.wish, job.state):
            return job
        values: dict[str, Any] = {"wish": wish, "version": job.version + 1}
        if state is not job.state:
            values |= {"state": state, "owner": None, "lease_until": None, "slots": 0}
            values["owner_epoch"] = job.owner_epoch + 1
        if state.terminal:
            values["finished_at"] = Clock()
        self._connection.execute(update(table).where(table.c.id == job_id).values(values))
        if state is job.state:
            self._events.append(job_id, "wish", {"wish": wish})
        else:
            settle_trials(self._connection, self._events, job_id, state)
            self._events.append(job_id, f"job.{state}", {"message": job.message})
        return self.get(job_id)


def _check(job: Job, wish: Wish, version: int | None) -> None:
    if version is not None and version != job.version:
        message = f"Job {job.id} has changed: it has version {job.version}, not {version}."
        raise Outdated(f"{message} Read it again and decide anew.")
    if job.state.terminal:
        raise Conflict(f"Job {job.id} is {job.state}; there is nothing left to {wish}.")
    if job.wish is Wish.CANCEL and wish is not Wish.CANCEL:
        raise Conflict(f"Job {job.id} is being cancelled, which cannot be undone; clone it.")


def _at_once(state: JobState, wish: Wish) -> JobState:
    """Return where a wish takes a job that nobody holds."""
    if wish is Wish.RUN and state is not JobState.PAUSED:
        return state  # it is claimed as it is
    return IDLE[wish]
