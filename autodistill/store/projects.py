"""Projects: how jobs share the slots. One that was never set has weight 1 and no quota."""

from __future__ import annotations

from sqlalchemy import Connection, select

from autodistill.record import Project
from autodistill.store import tables
from autodistill.store.database import insert


class Projects:
    """Reading and setting."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, name: str) -> Project:
        """Return a project."""
        query = select(tables.project).where(tables.project.c.name == name)
        row = self._connection.execute(query).mappings().first()
        if row is None:
            return Project(name=name, weight=1, quota=None)
        return Project.model_validate(dict(row))

    def put(self, project: Project) -> Project:
        """Set a project's weight and quota."""
        values = dict(project)
        setting = insert(self._connection, tables.project).values(values)
        self._connection.execute(
            setting.on_conflict_do_update(index_elements=["name"], set_=values)
        )
        return project

    def list(self) -> list[Project]:
        """Return every project that was set or has a job, by name."""
        table = tables.project
        rows = self._connection.execute(select(table)).mappings()
        found = {row["name"]: Project.model_validate(dict(row)) for row in rows}
        used = self._connection.scalars(select(tables.job.c.project).distinct())
        every = {name: Project(name=name, weight=1, quota=None) for name in used} | found
        return [every[name] for name in sorted(every)]
