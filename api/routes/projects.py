"""Projects: how their jobs share the slots."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge, Le
from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict

from api.deps import PrincipalDep, StoreDep
from api.exact import Exact
from autodistill.record import Project
from autodistill.task import Name

router = APIRouter(prefix="/v1/projects", tags=["projects"])


class Portion(BaseModel):
    """What a project gets."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    weight: Annotated[int, Ge(1), Le(100)] = 1
    """Twice as much is twice as many slots, where projects want more than there are."""
    quota: Annotated[int, Ge(1), Le(100_000)] | None = None
    """Most slots that its jobs have together; null is no limit."""


@router.get("")
def list_projects(store: StoreDep, principal: PrincipalDep) -> list[Project]:
    """List the projects that have a job or were set, by name."""
    with store.read() as tx:
        found = tx.projects.list()
    return [p for p in found if principal.project in (None, p.name)]


@router.get("/{project}")
def get_project(project: Name, store: StoreDep, principal: PrincipalDep) -> Project:
    """Return a project; one that was never set has weight 1 and no quota."""
    with store.read() as tx:
        return tx.projects.get(principal.confined(project) or project)


@router.put("/{project}")
def put_project(
    project: Name,
    asked: Annotated[Portion, Exact, Body(examples=[{"weight": 2, "quota": 8}])],
    store: StoreDep,
    principal: PrincipalDep,
) -> Project:
    """Say how a project shares the slots; running trials are never interrupted for it."""
    with store.write() as tx:
        tx.audit.add(principal.name, "project.put", project)
        return tx.projects.put(Project(name=project, weight=asked.weight, quota=asked.quota))
