"""What a pipeline can be made of, and what it is measured by."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from autodistill.handbook import components
from autodistill.metrics import CATALOGUE, Metric

router = APIRouter(prefix="/v1/components", tags=["components"])


@router.get("")
def list_components() -> dict[str, dict[str, Any]]:
    """Return every slot with its kinds: title, explanation, tasks and JSON schema of each."""
    return components()


@router.get("/metrics")
def list_metrics() -> dict[str, Metric]:
    """Return every metric by name: its label, its meaning and which way is better."""
    return CATALOGUE
