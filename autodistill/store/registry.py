"""Datasets and models: registered once, found by id or name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from sqlalchemy import Connection, Table, delete, func, or_, select

from autodistill.errors import Conflict, NotFound
from autodistill.record import Registered
from autodistill.store.columns import Clock
from autodistill.store.database import insert

R = TypeVar("R", bound=Registered)


class Registry(Generic[R]):
    """The rows of one table as records."""

    def __init__(self, connection: Connection, table: Table, record: type[R]) -> None:
        self._connection, self._table = connection, table
        self._record: type[R] = record

    def add(self, record: R) -> R:
        """Add a record, or return the one that is already there under its id.

        Its `created_at` is the database's time.

        Raises:
            Conflict: When the name belongs to other content.
        """
        values = dict(record) | {"created_at": Clock()}
        self._connection.execute(
            insert(self._connection, self._table).values(values).on_conflict_do_nothing()
        )
        if (known := self._find(record.id)) is not None and known.id == record.id:
            return known
        kind = self._table.name
        raise Conflict(f'The name "{record.name}" belongs to another {kind}; choose another.')

    def get(self, id_or_name: str) -> R:
        """Return a record by id or by name.

        Raises:
            NotFound: When there is none; it lists some of those there are.
        """
        if (found := self._find(id_or_name)) is not None:
            return found
        name = self._table.c.name
        known = self._connection.scalars(select(name).order_by(name).limit(20))
        raise NotFound(self._table.name, id_or_name, tuple(known))

    def remove(self, record: R, users: Sequence[str]) -> None:
        """Forget a record.

        Args:
            record: What is no longer wanted.
            users: Ids of the jobs that use it; a job keeps what it was made from.

        Raises:
            Conflict: When a job uses it.
        """
        if users:
            some = ", ".join(users[:5]) + " …" * (len(users) > 5)
            message = f"The {self._table.name} {record.name} is used by {some}; it stays with them."
            raise Conflict(message)
        self._connection.execute(delete(self._table).where(self._table.c.id == record.id))

    def count(self) -> int:
        """Return how many records there are."""
        return self._connection.scalar(select(func.count()).select_from(self._table)) or 0

    def list(self, after: str | None = None, limit: int = 100) -> list[R]:
        """Return records by ascending name: those after a name, or after the record of an id."""
        columns = self._table.c
        query = select(self._table).order_by(columns.name).limit(limit)
        if after is not None:
            named = select(columns.name).where(columns.id == after).scalar_subquery()
            query = query.where(columns.name > func.coalesce(named, after))
        rows = self._connection.execute(query).mappings()
        return [self._record.model_validate(dict(row)) for row in rows]

    def _find(self, id_or_name: str) -> R | None:
        columns = self._table.c
        query = (
            select(self._table)
            .where(or_(columns.id == id_or_name, columns.name == id_or_name))
            .order_by(columns.id != id_or_name)  # an id beats a name that looks like it
        )
        row = self._connection.execute(query.limit(1)).mappings().first()
        return None if row is None else self._record.model_validate(dict(row))
