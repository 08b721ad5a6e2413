"""Every error as a problem document (RFC 9457): one table from core errors to status codes."""

from __future__ import annotations

import json
import logging
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy import exc
from starlette.exceptions import HTTPException
from starlette.routing import Match

from api.access import METHODS
from autodistill.errors import (
    AutodistillError,
    Conflict,
    Diverged,
    Forbidden,
    InvalidInput,
    LeaseLost,
    NotFound,
    Outdated,
    Problem,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
)

STATUS: dict[type[AutodistillError], HTTPStatus] = {
    InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    Outdated: HTTPStatus.PRECONDITION_FAILED,
    Unauthenticated: HTTPStatus.UNAUTHORIZED,
    Forbidden: HTTPStatus.FORBIDDEN,
    TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    LeaseLost: HTTPStatus.CONFLICT,
    Diverged: HTTPStatus.UNPROCESSABLE_ENTITY,
}
"""Subclasses answer as their nearest base in the table."""
MEDIA_TYPE = "application/problem+json"
SCHEMA = {
    "title": "ProblemDocument",
    "type": "object",
    "required": ["type", "title", "status", "detail", "problems"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "problems": {"type": "array", "items": Problem.model_json_schema()},
    },
}
RESPONSES: dict[int | str, dict[str, Any]] = {
    code: {
        "description": description,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
    }
    for code, description in (
        ("4XX", "The request cannot be fulfilled; the body says why."),
        ("5XX", "The service cannot answer now."),
    )
}
"""What every operation may answer besides its own."""
PARTS = ("body", "query", "path", "header", "cookie")
RETRY_AFTER_S = 2
MAX_PROBLEMS, MAX_QUOTED, MAX_DETAIL = 100, 200, 2000
"""What is told of a request that is wrong everywhere: so many places, in so many characters."""
log = logging.getLogger(__name__)


def status_of(error: type[AutodistillError]) -> HTTPStatus:
    """Return the status of an error's class."""
    return next(STATUS[base] for base in error.__mro__ if base in STATUS)


def problem(
    status: int,
    detail: str,
    problems: Sequence[Problem] = (),
    kind: str = "about:blank",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a problem document."""
    body = {
        "type": kind,
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": _short(detail, MAX_DETAIL),
        "problems": [
            {
                "field": _short(p.field, MAX_QUOTED),
                "message": _short(p.message, MAX_DETAIL),
                "known": [_short(name, MAX_QUOTED) for name in p.known[:MAX_PROBLEMS]],
            }
            for p in problems[:MAX_PROBLEMS]
        ],
    }
    # Plain ASCII: a message may quote what no encoding can carry.
    return Response(json.dumps(body), status, headers, media_type=MEDIA_TYPE)


def _short(text: str, length: int) -> str:
    """Return a text that may quote what was sent, which may be megabytes."""
    return text if len(text) <= length else f"{text[:length]}…"


def install(app: FastAPI) -> None:
    """Answer every error with a problem document."""
    app.exception_handler(AutodistillError)(_core)
    app.exception_handler(RequestValidationError)(_request)
    app.exception_handler(HTTPException)(_http)
    app.exception_handler(exc.DataError)(_unstorable)
    for error in (exc.OperationalError, exc.InterfaceError, exc.TimeoutError):
        app.exception_handler(error)(_database)
    app.exception_handler(Exception)(_other)


def answer(error: AutodistillError) -> Response:
    """Return one of the core's errors as a problem document."""
    problems = error.problems if isinstance(error, InvalidInput) else ()
    kind, headers = f"urn:autodistill:{type(error).__name__}", {}
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, TooManyRequests):
        headers["Retry-After"] = str(math.ceil(error.wait_s))
    if isinstance(error, Unavailable):
        headers["Retry-After"] = str(RETRY_AFTER_S)
    return problem(status_of(type(error)), str(error), problems, kind, headers)


def _core(request: Request, error: AutodistillError) -> Response:
    return answer(error)


def _request(request: Request, error: RequestValidationError) -> Response:
    found = error.errors()[:MAX_PROBLEMS]  # nobody reads more, and a body may hold a million
    broken = {e["loc"][:i] for e in found for i in range(len(e["loc"]))}
    # A list whose items are all wrong is called too short as well.
    told = [e for e in found if e["type"] != "too_short" or e["loc"] not in broken]
    return answer(InvalidInput([of_pydantic(e, error.body) for e in told]))


def _http(request: Request, error: HTTPException) -> Response:
    path, detail, headers = request.url.path, str(error.detail), error.headers
    if error.status_code == 405:  # the framework names the methods of one route of that path
        headers = {"Allow": ", ".join(_methods(request))}
    if detail == HTTPStatus(error.status_code).phrase:  # the framework's own, which says little
        detail = {
            404: f"There is nothing at {path}; /openapi.json lists what there is.",
            405: f"{path} does not take {request.method}; the header Allow says what it takes.",
        }.get(error.status_code, detail)
    return problem(error.status_code, detail, headers=headers)


def _methods(request: Request) -> list[str]:
    """Return what is possible at the address of a request."""
    described = request.app.openapi()["paths"]
    if own := described.get(request.url.path):  # not what a sibling's placeholder would match
        return [method.upper() for method in own]
    scopes = {m: {**request.scope, "method": m} for m in METHODS}
    routes = request.app.routes
    return [m for m, s in scopes.items() if any(r.matches(s)[0] is Match.FULL for r in routes)]


def _unstorable(request: Request, error: exc.DataError) -> Response:
    message = "The database cannot hold a value of the request, such as a NUL in a text."
    return answer(InvalidInput(Problem(field="request", message=message)))


def _database(request: Request, error: Exception) -> Response:
    log.warning("%s %s: the database does not answer: %s", request.method, request.url.path, error)
    return answer(Unavailable("The database does not answer; try again in a moment."))


def _other(request: Request, error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return problem(500, "The service failed to answer; its log says why.")


def of_pydantic(error: Any, body: Any = None) -> Problem:
    """Return pydantic's error with a dotted path, and the known values where it lists them."""
    context = error.get("ctx", {})
    if error["type"] == "json_invalid":
        return Problem(field="body", message=f"Not JSON: {context.get('error', error['msg'])}.")
    place = list(error["loc"])
    part = place.pop(0) if place and place[0] in PARTS else ""
    if part == "body":
        place = list(_inside(body, place))
    listed = str(context.get("expected_tags", context.get("expected", "")))
    known = tuple(re.findall(r"'([^']*)'", listed))
    field = ".".join(map(str, place)) or part or "body"
    return Problem(field=field, message=f"{error['msg']}.", known=known)


def _inside(body: Any, place: Sequence[str | int]) -> Iterator[str | int]:
    """Yield the parts of a place that the body has; the others are pydantic's names of variants."""
    for i, part in enumerate(place, start=1):
        keys = body if isinstance(body, Mapping) else range(len(body) if type(body) is list else 0)
        if part in keys:
            body = body[part]
            yield part
        elif i == len(place) and isinstance(body, Mapping):
            yield part  # missing
