"""Registering and listing models."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict

from api.creation import Creation
from api.deps import Limit, PrincipalDep, SettingsDep, StoreDep
from api.description import EXAMPLE_MODEL, leads
from api.exact import Exact
from api.views import Page, page
from autodistill.models.inspection import inspect
from autodistill.models.sources import AnySource, locate
from autodistill.record import Model
from autodistill.store import Sought
from autodistill.task import Name

router = APIRouter(prefix="/v1/models", tags=["models"])

SOME = 10
"""Jobs that a refusal looks for."""


class ModelRequest(BaseModel):
    """A model to register."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    name: Name
    """What the model is called."""
    source: AnySource
    """Where it comes from; safetensors only."""


@router.post("", status_code=201, responses={201: leads(["get_model"], model="$response.body#/id")})
def register_model(
    asked: Annotated[ModelRequest, Exact, Body(examples=[EXAMPLE_MODEL])],
    store: StoreDep,
    settings: SettingsDep,
    creation: Creation,
) -> Model:
    """Register a model; equal content is the same model."""
    path = locate(asked.source, roots=settings.roots, hub=settings.hub)
    found = inspect(path)
    record = Model(
        id=f"md_{found.sha256[:16]}",
        name=asked.name,
        sha256=found.sha256,
        source=asked.source.model_dump(mode="json"),
        path=str(path),
        architecture=found.architecture,
        num_layers=found.num_layers,
        hidden_size=found.hidden_size,
        num_heads=found.num_heads,
        num_parameters=found.num_parameters,
        tokenizer_sha256=found.tokenizer_sha256,
        head=found.head,
        labels=found.labels,
        created_at=datetime.now(UTC),
    )
    known = "/v1/models", asked.model_dump_json()
    model, _ = creation.make(
        *known, action="model.register", make=lambda tx: tx.models.add(record).id
    )
    return get_model(model, store)


@router.get("")
def list_models(store: StoreDep, after: str | None = None, limit: Limit = 100) -> Page[Model]:
    """List models by name."""
    with store.read() as tx:
        items = tx.models.list(after, limit + 1)
    return page(items, limit, lambda model: model.name)


@router.delete("/{model}")
def delete_model(model: str, store: StoreDep, principal: PrincipalDep) -> Model:
    """Forget a model that no job uses; its files stay where they are."""
    with store.write() as tx:
        found = tx.models.get(model)
        users = tx.jobs.list(Sought(registered=found.id), limit=SOME)
        tx.models.remove(found, [job.id for job in users])
        tx.audit.add(principal.name, "model.delete", found.id)
        return found


@router.get("/{model}")
def get_model(model: str, store: StoreDep) -> Model:
    """Return a model by id or name."""
    with store.read() as tx:
        return tx.models.get(model)
