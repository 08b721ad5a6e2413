"""Webhooks and what they are still to be told: written in the transaction that ends a job."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Select,
    String,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from autodistill.errors import NotFound
from autodistill.store import tables
from autodistill.store.columns import Clock, Line
from autodistill.webhooks import ENDS, Delivery, DeliveryState, Message, Webhook

PENDING = DeliveryState.PENDING
COLUMNS = [c for c in tables.webhook.c if c.name in Webhook.model_fields]


def queue_deliveries(connection: Connection, job_id: str) -> None:
    """Queue a message about the newest end of a job for every webhook that wants it."""
    event, webhook, job = tables.event, tables.webhook, tables.job
    newest = select(func.max(event.c.seq)).where(event.c.job_id == job_id, event.c.kind.in_(ENDS))
    values = {
        "webhook_id": webhook.c.id,
        "job_id": event.c.job_id,
        "seq": event.c.seq,
        "kind": event.c.kind,
        "state": literal(PENDING, String),
        "attempts": literal(0),
        "due_at": Clock(),
        "error": literal("", Line),
        "created_at": Clock(),
    }
    wanted = (
        select(*values.values())
        .join_from(event, job, job.c.id == event.c.job_id)
        .join(webhook, or_(webhook.c.project.is_(None), webhook.c.project == job.c.project))
        .where(event.c.job_id == job_id, event.c.seq == newest.scalar_subquery())
    )
    connection.execute(insert(tables.delivery).from_select(list(values), wanted))


class Outbox:
    """Registering webhooks, and what is to be delivered to them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, webhook_id: str, url: str, project: str | None, secret: str, by: str) -> Webhook:
        """Register an address; jobs that end from now on are told."""
        values = {"id": webhook_id, "url": url, "project": project, "secret": secret}
        made = {"created_at": Clock(), "created_by": by}
        self._connection.execute(insert(tables.webhook).values(values | made))
        return self.get(webhook_id)

    def get(self, webhook_id: str) -> Webhook:
        """Return a webhook.

        Raises:
            NotFound: When there is none of that id.
        """
        query = select(*COLUMNS).where(tables.webhook.c.id == webhook_id)
        row = self._connection.execute(query).mappings().first()
        if row is None:
            raise NotFound("webhook", webhook_id)
        return Webhook.model_validate(dict(row))

    def secret(self, webhook_id: str) -> str:
        """Return what the messages of a webhook are signed with."""
        self.get(webhook_id)
        query = select(tables.webhook.c.secret).where(tables.webhook.c.id == webhook_id)
        return str(self._connection.scalar(query))

    def list(self, after: str | None = None, limit: int = 100) -> Sequence[Webhook]:
        """Return webhooks by ascending id, those after an id."""
        table = tables.webhook
        query = select(*COLUMNS).order_by(table.c.id).limit(limit)
        if after is not None:
            query = query.where(table.c.id > after)
        return [Webhook.model_validate(dict(r)) for r in self._connection.execute(query).mappings()]

    def remove(self, webhook_id: str) -> Webhook:
        """Forget a webhook and what it was still to be told.

        Raises:
            NotFound: When there is none of that id.
        """
        found = self.get(webhook_id)
        mine = tables.delivery.c.webhook_id == webhook_id
        self._connection.execute(delete(tables.delivery).where(mine))
        self._connection.execute(delete(tables.webhook).where(tables.webhook.c.id == webhook_id))
        return found

    def deliveries(self, webhook_id: str, limit: int = 100) -> Sequence[Delivery]:
        """Return the newest messages to a webhook, newest first."""
        table = tables.delivery
        query = select(table).where(table.c.webhook_id == webhook_id)
        newest = query.order_by(table.c.created_at.desc(), table.c.job_id).limit(limit)
        return [_delivery(row) for row in self._connection.execute(newest)]

    def waiting(self) -> int:
        """Return how many messages are not delivered yet."""
        query = select(func.count()).where(tables.delivery.c.state == PENDING)
        return self._connection.scalar(query) or 0

    def due(self) -> bool:
        """Whether a message waits to be sent now."""
        table = tables.delivery
        query = select(literal(1)).where(table.c.state == PENDING, table.c.due_at <= Clock())
        return self._connection.execute(query.limit(1)).first() is not None

    def claim(self, hold_s: float, limit: int = 10) -> Sequence[Message]:
        """Take messages that are due; nobody else gets them for `hold_s` seconds.

        Whoever takes one and dies has lost nothing: it is due again after that time.
        """
        table = tables.delivery
        key = table.c.webhook_id, table.c.job_id, table.c.seq
        ready = select(*key).where(table.c.state == PENDING, table.c.due_at <= Clock())
        rows = self._connection.execute(
            ready.order_by(table.c.due_at).limit(limit).with_for_update(skip_locked=True)
        ).all()
        messages = []
        for row in rows:
            mine = table.c.webhook_id == row[0], table.c.job_id == row[1], table.c.seq == row[2]
            held = {"due_at": Clock(hold_s), "attempts": table.c.attempts + 1}
            self._connection.execute(update(table).where(*mine).values(held))
            messages.append(_message(self._connection.execute(_to_send().where(*mine)).one()))
        return messages

    def settle(self, delivery: Delivery, *, error: str = "", again_s: float | None = None) -> None:
        """Say how an attempt ended: delivered, to be tried again after some time, or given up."""
        table = tables.delivery
        if not error:
            values: dict[str, Any] = {"state": DeliveryState.DELIVERED, "error": ""}
        elif again_s is None:
            values = {"state": DeliveryState.FAILED, "error": error}
        else:
            values = {"due_at": Clock(again_s), "error": error}
        mine = (
            table.c.webhook_id == delivery.webhook_id,
            table.c.job_id == delivery.job_id,
            table.c.seq == delivery.seq,
            table.c.state == PENDING,
        )
        self._connection.execute(update(table).where(*mine).values(values))


def _to_send() -> Select[*tuple[Any, ...]]:
    delivery, webhook, event, job = tables.delivery, tables.webhook, tables.event, tables.job
    told = (event.c.job_id == delivery.c.job_id) & (event.c.seq == delivery.c.seq)
    return (
        select(
            delivery,
            webhook.c.url,
            webhook.c.secret,
            event.c.data,
            event.c.created_at.label("happened_at"),
            job.c.spec,
        )
        .join_from(delivery, webhook, webhook.c.id == delivery.c.webhook_id)
        .join(event, told)
        .join(job, job.c.id == delivery.c.job_id)
    )


def _delivery(row: Row[*tuple[Any, ...]]) -> Delivery:
    values = {c.name: row._mapping[c] for c in tables.delivery.c}
    return Delivery(id=f"msg_{row.webhook_id}_{row.job_id}_{row.seq}", **values)


def _message(row: Row[*tuple[Any, ...]]) -> Message:
    data = {
        "job": row.job_id,
        "name": row.spec.name,
        "project": row.spec.project,
        "message": row.data.get("message", ""),
    }
    body = {"type": row.kind, "timestamp": row.happened_at.isoformat(), "data": data}
    return Message(delivery=_delivery(row), url=row.url, secret=row.secret, body=body)
