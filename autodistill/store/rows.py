"""Many rows in one statement that does not grow with them, so that it is compiled once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import JSON, ColumnElement, Connection, Integer, cast, column, func, literal


class Rows(NamedTuple):
    """Columns of a table of JSON objects."""

    position: ColumnElement[int]
    """From 1 on."""
    value: ColumnElement[Any]


def as_rows(connection: Connection, values: Sequence[Mapping[str, Any]]) -> Rows:
    """Return values, passed as one JSON array, as a table to select from."""
    given = literal(values, JSON)
    if connection.dialect.name == "postgresql":
        elements = func.json_array_elements(cast(given, JSON))
        table = elements.table_valued(column("value", JSON), with_ordinality="position")
        table = table.render_derived()
        return Rows(table.c.position, table.c.value)
    table = func.json_each(given).table_valued(column("key", Integer), column("value", JSON))
    return Rows(table.c.key + 1, table.c.value)
