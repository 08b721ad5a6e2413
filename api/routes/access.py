"""Tokens and the audit trail."""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, ConfigDict, model_validator

from api.creation import Creation
from api.deps import MAX_INT, Limit, PrincipalDep, StoreDep
from api.description import EXAMPLE_TOKEN, leads
from api.exact import Exact
from api.views import Page, page
from autodistill.access import RESERVED, ApiToken, AuditEntry, Scope, fingerprint
from autodistill.errors import Conflict
from autodistill.store import Transaction
from autodistill.task import Name

router = APIRouter(prefix="/v1", tags=["access"])


class TokenRequest(BaseModel):
    """A token to make."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    name: Name
    """Who or what has it; it stands in the audit trail."""
    scope: Scope
    """What it is good for."""
    project: Name | None = None
    """The one project whose jobs it sees and submits; data, models and advice are everybody's."""

    @model_validator(mode="after")
    def _whole_service(self) -> TokenRequest:
        if self.scope is Scope.ADMIN and self.project is not None:
            raise ValueError("A token with scope admin is for the whole service, not for a project")
        return self


class NewToken(ApiToken):
    """A token that was just made."""

    token: str | None
    """The secret, shown this once; null where an earlier request with the same key made it."""


@router.post(
    "/tokens",
    status_code=201,
    responses={201: leads(["get_token", "revoke_token"], token="$response.body#/id")},
)
def create_token(
    asked: Annotated[TokenRequest, Exact, Body(examples=[EXAMPLE_TOKEN])],
    store: StoreDep,
    principal: PrincipalDep,
    creation: Creation,
) -> NewToken:
    """Make a token. Its secret is in the answer and nowhere else."""
    if asked.name in RESERVED:
        raise Conflict(f'"{asked.name}" is the service\'s own; choose another name.')
    secret = f"adt_{secrets.token_urlsafe(32)}"
    known = asked.name, asked.scope, asked.project, fingerprint(secret)

    def add(tx: Transaction) -> str:
        return tx.tokens.add(f"tok_{secrets.token_hex(8)}", *known, by=principal.name).id

    request = "/v1/tokens", asked.model_dump_json()
    made, fresh = creation.make(*request, action="token.create", make=add)
    return NewToken(**dict(get_token(made, store)), token=secret if fresh else None)


@router.get("/tokens")
def list_tokens(store: StoreDep, after: str | None = None, limit: Limit = 100) -> Page[ApiToken]:
    """List tokens by name, revoked ones too."""
    with store.read() as tx:
        items = tx.tokens.list(after, limit + 1)
    return page(items, limit, lambda token: token.name)


@router.get("/tokens/{token}")
def get_token(token: str, store: StoreDep) -> ApiToken:
    """Return a token by id or name, without its secret."""
    with store.read() as tx:
        return tx.tokens.get(token)


@router.post("/tokens/{token}/revoke")
def revoke_token(token: str, store: StoreDep, principal: PrincipalDep) -> ApiToken:
    """Make a token worthless from now on."""
    with store.write() as tx:
        revoked = tx.tokens.revoke(token)
        tx.audit.add(principal.name, "token.revoke", revoked.id)
        return revoked


@router.get("/audit")
def list_audit(
    store: StoreDep,
    after: Annotated[int | None, Query(ge=0, le=MAX_INT)] = None,
    limit: Limit = 100,
) -> Page[AuditEntry]:
    """List who changed what, newest first."""
    with store.read() as tx:
        items = tx.audit.list(after, limit + 1)
    return page(items, limit, lambda entry: entry.position)
