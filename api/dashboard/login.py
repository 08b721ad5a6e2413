"""Logging in to the dashboard with a token, which the browser then keeps out of scripts' reach."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from api.dashboard.pages import show
from api.deps import SettingsDep, StoreDep
from api.gate import COOKIE, recognised

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/login")
def login_form(request: Request, settings: SettingsDep, next: str = "/") -> Response:
    """Ask for a token."""
    if not settings.guarded:
        return RedirectResponse("/", 303)
    return show(request, "login", next=_here(next), message="")


@router.post("/login")
def login(
    request: Request,
    settings: SettingsDep,
    store: StoreDep,
    token: Annotated[str, Form(max_length=500)] = "",
    next: Annotated[str, Form(max_length=2000)] = "/",
) -> Response:
    """Keep a token that is known in a cookie, and go where the user wanted to."""
    with store.read() as tx:
        principal = recognised(tx, settings, token.strip())
    if principal is None:
        message = "This token is unknown or was revoked."
        return show(request, "login", status_code=401, next=_here(next), message=message)
    response = RedirectResponse(_here(next), 303)
    response.set_cookie(
        COOKIE,
        token.strip(),
        httponly=True,
        samesite="lax",  # a link to a job works; other sites' forms are refused at the gate
        secure=request.url.scheme == "https",
    )
    return response


@router.post("/logout")
def logout() -> Response:
    """Forget the token."""
    response = RedirectResponse("/login", 303)
    response.delete_cookie(COOKIE, httponly=True, samesite="lax")
    return response


def _here(target: str) -> str:
    """Return a path of this service, whatever was asked for."""
    parts = urlsplit(target)
    inside = target.startswith("/") and not parts.scheme and not parts.netloc
    plain = target.isprintable() and "\\" not in target and not target.startswith("//")
    return target if inside and plain else "/"
