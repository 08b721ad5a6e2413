"""Bringing a database's schema to the newest revision."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, func, make_url, select

from autodistill.store.database import open_engine

REVISIONS = Path(__file__).parents[2] / "migrations"
"""Beside `autodistill`, in a checkout as in an installation."""
LOCK = 7_041_776
"""Of PostgreSQL: one process at a time changes the schema."""


def migrate(url: str, revision: str = "head") -> None:
    """Run the revisions that a database lacks."""
    config = Config()
    config.set_main_option("script_location", str(REVISIONS).replace("%", "%%"))
    with schema_connection(url) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


@contextmanager
def schema_connection(url: str) -> Iterator[Connection]:
    """Open the one connection that may change the schema; others wait until it has committed.

    SQLite changes a table by building it anew, which enforced foreign keys would forbid.
    """
    address = make_url(url)
    if address.get_backend_name() == "sqlite" and address.database:
        Path(address.database).parent.mkdir(parents=True, exist_ok=True)
    engine = open_engine(url, foreign_keys=False)
    try:
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(select(func.pg_advisory_xact_lock(LOCK)))
            yield connection
    finally:
        engine.dispose()
