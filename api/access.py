"""Who may do what: the scope that each operation needs, in one table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.routing import compile_path

from autodistill.access import Scope

VIEWER, SUBMITTER, ADMIN = Scope.VIEWER, Scope.SUBMITTER, Scope.ADMIN
NEEDS: Mapping[str, Scope | None] = {
    "GET /healthz": None,
    "GET /readyz": None,
    "GET /openapi.json": None,
    "GET /metrics": VIEWER,
    "GET /login": None,
    "POST /login": None,
    "POST /logout": None,
    "GET /static/{path:path}": None,
    "GET /": VIEWER,
    "GET /jobs/new": VIEWER,
    "GET /jobs/{job_id}": VIEWER,
    "GET /jobs/{job_id}/trials": VIEWER,
    "GET /jobs/{job_id}/trials/{number}": VIEWER,
    "GET /recommend": VIEWER,
    "GET /jobs/{job_id}/compare": VIEWER,
    "GET /jobs/{job_id}/why": VIEWER,
    "GET /jobs/{job_id}/timeline": VIEWER,
    "GET /datasets": VIEWER,
    "GET /datasets/{dataset}": VIEWER,
    "GET /models": VIEWER,
    "GET /history": VIEWER,
    "GET /system": VIEWER,
    "GET /v1/components": VIEWER,
    "GET /v1/components/metrics": VIEWER,
    "GET /v1/datasets": VIEWER,
    "POST /v1/datasets": SUBMITTER,
    "POST /v1/datasets/by-path": SUBMITTER,
    "GET /v1/datasets-map": VIEWER,
    "GET /v1/datasets/{dataset}": VIEWER,
    "DELETE /v1/datasets/{dataset}": SUBMITTER,
    "GET /v1/models": VIEWER,
    "POST /v1/models": SUBMITTER,
    "GET /v1/models/{model}": VIEWER,
    "DELETE /v1/models/{model}": SUBMITTER,
    "GET /v1/jobs": VIEWER,
    "POST /v1/jobs": SUBMITTER,
    "POST /v1/jobs/validate": VIEWER,
    "POST /v1/jobs/estimate": VIEWER,
    "GET /v1/jobs/{job}": VIEWER,
    "POST /v1/jobs/{job}/pause": SUBMITTER,
    "POST /v1/jobs/{job}/resume": SUBMITTER,
    "POST /v1/jobs/{job}/cancel": SUBMITTER,
    "POST /v1/jobs/{job}/clone": SUBMITTER,
    "POST /v1/jobs/{job}/extend": SUBMITTER,
    "POST /v1/jobs/{job}/retry": SUBMITTER,
    "GET /v1/projects": VIEWER,
    "GET /v1/projects/{project}": VIEWER,
    "PUT /v1/projects/{project}": ADMIN,
    "GET /v1/jobs/{job}/trials": VIEWER,
    "GET /v1/jobs/{job}/trials/{number}": VIEWER,
    "GET /v1/jobs/{job}/trials/{number}/confusion": VIEWER,
    "GET /v1/jobs/{job}/trials/{number}/log": VIEWER,
    "POST /v1/jobs/{job}/trials/{number}/stop": SUBMITTER,
    "POST /v1/jobs/{job}/ask": SUBMITTER,
    "POST /v1/jobs/{job}/trials/{number}/report": SUBMITTER,
    "POST /v1/jobs/{job}/trials/{number}/tell": SUBMITTER,
    "GET /v1/jobs/{job}/columns": VIEWER,
    "GET /v1/jobs/{job}/curves": VIEWER,
    "GET /v1/jobs/{job}/why": VIEWER,
    "GET /v1/jobs/{job}/story": VIEWER,
    "GET /v1/jobs/{job}/report": VIEWER,
    "GET /v1/jobs/{job}/fields": VIEWER,
    "GET /v1/jobs/{job}/table": VIEWER,
    "GET /v1/jobs/{job}/export": VIEWER,
    "GET /v1/jobs/{job}/timeline": VIEWER,
    "GET /v1/jobs/{job}/events": VIEWER,
    "GET /v1/jobs/{job}/student": VIEWER,
    "POST /v1/recommendations": VIEWER,
    "GET /v1/history": VIEWER,
    "GET /v1/history/evaluation": VIEWER,
    "GET /v1/history/evaluation/course": VIEWER,
    "GET /v1/history/export": VIEWER,
    "GET /v1/history/imports": VIEWER,
    "POST /v1/history/imports": SUBMITTER,
    "GET /v1/history/imports/{chronicle}": VIEWER,
    "DELETE /v1/history/imports/{chronicle}": SUBMITTER,
    "GET /v1/system": VIEWER,
    "GET /v1/tokens": ADMIN,
    "POST /v1/tokens": ADMIN,
    "GET /v1/tokens/{token}": ADMIN,
    "POST /v1/tokens/{token}/revoke": ADMIN,
    "GET /v1/audit": ADMIN,
    "GET /v1/webhooks": ADMIN,
    "POST /v1/webhooks": ADMIN,
    "GET /v1/webhooks/{webhook}": ADMIN,
    "DELETE /v1/webhooks/{webhook}": ADMIN,
    "GET /v1/webhooks/{webhook}/deliveries": ADMIN,
}
"""None is for everybody. What is not listed needs an admin, and fails a test."""
METHODS = ("HEAD", *sorted({key.split(" ")[0] for key in NEEDS}))


@dataclass(frozen=True)
class Operation:
    """What a request asks for."""

    template: str
    """Path with its parameters' names; empty when there is nothing at that address."""
    needs: Scope | None
    parameters: Mapping[str, Any]


def _compiled() -> dict[str, list[tuple[re.Pattern[str], str, Scope | None]]]:
    found: dict[str, list[tuple[re.Pattern[str], str, Scope | None]]] = {}
    for key, scope in NEEDS.items():
        method, template = key.split(" ")
        found.setdefault(method, []).append((compile_path(template)[0], template, scope))
    return found


_COMPILED = _compiled()


def operation(method: str, path: str) -> Operation:
    """Return what a request asks for, and the scope that it needs."""
    for pattern, template, scope in _COMPILED.get("GET" if method == "HEAD" else method, ()):
        if match := pattern.match(path):
            return Operation(template, scope, match.groupdict())
    return Operation("", ADMIN, {})
