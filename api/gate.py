"""The gate: who sends this, may they, and not too often; before anything of the body is read."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.access import Operation, operation
from api.errors import answer
from api.limits import Limits
from api.settings import Settings, is_loopback
from autodistill.access import LOCAL, ROOT, Principal, fingerprint
from autodistill.errors import AutodistillError, Forbidden, NotFound, Unauthenticated
from autodistill.store import Store, Transaction

COOKIE = "autodistill_token"
SAFE = ("GET", "HEAD", "OPTIONS")


class Gate:
    """ASGI middleware that leaves the sender as `request.state.principal`."""

    def __init__(self, app: ASGIApp, *, settings: Settings, store: Store) -> None:
        self._app, self._settings, self._store = app, settings, store
        self._limits = Limits(settings.rate_per_s)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        asked = operation(request.method, request.url.path)
        try:
            _same_site(request)
            request.state.principal = await self._admitted(request, asked)
        except Unauthenticated as error:
            await _ask(request, asked, error)(scope, receive, send)
        except AutodistillError as error:
            await answer(error)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _admitted(self, request: Request, asked: Operation) -> Principal | None:
        """Return who may do what is asked; None for somebody unknown who may all the same."""
        address = request.client.host if request.client else ""
        if not self._settings.guarded:
            _local(request)
            self._limits.take(address)
            return LOCAL
        token = credential(request)
        if asked.needs is None or token is None:
            self._limits.take(address)
            if asked.needs is None:
                return None
            raise Unauthenticated(f"{request.url.path} needs a token with scope {asked.needs}.")
        principal = await run_in_threadpool(self._recognised, token, asked)
        if principal is None:
            self._limits.take(address)
            raise Unauthenticated("The token is unknown or was revoked.")
        self._limits.take(principal.name)
        if not principal.scope.covers(asked.needs):
            message = f'Token "{principal.name}" has scope {principal.scope}; this needs'
            raise Forbidden(f"{message} {asked.needs}.")
        return principal

    def _recognised(self, token: str, asked: Operation) -> Principal | None:
        with self._store.read() as tx:
            principal = recognised(tx, self._settings, token)
            if principal is not None and principal.project is not None:
                _of_project(tx, principal.project, asked.parameters)
        return principal


def credential(request: Request) -> str | None:
    """Return the token that a request carries: of its header, or of the dashboard's cookie."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else request.cookies.get(COOKIE)


def recognised(tx: Transaction, settings: Settings, token: str) -> Principal | None:
    """Return who has a token."""
    root = settings.root_token
    if root is not None and hmac.compare_digest(
        fingerprint(token), fingerprint(root.get_secret_value())
    ):
        return ROOT
    found = tx.tokens.holder(fingerprint(token))
    return None if found is None else found.principal


def _of_project(tx: Transaction, project: str, parameters: Mapping[str, str]) -> None:
    """Hide jobs of other projects as if they did not exist."""
    job = parameters.get("job")
    if job is not None and tx.jobs.get(job).spec.project != project:
        raise NotFound("job", job)


def _local(request: Request) -> None:
    """Without tokens, serve this machine only, under its own names.

    The address that was connected to tells a service that was started to listen elsewhere; the
    name, a page of another site whose address was made to point here.
    """
    server = (request.scope.get("server") or ("", 0))[0]
    named = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    if not (is_loopback(server) and is_loopback(named)):
        raise Forbidden(
            "Without tokens the service answers on loopback only, as localhost. Start it with "
            "AUTODISTILL_HOST set to the address that it listens on, or with "
            "AUTODISTILL_TOKENS=true; then it asks for tokens."
        )


def _same_site(request: Request) -> None:
    """Refuse changes that a page of another site sends with the user's cookie or from loopback."""
    if request.method in SAFE:
        return
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        ours = site in ("same-origin", "none")
    elif origin is not None:
        ours = urlsplit(origin).netloc == request.headers.get("host")
    else:  # no browser; a cookie without either is none that our page would send
        ours = COOKIE not in request.cookies or "authorization" in request.headers
    if not ours:
        message = "A page of another site may not change anything here; open the dashboard."
        raise Forbidden(message)


def _ask(request: Request, asked: Operation, error: Unauthenticated) -> Response:
    page = not asked.template.startswith("/v1/") and "text/html" in request.headers.get(
        "accept", ""
    )
    if page and request.method == "GET":
        query = f"?{request.url.query}" if request.url.query else ""
        here = quote(request.url.path + query, safe="")
        return RedirectResponse(f"/login?next={here}", 303)
    return answer(error)


__all__ = ["COOKIE", "Gate", "credential", "recognised"]
