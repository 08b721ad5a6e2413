"""Who is told when a job has ended."""

from __future__ import annotations

import base64
import secrets
from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field

from api.creation import Creation
from api.deps import Limit, PrincipalDep, SettingsDep, StoreDep
from api.description import EXAMPLE_WEBHOOK, leads
from api.exact import Exact
from api.targets import check_url
from api.views import Page, page
from autodistill.store import Transaction
from autodistill.task import Name
from autodistill.webhooks import PREFIX, Delivery, Webhook

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])


class WebhookRequest(BaseModel):
    """An address to be told."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    url: Annotated[str, Field(min_length=1, max_length=2000)]
    """Takes a POST of JSON (Standard Webhooks 1.0); any answer of 2xx is a receipt."""
    project: Name | None = None
    """The one project whose jobs it is told of; null is every project."""


class NewWebhook(Webhook):
    """A webhook that was just registered."""

    secret: str
    """What messages are signed with: HMAC-SHA256 over `id.timestamp.body`."""


LINKS = leads(["get_webhook", "list_deliveries", "delete_webhook"], webhook="$response.body#/id")


@router.post("", status_code=201, responses={201: LINKS})
def create_webhook(
    asked: Annotated[WebhookRequest, Exact, Body(examples=[EXAMPLE_WEBHOOK])],
    store: StoreDep,
    settings: SettingsDep,
    principal: PrincipalDep,
    creation: Creation,
) -> NewWebhook:
    """Register an address; it is told of every job that ends from now on, at least once."""
    check_url(asked.url, settings.webhook_networks)
    secret = PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()
    known = asked.url, asked.project, secret

    def add(tx: Transaction) -> str:
        return tx.outbox.add(f"wh_{secrets.token_hex(8)}", *known, by=principal.name).id

    request = "/v1/webhooks", asked.model_dump_json()
    made, _ = creation.make(*request, action="webhook.create", make=add)
    with store.read() as tx:
        return NewWebhook(**dict(tx.outbox.get(made)), secret=tx.outbox.secret(made))


@router.get("")
def list_webhooks(store: StoreDep, after: str | None = None, limit: Limit = 100) -> Page[Webhook]:
    """List webhooks, without their secrets."""
    with store.read() as tx:
        items = tx.outbox.list(after, limit + 1)
    return page(items, limit, lambda webhook: webhook.id)


@router.get("/{webhook}")
def get_webhook(webhook: str, store: StoreDep) -> Webhook:
    """Return a webhook, without its secret."""
    with store.read() as tx:
        return tx.outbox.get(webhook)


@router.delete("/{webhook}")
def delete_webhook(webhook: str, store: StoreDep, principal: PrincipalDep) -> Webhook:
    """Forget a webhook, and what it was still to be told."""
    with store.write() as tx:
        removed = tx.outbox.remove(webhook)
        tx.audit.add(principal.name, "webhook.delete", webhook)
        return removed


@router.get("/{webhook}/deliveries")
def list_deliveries(webhook: str, store: StoreDep, limit: Limit = 100) -> list[Delivery]:
    """List the newest messages to a webhook, and how their last attempts went."""
    with store.read() as tx:
        tx.outbox.get(webhook)
        return list(tx.outbox.deliveries(webhook, limit))
