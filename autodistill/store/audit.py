"""Who changed what, and when: written in the transaction that makes the change."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select

from autodistill.access import AuditEntry
from autodistill.store import tables
from autodistill.store.columns import Clock


class Audit:
    """An append-only trail."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, who: str, action: str, target: str) -> None:
        """Remember that somebody did something to something."""
        entry = {"at": Clock(), "who": who, "action": action, "target": target}
        self._connection.execute(insert(tables.audit).values(entry))

    def list(self, before: int | None = None, limit: int = 100) -> list[AuditEntry]:
        """Return entries, newest first; those before a position."""
        table = tables.audit
        query = select(table).order_by(table.c.position.desc()).limit(limit)
        if before is not None:
            query = query.where(table.c.position < before)
        rows = self._connection.execute(query).mappings()
        return [AuditEntry.model_validate(dict(row)) for row in rows]
