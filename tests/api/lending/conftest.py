"""Jobs that run elsewhere, on each engine."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

import pytest

from tests.api.lending.asker import QUICK, Asker


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def world(request: pytest.FixtureRequest) -> Any:
    """A service of its own with what is ready, on each engine."""
    if request.param == "SQLite":
        root, url = request.getfixturevalue("tmp_path") / "root", ""
        shutil.copytree(request.getfixturevalue("ready"), root)
    else:  # opened after its copy is made, and so closed before it is dropped
        root, url = request.getfixturevalue("postgres_copy")
    return request.getfixturevalue("open_world")(root, database_url=url)


@pytest.fixture
def job(world: Any) -> Callable[..., str]:
    """Submit a job that runs elsewhere, of two trials and no confirmation."""

    def submit(trials: int = 2, **changes: Any) -> str:
        budget = {"num_trials": trials, "max_epochs": 10}
        usual = {"budget": budget, "search": QUICK, "confirmation_seeds": 0}
        return str(world.submit(runs="elsewhere", **(usual | changes)))

    return submit


@pytest.fixture
def asker(world: Any) -> Asker:
    return Asker(world)
