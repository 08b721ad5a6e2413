"""Replies to keyed requests, so that a repeated POST answers as the first and does nothing more."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from autodistill.errors import InvalidInput, Problem
from autodistill.store import tables
from autodistill.store.database import now


class Replies:
    """What was answered under a key."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def recall(self, key: str, principal: str, request_sha: str) -> dict[str, Any] | None:
        """Return the reply of an earlier request with this key, or None.

        Raises:
            InvalidInput: When that request had another body.
        """
        table = tables.idempotency
        row = self._connection.execute(
            select(table).where(
                table.c.key == key,
                table.c.principal == principal,
                table.c.expires_at >= now(self._connection),
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
        *,
        ttl_s: float = 86_400,
    ) -> None:
        """Keep a reply; expired ones go."""
        table, moment = tables.idempotency, now(self._connection)
        self._connection.execute(delete(table).where(table.c.expires_at < moment))
        self._connection.execute(
            insert(table).values(
                key=key,
                principal=principal,
                request_sha=request_sha,
                response=response,
                expires_at=moment + timedelta(seconds=ttl_s),
            )
        )
