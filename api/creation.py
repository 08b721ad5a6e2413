"""Creating POSTs: done once for each key, however often they are sent, and audited."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, Header, Response

from api.deps import PrincipalDep, StoreDep
from autodistill.store import Transaction

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        description="The same key with the same body makes one thing, however often it is sent.",
    ),
]


class _Repeat:
    """A request that may be sent again: one with the same key gets the same reply."""

    def __init__(self, principal: PrincipalDep, idempotency_key: Key = None) -> None:
        self._who, self._key = principal.name, idempotency_key

    def recall(self, tx: Transaction, *asked: str) -> dict[str, Any] | None:
        """Return the reply to an earlier request with this key.

        Raises:
            InvalidInput: When that request asked for something else.
        """
        if self._key is None:
            return None
        return tx.idempotency.recall(self._key, self._who, _sha256(asked))

    def remember(self, tx: Transaction, reply: dict[str, Any], *asked: str) -> None:
        """Keep a reply for whoever sends the request again."""
        if self._key is not None:
            tx.idempotency.remember(self._key, self._who, _sha256(asked), reply)


Repeat = Annotated[_Repeat, Depends()]


class _Creation:
    """One creating request."""

    def __init__(
        self, store: StoreDep, principal: PrincipalDep, response: Response, repeat: Repeat
    ) -> None:
        self._store, self._response = store, response
        self._who, self._repeat = principal.name, repeat

    def earlier(self, *asked: str) -> str | None:
        """Return the id that an earlier request with this key made; for what is costly to prepare.

        Raises:
            InvalidInput: When that request asked for something else.
        """
        with self._store.read() as tx:
            return self._recalled(tx, *asked)

    def make(
        self, *asked: str, action: str, make: Callable[[Transaction], str]
    ) -> tuple[str, bool]:
        """Return the id of what was made, and whether it was made now.

        Args:
            asked: All that decides what is made, the path of the collection first.
            action: What the audit trail calls it.
            make: Makes it and returns its id.

        Raises:
            InvalidInput: When an earlier request with this key asked for something else.
        """
        with self._store.write() as tx:
            found = self._recalled(tx, *asked)
            made = found or make(tx)
            if found is None:
                tx.audit.add(self._who, action, made)
                self._repeat.remember(tx, {"id": made}, *asked)
        self._response.headers["Location"] = f"{asked[0]}/{made}"
        return made, found is None

    def _recalled(self, tx: Transaction, *asked: str) -> str | None:
        reply = self._repeat.recall(tx, *asked)
        return None if reply is None else str(reply["id"])


Creation = Annotated[_Creation, Depends()]


def _sha256(asked: tuple[str, ...]) -> str:
    return hashlib.sha256("\n".join(asked).encode(errors="replace")).hexdigest()
