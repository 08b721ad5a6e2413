"""How alembic reaches the database: on `migrate`'s connection, or on one that it opens itself.

For the command line the database is that of the service: `AUTODISTILL_DATABASE_URL`, or the SQLite
file in `AUTODISTILL_DATA_ROOT`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

from alembic import context
from alembic.operations import MigrationScript
from sqlalchemy import Connection, TypeDecorator

from autodistill.store.migration import schema_connection
from autodistill.store.tables import metadata


def run(connection: Connection) -> None:
    """Run the revisions that the command asks for."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=True,
        render_item=plain_type,
        process_revision_directives=in_sequence,
    )
    with context.begin_transaction():
        context.run_migrations()


def plain_type(kind: str, item: Any, _: Any) -> str | Literal[False]:
    """Write a column type of ours as what the database sees: a revision imports no code of ours."""
    return f"sa.{item.impl!r}" if kind == "type" and isinstance(item, TypeDecorator) else False


def in_sequence(_: Any, __: Any, directives: list[MigrationScript]) -> None:
    """Number a new revision after the newest one."""
    newest = context.script.get_current_head() or "0"
    directives[0].rev_id = f"{int(newest) + 1:04}"


def url() -> str:
    """Return the address of the service's database."""
    root = Path(os.environ.get("AUTODISTILL_DATA_ROOT", "var")).resolve()
    return os.environ.get("AUTODISTILL_DATABASE_URL") or f"sqlite:///{root / 'autodistill.db'}"


if (given := context.config.attributes.get("connection")) is not None:
    run(given)
else:
    with schema_connection(url()) as opened:
        run(opened)
