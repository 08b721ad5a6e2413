"""NOUN: who is told when a job has ended, and how what they are told is signed.

The form is that of the Standard Webhooks specification, 1.0: a message has an id, a timestamp and a
signature in headers, and may come more than once.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime
from enum import StrEnum
from typing import Any

from autodistill.record import Record

ENDS = ("job.succeeded", "job.failed", "job.cancelled")
PREFIX = "whsec_"


class Webhook(Record):
    """An address that is told of the ends of jobs."""

    id: str
    url: str
    project: str | None
    """The one project whose jobs it is told of; None is every project."""
    created_at: datetime
    created_by: str


class DeliveryState(StrEnum):
    """Where a message is."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class Delivery(Record):
    """A message to one webhook about one end of a job."""

    id: str
    """The same in every attempt: `msg_<webhook>_<job>_<event>`."""
    webhook_id: str
    job_id: str
    seq: int
    """Of the event that it tells of."""
    kind: str
    """`job.succeeded`, `job.failed` or `job.cancelled`."""
    state: DeliveryState
    attempts: int
    due_at: datetime
    """When it is tried next."""
    error: str
    """Why the last attempt failed."""
    created_at: datetime


class Message(Record):
    """All that an attempt needs."""

    delivery: Delivery
    url: str
    secret: str
    body: dict[str, Any]


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the signature of a message: HMAC-SHA256 over `id.timestamp.body`, versioned.

    Args:
        secret: `whsec_` and the key in base64.
        message_id: Of the delivery.
        timestamp: Seconds since 1970, of this attempt; receivers refuse old ones.
        body: As it is sent.
    """
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = b".".join((message_id.encode(), str(timestamp).encode(), body))
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"
