from __future__ import annotations

import sqlite3
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

from autodistill.record import TrialState
from autodistill.store import Store
from autodistill.store.migration import REVISIONS, schema_connection
from autodistill.testing.store_contract.samples import claim, complete, epoch, kinds
from migrations.freeze import FROZEN

SQLITE = sorted(FROZEN.glob("*.sqlite.sql"))
POSTGRESQL = sorted(FROZEN.glob("*.postgresql.sql"))


def keeps_working(store: Store) -> None:
    """Check that what was frozen is there, goes one step down and up, and is worked with."""
    store.migrate()
    config = Config()
    config.set_main_option("script_location", str(REVISIONS))
    with schema_connection(store.url) as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "-1")
    store.migrate()
    with store.read() as tx:
        assert [job.id for job in tx.jobs.list()] == ["job_2", "job_1"]
        trials = tx.trials.all("job_1")
    assert [t.dev["accuracy"] for t in trials] == [0.7, 0.8]
    assert trials[1].curve == (epoch(1), epoch(2, 0.8))
    logged = kinds(store)
    with store.write() as tx:
        tx.leases.release("job_1", tx.jobs.get("job_1").owner_epoch)
    complete(store, claim(store).owner_epoch, 2, 0.9)
    with store.read() as tx:
        assert tx.trials.counts("job_1")[TrialState.COMPLETE] == 3
    assert kinds(store)[: len(logged)] == logged


@pytest.mark.parametrize("path", SQLITE, ids=lambda path: path.stem)
def test_a_frozen_file_keeps_working(path: Path, tmp_path: Path) -> None:
    file = sqlite3.connect(tmp_path / "frozen.db")
    file.executescript(path.read_text())
    file.close()
    store = Store(f"sqlite:///{tmp_path / 'frozen.db'}")
    keeps_working(store)
    store.close()


@pytest.mark.parametrize("path", POSTGRESQL, ids=lambda path: path.stem)
def test_a_frozen_dump_keeps_working(path: Path, postgres: Engine) -> None:
    with postgres.connect() as connection:
        connection.execute(text("CREATE DATABASE frozen"))
    url = postgres.url.set(database="frozen")
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain) as server:
        server.execute(path.read_bytes())
    store = Store(url.render_as_string(hide_password=False))
    keeps_working(store)
    store.close()
    with postgres.connect() as connection:
        connection.execute(text("DROP DATABASE frozen WITH (FORCE)"))


def test_the_newest_frozen_revision_has_both_engines() -> None:
    assert [p.name.split(".")[0] for p in SQLITE] == [p.name.split(".")[0] for p in POSTGRESQL]
