"""What routes ask for."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request

from api.settings import Settings
from autodistill.access import Principal
from autodistill.store import ArtifactFolder, Store


def _store(request: Request) -> Store:
    store: Store = request.app.state.store
    return store


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def _artifacts(request: Request) -> ArtifactFolder:
    return ArtifactFolder(_settings(request).root / "artifacts")


def _principal(request: Request) -> Principal:
    principal: Principal = request.state.principal
    return principal


PrincipalDep = Annotated[Principal, Depends(_principal)]
StoreDep = Annotated[Store, Depends(_store)]
SettingsDep = Annotated[Settings, Depends(_settings)]
ArtifactsDep = Annotated[ArtifactFolder, Depends(_artifacts)]
MAX_INT = 2**31 - 1
"""Largest whole number that every database's INTEGER holds."""
Limit = Annotated[int, Query(ge=1, le=500, description="Items on a page.")]
