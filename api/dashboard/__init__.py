"""The dashboard: server-rendered shells, filled in the browser from the JSON API.

Nothing here reads the store: what a page shows is what `/v1` says. Labels, help and forms come from
the JSON schemas of the specs and components, so a new component needs no edit.
"""

from __future__ import annotations

from fastapi import FastAPI

from api.dashboard import login, pages
from api.dashboard.pages import STATIC, Assets


def mount(app: FastAPI) -> None:
    """Add the pages and their static files to `app`."""
    app.include_router(login.router)
    app.include_router(pages.router)
    app.mount("/static", Assets(directory=STATIC), name="static")
