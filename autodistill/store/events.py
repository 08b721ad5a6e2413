"""The event log of a job: append-only, numbered without gaps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, func, insert, literal, select

from autodistill.metrics import COSTS
from autodistill.record import Event
from autodistill.store import tables
from autodistill.store.columns import Clock, Line
from autodistill.store.outbox import queue_deliveries
from autodistill.store.rows import as_rows
from autodistill.webhooks import ENDS

EARLY = 2000
"""Events among which a preparation is looked for: it comes before the first trial."""
WINDOW = 4000
"""Entries that a look back goes through at once."""
TEACHER_STEPS = ("teacher_epoch", "ready")


class Events:
    """Writing and reading the log.

    What is appended is written in one statement, before the transaction ends or reads the log.
    Whoever appends holds the job's row, so that writers of one job wait for each other.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._pending: dict[str, list[dict[str, Any]]] = {}

    def append(self, job_id: str, kind: str, data: Mapping[str, Any]) -> None:
        """Add an event at the end of the log."""
        self._pending.setdefault(job_id, []).append({"kind": kind, "data": dict(data)})

    def flush(self) -> None:
        """Write what was appended."""
        table, pending = tables.event, self._pending
        self._pending = {}
        for job_id, entries in pending.items():
            rows = as_rows(self._connection, entries)
            last = select(func.coalesce(func.max(table.c.seq), 0)).where(table.c.job_id == job_id)
            written = select(
                literal(job_id, Line),
                last.scalar_subquery() + rows.position,
                rows.value["kind"].as_string(),
                rows.value["data"],
                Clock(),
            )
            self._connection.execute(
                insert(table).from_select(["job_id", "seq", "kind", "data", "created_at"], written)
            )
            if any(entry["kind"] in ENDS for entry in entries):
                queue_deliveries(self._connection, job_id)

    def after(self, job_id: str, seq: int, limit: int = 500) -> list[Event]:
        """Return the events that follow a number, in order."""
        self.flush()
        table = tables.event
        query = select(table).where(table.c.job_id == job_id, table.c.seq > seq)
        rows = self._connection.execute(query.order_by(table.c.seq).limit(limit)).mappings()
        return [Event.model_validate(dict(row)) for row in rows]

    def all(self, job_id: str) -> Iterator[Event]:
        """Yield the whole log, a page in memory at a time."""
        last = 0
        while page := self.after(job_id, last):
            yield from page
            last = page[-1].seq

    def latest(self, job_id: str) -> int:
        """Return the number of the last event; 0 when there is none."""
        self.flush()
        query = select(func.max(tables.event.c.seq)).where(tables.event.c.job_id == job_id)
        return self._connection.scalar(query) or 0

    def told(
        self, job_id: str, before: int | None = None, window: int = WINDOW
    ) -> tuple[list[Event], int]:
        """Return what happened in the last `window` entries before a number, measurements left out.

        Also returns the number of the window's first entry: give it as `before` to go further back.
        """
        end = self.latest(job_id) + 1 if before is None else before
        start = max(1, end - window)
        table = tables.event
        query = select(table).where(
            table.c.job_id == job_id,
            table.c.seq >= start,
            table.c.seq < end,
            table.c.kind != "measurement",
        )
        rows = self._connection.execute(query.order_by(table.c.seq)).mappings()
        return [Event.model_validate(dict(row)) for row in rows], start

    def teacher(self, job_id: str) -> dict[str, float]:
        """Return what the preparation said of the teacher: `dev/<metric>` and its costs."""
        self.flush()
        table = tables.event
        query = (
            select(table.c.data)
            .where(table.c.job_id == job_id, table.c.seq <= EARLY, table.c.kind == "prepare")
            .order_by(table.c.seq)
        )
        told = [d for d in self._connection.scalars(query) if d.get("step") in TEACHER_STEPS]
        return {
            name: float(value)
            for data in told
            for name, value in data.items()
            if isinstance(value, int | float) and (name.startswith("dev/") or name in COSTS)
        }
