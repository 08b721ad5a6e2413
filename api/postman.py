"""Delivers what is in the outbox: at least once, with back-off, from whichever replica is free."""

from __future__ import annotations

import json
import logging
import time

import httpcore
from sqlalchemy.exc import SQLAlchemyError
from typing_extensions import override

from api.background import Background
from api.settings import Settings
from api.targets import Backend
from autodistill.logs import busy_with
from autodistill.store import Store
from autodistill.webhooks import Message, sign

POLL_S = 1.0
TIMEOUT_S = 10.0
HOLD_S = 300.0
"""For so long a message belongs to whoever took it: longer than a batch of slow receivers."""
FIRST_WAIT_S, LONGEST_WAIT_S = 5.0, 6 * 3600.0
MAX_ATTEMPTS = 20
"""Waits double from 5 s and are 6 h at most: after two days a receiver is given up."""
log = logging.getLogger(__name__)


def wait_s(attempts: int) -> float | None:
    """Return how long to wait after so many attempts have failed; None is to give up."""
    if attempts >= MAX_ATTEMPTS:
        return None
    return float(min(FIRST_WAIT_S * 2 ** (attempts - 1), LONGEST_WAIT_S))


class Postman(Background):
    """A thread of the API."""

    def __init__(self, store: Store, settings: Settings) -> None:
        super().__init__("postman", TIMEOUT_S)
        self._store = store
        self._http = httpcore.ConnectionPool(
            network_backend=Backend(settings.webhook_networks), max_keepalive_connections=0
        )

    @override
    def stop(self) -> None:
        super().stop()
        self._http.close()

    @override
    def _work(self) -> None:
        while not self._stopping.wait(POLL_S):
            try:
                self.deliver()
            except SQLAlchemyError as error:  # the messages wait for the database, as all do
                log.warning("The outbox cannot be read: %s", error)

    def deliver(self) -> None:
        """Send what is due."""
        with self._store.read() as tx:  # a write would make others wait
            if not tx.outbox.due():
                return
        with self._store.write() as tx:
            messages = tx.outbox.claim(HOLD_S)
        for message in messages:
            delivery = message.delivery
            with busy_with(job=delivery.job_id, webhook=delivery.webhook_id):
                error = self._send(message)
                if error:
                    log.warning("Attempt %d failed: %s", delivery.attempts, error)
            with self._store.write() as tx:
                tx.outbox.settle(delivery, error=error, again_s=wait_s(delivery.attempts))

    def _send(self, message: Message) -> str:
        """Send a message, and return what went wrong."""
        body = json.dumps(message.body).encode()
        now, name = int(time.time()), message.delivery.id
        headers: dict[bytes | str, bytes | str] = {
            "Content-Type": "application/json",
            "User-Agent": "AutoDistiller",
            "Webhook-Id": name,
            "Webhook-Timestamp": str(now),
            "Webhook-Signature": sign(message.secret, name, now, body),
        }
        limits = dict.fromkeys(("connect", "read", "write", "pool"), TIMEOUT_S)
        try:
            # Redirects are not followed; a body in the answer is not read.
            with self._http.stream(
                "POST", message.url, headers=headers, content=body, extensions={"timeout": limits}
            ) as response:
                accepted = 200 <= response.status < 300
                return "" if accepted else f"It answered {response.status}."
        except Exception as error:  # of networks, protocols and certificates there are many
            return f"{type(error).__name__}: {error}"[:500]
