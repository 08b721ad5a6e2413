"""What is refused before it is parsed: large bodies, and texts that cannot be kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import HTTPException, Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import problem
from autodistill.errors import InvalidInput, Problem

MAX_JSON_MIB = 8


class Guard:
    """ASGI middleware around everything else."""

    def __init__(self, app: ASGIApp, *, max_upload_mib: int) -> None:
        self._app, self._max_upload_mib = app, max_upload_mib

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        form = headers.get("content-type", "").startswith("multipart/form-data")
        mib = self._max_upload_mib if form else MAX_JSON_MIB
        too_large = f"The body is larger than {mib} MiB; a large file can be registered by path."
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length) > mib * 2**20:
            await problem(413, too_large, headers={"Connection": "close"})(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > mib * 2**20:
                raise HTTPException(413, too_large)
            return message

        await self._app(scope, counted, send)


async def storable(request: Request) -> None:
    """Refuse JSON with texts that no database and no encoding can hold.

    Raises:
        InvalidInput: When a text has a NUL or half of a surrogate pair.
    """
    if not request.headers.get("content-type", "").startswith("application/json"):
        return
    try:
        found = await request.json() if await request.body() else None
    except (ValueError, RecursionError) as error:
        raise InvalidInput(Problem(field="body", message=f"Not JSON: {error}.")) from error
    for text in _texts(found):
        if any(c == "\0" or "\ud800" <= c <= "\udfff" for c in text):
            message = f"{text!a} is no text: it has a NUL or half a character; remove it."
            raise InvalidInput(Problem(field="body", message=message))


def _texts(value: Any) -> Iterator[str]:
    rest = [value]
    while rest:
        found = rest.pop()
        if isinstance(found, dict):
            rest += [*found, *found.values()]
        elif isinstance(found, list):
            rest += found
        elif isinstance(found, str):
            yield found
