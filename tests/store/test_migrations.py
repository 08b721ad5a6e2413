from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from autodistill.store import Store
from autodistill.store.migration import REVISIONS, schema_connection
from autodistill.store.tables import metadata

ROOT = Path(__file__).parents[2]
SCRIPTS = ScriptDirectory(str(REVISIONS))
NUMBERS = [script.revision for script in reversed(list(SCRIPTS.walk_revisions()))]


@pytest.fixture(params=["sqlite_store", "postgres_store"])
def migrated(request: pytest.FixtureRequest) -> str:
    """The address of a database at the newest revision."""
    store: Store = request.getfixturevalue(request.param)
    store.close()
    return store.url


def difference(url: str) -> list[object]:
    """Return what the tables of the code have and the database has not, or the other way round."""
    with schema_connection(url) as connection:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))


def test_the_migrated_schema_is_that_of_the_code(migrated: str) -> None:
    assert difference(migrated) == []


def test_the_newest_revision_goes_down_and_up_again(migrated: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(REVISIONS))
    with schema_connection(migrated) as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "-1")
    assert difference(migrated) != []
    Store(migrated).migrate()
    assert difference(migrated) == []


def test_migrating_twice_is_migrating_once(migrated: str) -> None:
    Store(migrated).migrate()
    assert difference(migrated) == []


def test_a_failed_migration_leaves_the_schema_as_it_was(migrated: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(REVISIONS))

    def sabotage() -> None:
        with schema_connection(migrated) as connection:
            config.attributes["connection"] = connection
            command.downgrade(config, "base")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        sabotage()
    assert difference(migrated) == []


def test_revisions_are_numbered_in_one_line() -> None:
    assert [f"{i:04}" for i in range(1, len(NUMBERS) + 1)] == NUMBERS
    assert SCRIPTS.get_heads() == NUMBERS[-1:]


def test_a_revision_uses_no_code_that_may_change() -> None:
    for path in (REVISIONS / "versions").glob("[0-9]*.py"):
        assert not re.search(r"\bautodistill\b", path.read_text()), path


def test_a_new_database_needs_no_folder(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/with space/and%20percent/autodistill.db"
    Store(url).migrate()
    assert difference(url) == []


def test_the_command_line_finds_the_database_of_the_service(tmp_path: Path) -> None:
    for arguments in (["upgrade", "head"], ["check"]):
        subprocess.run(
            [sys.executable, "-m", "alembic", "-c", str(ROOT / "alembic.ini"), *arguments],
            check=True,
            cwd=tmp_path,
            env=os.environ | {"AUTODISTILL_DATA_ROOT": "data", "AUTODISTILL_DATABASE_URL": ""},
        )
    assert difference(f"sqlite:///{tmp_path}/data/autodistill.db") == []


def test_postgres_waits_while_another_changes_the_schema(
    postgres: Engine, postgres_store: Store
) -> None:
    held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
    with schema_connection(postgres_store.url), postgres.connect() as other:
        assert other.exec_driver_sql(held).scalar() == 1
