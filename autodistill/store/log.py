"""The event log of a job: append-only, numbered without gaps."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, insert, select, update

from autodistill.record import Event
from autodistill.store import tables
from autodistill.store.database import now


def append(connection: Connection, job_id: str, kind: str, data: dict[str, Any]) -> None:
    """Add an event; the job's row gives its number, so that writers wait for each other."""
    seq = connection.scalar(
        update(tables.job)
        .where(tables.job.c.id == job_id)
        .values(last_seq=tables.job.c.last_seq + 1)
        .returning(tables.job.c.last_seq)
    )
    connection.execute(
        insert(tables.event).values(
            job_id=job_id, seq=seq, kind=kind, data=data, created_at=now(connection)
        )
    )


class Events:
    """Reading the log."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def after(self, job_id: str, seq: int, limit: int = 500) -> list[Event]:
        """Return the events that follow a number, in order."""
        table = tables.event
        query = select(table).where(table.c.job_id == job_id, table.c.seq > seq)
        rows = self._connection.execute(query.order_by(table.c.seq).limit(limit)).mappings()
        return [Event.model_validate(dict(row)) for row in rows]

    def latest(self, job_id: str) -> int:
        """Return the number of the last event; 0 when there is none."""
        query = select(tables.job.c.last_seq).where(tables.job.c.id == job_id)
        return self._connection.scalar(query) or 0
