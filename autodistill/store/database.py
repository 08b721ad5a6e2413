"""The connection: how SQLite and PostgreSQL are opened and begun, and the dialect's own INSERT."""

from __future__ import annotations

from typing import Any

from pydantic_core import to_json
from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite

BUSY_TIMEOUT_MS = 30_000


def open_engine(url: str, *, foreign_keys: bool = True) -> Engine:
    """Return an engine on which a transaction begins as its execution option `write` says."""
    if not url.startswith("sqlite"):
        return create_engine(
            url, json_serializer=_json, pool_pre_ping=True, pool_size=10, max_overflow=20
        )
    engine = create_engine(url, json_serializer=_json, connect_args={"check_same_thread": False})

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


def _json(value: Any) -> str:
    return to_json(value, inf_nan_mode="null").decode()
