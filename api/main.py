"""The composition root: `uvicorn api.main:create_app --factory`."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import Depends, FastAPI
from fastapi.middleware.gzip import GZipMiddleware
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES

from api import dashboard, errors
from api.description import Application, operation_id
from api.evaluating import Evaluating
from api.exports import PARQUET
from api.frames import Shelves
from api.gate import Gate
from api.guards import Guard, storable
from api.lending import Desk
from api.metrics import Metrics, Watch
from api.postman import Postman
from api.reclaiming import Reclaiming
from api.routes import (
    access,
    charts,
    chronicles,
    components,
    datasets,
    events,
    health,
    history,
    jobs,
    lending,
    models,
    projects,
    recommendations,
    renewing,
    reports,
    system,
    tables,
    timeline,
    trials,
    webhooks,
)
from api.settings import Settings
from api.warming import Warming
from autodistill.store import Store

NOUNS = (
    datasets,
    models,
    jobs,
    renewing,
    trials,
    lending,
    projects,
    charts,
    tables,
    timeline,
    reports,
    events,
    recommendations,
    history,
    chronicles,
    components,
    access,
    webhooks,
    system,
    health,
)


class NobodyMayEnter(Exception):
    """Tokens are asked for and there is none that could make others."""


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the application on a database that has the newest schema."""
    settings = settings or Settings()
    settings.root.mkdir(parents=True, exist_ok=True)
    store = Store(settings.database, shipped=settings.shipped_history)
    store.migrate()
    _check_entrance(settings, store)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        threads = (
            Postman(store, settings),
            Warming(store, app.state.shelves),
            Reclaiming(app.state.desk),
        )
        for thread in threads:
            thread.start()
        yield
        for thread in threads:
            thread.stop()
        store.close()

    app = Application(
        title="AutoDistiller",
        version=version("autodistill-service"),
        lifespan=lifespan,
        dependencies=[Depends(storable)],
        responses=errors.RESPONSES,
        generate_unique_id_function=operation_id,
        docs_url=None,  # Swagger and ReDoc load code from elsewhere; docs/openapi.json is enough
        redoc_url=None,
    )
    app.state.settings, app.state.store = settings, store
    app.state.metrics, app.state.draining = Metrics(store), threading.Event()
    app.state.shelves, app.state.desk = Shelves(), Desk(store)
    app.state.evaluating = Evaluating()
    app.add_middleware(
        GZipMiddleware,
        minimum_size=1024,
        compresslevel=6,
        exclude_content_types=(*DEFAULT_EXCLUDED_CONTENT_TYPES, PARQUET),  # it is compressed
    )
    app.add_middleware(Guard, max_upload_mib=settings.max_upload_mib)
    app.add_middleware(Gate, settings=settings, store=store)
    app.add_middleware(Watch, metrics=app.state.metrics)
    errors.install(app)
    for noun in NOUNS:
        app.include_router(noun.router)
    dashboard.mount(app)
    return app


def _check_entrance(settings: Settings, store: Store) -> None:
    if not settings.guarded or settings.root_token is not None:
        return
    with store.read() as tx:
        if tx.tokens.has_admin():
            return
    raise NobodyMayEnter(
        f"The service is to listen on {settings.host} and ask for tokens, and there is none with "
        "scope admin. Set AUTODISTILL_ROOT_TOKEN to a secret (openssl rand -hex 32), or start on "
        "127.0.0.1 first and run: autodistill token create NAME --scope admin"
    )
