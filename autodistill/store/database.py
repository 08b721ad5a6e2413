"""The connection: how SQLite and PostgreSQL are opened and begun, and the dialect's own INSERT."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic_core import PydanticSerializationError, from_json, to_json
from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite

BUSY_TIMEOUT_MS = 30_000
NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


def open_engine(url: str, *, foreign_keys: bool = True) -> Engine:
    """Return an engine on which a transaction begins as its execution option `write` says."""
    json = {"json_serializer": as_json, "json_deserializer": from_json}
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=20, **json)
    engine = create_engine(url, connect_args={"check_same_thread": False}, **json)

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # BEGIN is ours
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "journal_mode=WAL",
            "synchronous=NORMAL",
            f"foreign_keys={'ON' if foreign_keys else 'OFF'}",
        ):
            connection.execute(f"PRAGMA {pragma}").fetchall()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A deferred transaction that writes later fails at once where another has written.
        write = connection.get_execution_options().get("write", True)
        driver = connection.connection.dbapi_connection
        assert driver is not None
        driver.execute(f"PRAGMA query_only={'OFF' if write else 'ON'}")
        driver.execute("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def for_reading(connection: Connection) -> Connection:
    """Return the connection set so that its transaction sees one moment and changes nothing."""
    if connection.dialect.name == "sqlite":
        return connection.execution_options(write=False)
    return connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT that can say what happens where the row is there already."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)


def as_json(value: Any) -> str:
    """Return a value as JSON that every database can hold: no NaN, no NUL, no half characters."""
    try:
        text = to_json(value, inf_nan_mode="null").decode()
    except PydanticSerializationError:  # what a file name or an error can bring, but no text is
        text = to_json(_whole(value), inf_nan_mode="null").decode()
    return NUL.sub(r"\1\\ufffd", text)


def _whole(value: Any) -> Any:
    """Return a JSON value with its halves of surrogate pairs replaced."""
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if isinstance(value, Mapping):
        return {_whole(k): _whole(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_whole(v) for v in value]
    return value
