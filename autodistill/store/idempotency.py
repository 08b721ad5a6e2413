"""Replies to keyed requests, so that a repeated POST answers as the first and does nothing more."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, func, select

from autodistill.errors import InvalidInput, Problem
from autodistill.store import tables
from autodistill.store.columns import Clock
from autodistill.store.database import insert


class Idempotency:
    """What was answered under a key."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def recall(self, key: str, principal: str, request_sha: str) -> dict[str, Any] | None:
        """Return the reply of an earlier request with this key, or None.

        Requests with the same key wait here for each other until the transaction ends.

        Raises:
            InvalidInput: When that request had another body.
        """
        table = tables.idempotency
        if self._connection.dialect.name == "postgresql":  # SQLite has one writer anyway
            name = f"{principal}\n{key}".replace("\0", "")
            lock = func.pg_advisory_xact_lock(func.hashtextextended(name, 0))
            self._connection.execute(select(lock))
        row = self._connection.execute(
            select(table.c.request_sha, table.c.response).where(
                table.c.key == key,
                table.c.principal == principal,
                table.c.expires_at > Clock(),
            )
        ).first()
        if row is None:
            return None
        if row.request_sha != request_sha:
            message = f'The key "{key}" was used for another request; use a fresh one.'
            raise InvalidInput(Problem(field="Idempotency-Key", message=message))
        response: dict[str, Any] = row.response
        return response

    def remember(
        self,
        key: str,
        principal: str,
        request_sha: str,
        response: dict[str, Any],
        ttl_s: float = 86_400,
    ) -> None:
        """Keep a reply for a while; replies whose time is over go."""
        table = tables.idempotency
        self._connection.execute(delete(table).where(table.c.expires_at <= Clock()))
        self._connection.execute(
            insert(self._connection, table).values(
                key=key,
                principal=principal,
                request_sha=request_sha,
                response=response,
                expires_at=Clock(ttl_s),
            )
        )
