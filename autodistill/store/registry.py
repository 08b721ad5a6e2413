"""Datasets and models: registered once, found by id or name."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Table, insert, or_, select

from autodistill.errors import Conflict, NotFound
from autodistill.record import Registered

R = TypeVar("R", bound=Registered)


class Registry(Generic[R]):
    """The rows of one table as records."""

    def __init__(self, connection: Connection, table: Table, record: type[R]) -> None:
        self._connection, self._table, self._record = connection, table, record

    def add(self, record: R) -> R:
        """Add a record, or return the one that is already there under its id.

        Raises:
            Conflict: When the name belongs to other content.
        """
        columns = self._table.c
        rows = self._connection.execute(
            select(self._table).where(or_(columns.id == record.id, columns.name == record.name))
        ).mappings()
        known = [self._record.model_validate(dict(row)) for row in rows]
        for other in known:
            if other.id == record.id:
                return other
        if known:
            kind = self._table.name
            raise Conflict(f'The name "{record.name}" belongs to another {kind}; choose another.')
        values: dict[str, Any] = record.model_dump(mode="json") | {"created_at": record.created_at}
        self._connection.execute(insert(self._table).values(values))
        return record

    def get(self, id_or_name: str) -> R:
        """Return a record by id or by name.

        Raises:
            NotFound: When there is none; it lists some of those there are.
        """
        columns = self._table.c
        row = (
            self._connection.execute(
                select(self._table).where(or_(columns.id == id_or_name, columns.name == id_or_name))
            )
            .mappings()
            .first()
        )
        if row is None:
            known = self._connection.scalars(select(columns.name).order_by(columns.name).limit(20))
            raise NotFound(self._table.name, id_or_name, tuple(known))
        return self._record.model_validate(dict(row))

    def list(self, after: str | None = None, limit: int = 100) -> list[R]:
        """Return records by ascending name, those after a name."""
        query = select(self._table).order_by(self._table.c.name).limit(limit)
        if after is not None:
            query = query.where(self._table.c.name > after)
        rows = self._connection.execute(query).mappings()
        return [self._record.model_validate(dict(row)) for row in rows]
