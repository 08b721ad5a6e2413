"""How alembic reaches the database: on the caller's connection, or on the one in `alembic.ini`."""

from __future__ import annotations

import os

from alembic import context

from autodistill.store import Store
from autodistill.store.tables import metadata


def run() -> None:
    """Run the revisions."""
    connection = context.config.attributes.get("connection")
    if connection is None:
        url = os.environ.get("AUTODISTILL_DATABASE_URL", "sqlite:///var/autodistill.db")
        connection = Store(url)._engine.connect()
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()


run()
