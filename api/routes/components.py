"""What a pipeline can be made of."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from autodistill.handbook import components

router = APIRouter(prefix="/v1/components", tags=["components"])


@router.get("")
def list_components() -> dict[str, dict[str, Any]]:
    """Return every slot with its kinds: title, explanation, tasks and JSON schema of each."""
    return components()
