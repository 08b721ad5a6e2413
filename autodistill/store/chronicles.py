"""Files of past tasks that were imported, and the one that comes with the package."""

from __future__ import annotations

from functools import cache

from sqlalchemy import Connection, delete, insert, select

from autodistill.history import Chronicle, PastTask, Standing, chronicle
from autodistill.record import Origin, TrialState
from autodistill.store import tables
from autodistill.store.registry import Registry

LEARNT = (TrialState.COMPLETE, TrialState.PRUNED)
REMEMBERED = 16
"""Files whose tasks are kept in memory."""
_parsed: dict[str, list[PastTask]] = {}


class Chronicles(Registry[Chronicle]):
    """Imported files by id or name."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, tables.chronicle, Chronicle)

    def put(self, record: Chronicle, content: bytes) -> Chronicle:
        """Remember a file, or return the one of equal content that is there.

        Raises:
            Conflict: When the name belongs to other content.
        """
        found = self.add(record)
        table = tables.chronicle_content
        mine = table.c.chronicle_id == found.id
        if self._connection.scalar(select(table.c.chronicle_id).where(mine)) is None:
            values = {"chronicle_id": found.id, "content": content}
            self._connection.execute(insert(table).values(values))
        return found

    def forget(self, record: Chronicle) -> None:
        """Forget a file and its tasks."""
        table = tables.chronicle_content
        self._connection.execute(delete(table).where(table.c.chronicle_id == record.id))
        self.remove(record, ())

    def tasks(self) -> list[PastTask]:
        """Return what is learnt from all of them, without curves, the newest file first."""
        table = tables.chronicle
        newest = select(table.c.id).order_by(table.c.created_at.desc(), table.c.id)
        return [task for name in self._connection.scalars(newest).all() for task in self._of(name)]

    def _of(self, chronicle_id: str) -> list[PastTask]:
        if chronicle_id not in _parsed:
            table = tables.chronicle_content
            query = select(table.c.content).where(table.c.chronicle_id == chronicle_id)
            content = self._connection.scalars(query).one()
            while len(_parsed) >= REMEMBERED:
                _parsed.pop(next(iter(_parsed)))
            _parsed[chronicle_id] = _learnt(content, Standing.IMPORTED)
        return _parsed[chronicle_id]


@cache
def shipped() -> tuple[PastTask, ...]:
    """Return the past tasks that come with the package; none where the file is not there."""
    file = chronicle.SHIPPED
    return tuple(_learnt(file.read_bytes(), Standing.SHIPPED)) if file.is_file() else ()


def _learnt(content: bytes, standing: Standing) -> list[PastTask]:
    """Return tasks with the trials that the recommender learns from."""
    found = []
    for task in chronicle.read(content, standing, curves=False):
        learnt = tuple(
            t for t in task.trials if t.state in LEARNT and t.origin is not Origin.CONFIRMATION
        )
        found.append(task.model_copy(update={"trials": learnt}))
    return [task for task in found if task.trials]
