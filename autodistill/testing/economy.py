"""What something costs the database, counted at its door."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine, event

from autodistill.store import Store


@dataclass
class Counted:
    """Statements and commits."""

    statements: int = 0
    commits: int = 0


@contextmanager
def counted(store: Store) -> Iterator[Counted]:
    """Count what a store sends while the block runs."""
    with counted_on(store._engine) as cost:
        yield cost


@contextmanager
def counted_on(engine: Engine) -> Iterator[Counted]:
    """Count what goes through an engine while the block runs."""
    cost = Counted()

    def statement(*_: object) -> None:
        cost.statements += 1

    def commit(*_: object) -> None:
        cost.commits += 1

    event.listen(engine, "before_cursor_execute", statement)
    event.listen(engine, "commit", commit)
    try:
        yield cost
    finally:
        event.remove(engine, "before_cursor_execute", statement)
        event.remove(engine, "commit", commit)
