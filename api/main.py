"""The composition root: `uvicorn api.main:create_app --factory`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.middleware.gzip import GZipMiddleware
from typing_extensions import override

from api import dashboard, errors
from api.guards import Guard, storable
from api.routes import components, datasets, events, health, jobs, models, recommendations
from api.settings import Settings
from autodistill.store import Store

NOUNS = (datasets, models, jobs, events, recommendations, components, health)


class Application(FastAPI):
    """FastAPI, whose description of itself names the one form of all errors."""

    @override
    def openapi(self) -> dict[str, Any]:
        described = super().openapi()
        described["components"]["schemas"]["ProblemDocument"] = errors.SCHEMA
        return described


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the application on a database that has the newest schema."""
    settings = settings or Settings()
    settings.root.mkdir(parents=True, exist_ok=True)
    store = Store(settings.database)
    store.migrate()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        store.close()

    app = Application(
        title="AutoDistiller",
        version=version("autodistill-service"),
        lifespan=lifespan,
        dependencies=[Depends(storable)],
        responses=errors.RESPONSES,
    )
    app.state.settings, app.state.store = settings, store
    app.add_middleware(GZipMiddleware, minimum_size=1024)
    app.add_middleware(Guard, max_upload_mib=settings.max_upload_mib)
    errors.install(app)
    for noun in NOUNS:
        app.include_router(noun.router)
    dashboard.mount(app)
    return app
