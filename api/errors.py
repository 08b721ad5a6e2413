"""Every error as a problem document (RFC 9457): one table from core errors to status codes."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from autodistill.errors import (
    AutodistillError,
    Conflict,
    Diverged,
    InvalidInput,
    LeaseLost,
    NotFound,
    Problem,
)

STATUS: dict[type[AutodistillError], HTTPStatus] = {
    InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    LeaseLost: HTTPStatus.CONFLICT,
    Diverged: HTTPStatus.UNPROCESSABLE_ENTITY,
}
"""Subclasses answer as their nearest base in the table."""
MEDIA_TYPE = "application/problem+json"
log = logging.getLogger(__name__)


def status_of(error: type[AutodistillError]) -> HTTPStatus:
    """Return the status of an error's class."""
    return next(STATUS[base] for base in error.__mro__ if base in STATUS)


def problem(
    status: int,
    detail: str,
    problems: Sequence[Problem] = (),
    kind: str = "about:blank",
    headers: Any = None,
) -> JSONResponse:
    """Return a problem document."""
    body = {
        "type": kind,
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "problems": [p.model_dump(mode="json") for p in problems],
    }
    return JSONResponse(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def install(app: FastAPI) -> None:
    """Answer every error with a problem document."""

    @app.exception_handler(AutodistillError)
    def _core(request: Request, error: AutodistillError) -> JSONResponse:
        problems = error.problems if isinstance(error, InvalidInput) else ()
        kind = f"urn:autodistill:{type(error).__name__}"
        return problem(status_of(type(error)), str(error), problems, kind)

    @app.exception_handler(RequestValidationError)
    def _request(request: Request, error: RequestValidationError) -> JSONResponse:
        problems = [_of_pydantic(e) for e in error.errors()]
        detail = "; ".join(f"{p.field}: {p.message}" for p in problems)
        return problem(422, detail, problems, "urn:autodistill:InvalidInput")

    @app.exception_handler(HTTPException)
    def _http(request: Request, error: HTTPException) -> JSONResponse:
        return problem(error.status_code, str(error.detail), headers=error.headers)

    @app.exception_handler(Exception)
    def _other(request: Request, error: Exception) -> JSONResponse:
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return problem(500, "The service failed to answer; its log says why.")


def _of_pydantic(error: Any) -> Problem:
    """Return pydantic's error with a dotted path, and the known tags where it lists them."""
    place = [str(part) for part in error["loc"] if part not in ("body", "query", "path")]
    expected = error.get("ctx", {}).get("expected_tags", "")
    known = tuple(tag.strip(" '") for tag in expected.split(",")) if expected else ()
    return Problem(field=".".join(place) or "body", message=error["msg"], known=known)
