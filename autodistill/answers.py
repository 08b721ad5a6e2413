"""What the service's answers that are errors stand for."""

from __future__ import annotations

import httpx

from autodistill import errors
from autodistill.errors import AutodistillError, InvalidInput, Problem


def refuse(response: httpx.Response) -> None:
    """Raise what an answer that is an error stands for."""
    if response.is_error:
        response.read()
        raise _error(response)


def _error(response: httpx.Response) -> AutodistillError:
    """Return the core's error that a problem document stands for."""
    try:
        body = response.json()
    except ValueError:
        body = None
    if not isinstance(body, dict) or "detail" not in body:
        place = f"{response.request.url} answered {response.status_code}"
        return AutodistillError(f"{place}, but not as AutoDistiller does: {response.text[:200]}")
    named = vars(errors).get(str(body.get("type", "")).rpartition(":")[2])
    kind = named if isinstance(named, type) and issubclass(named, AutodistillError) else None
    if kind is not None and issubclass(kind, InvalidInput):
        problems = [Problem.model_validate(p) for p in body["problems"]]
        return kind(problems or Problem(field="request", message=body["detail"]))
    found = AutodistillError.__new__(kind or AutodistillError)
    found.args = (body["detail"],)
    return found
