from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from api.main import create_app
from api.settings import Settings
from autodistill.record import Job, Measurement, Origin, TrialState
from autodistill.spec import PipelineSpec, TrialSpec, plain_fine_tuning
from autodistill.store import Store
from autodistill.testing.shells import reviews, shell_model

SERIAL = count()
HERE = "http://127.0.0.1"
PLAIN = plain_fine_tuning(PipelineSpec().training)


@dataclass
class World:
    """A service, what is registered there, and the worker's side of its database."""

    http: TestClient
    store: Store
    root: Path

    def get(self, path: str, **more: Any) -> Any:
        return self.http.get(path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> Any:
        return self.http.post(path, json=body, **more)

    def model(self, name: str, **shape: Any) -> Any:
        path = shell_model(self.root / "models" / name, **shape)
        return self.post(
            "/v1/models", {"name": name, "source": {"kind": "directory", "path": str(path)}}
        )

    def upload(self, name: str, **how: Any) -> Any:
        path = reviews(self.root / f"{name}.csv")
        return self.http.post(
            "/v1/datasets",
            files={"file": (path.name, path.read_bytes())},
            data={"request": json.dumps({"name": name, **how})},
        )

    def request(self, **changes: Any) -> dict[str, Any]:
        return {
            "dataset": "reviews",
            "teacher": {"model": "teacher", "preparation": {"kind": "fine_tuned"}},
            "students": [{"kind": "cut", "num_layers": 2}],
            **changes,
        }

    def submit(self, **changes: Any) -> str:
        answer = self.post("/v1/jobs", self.request(**changes))
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def claim(self) -> Job:
        with self.store.write() as tx:
            job = tx.leases.claim("a worker", 60)
        assert job is not None
        return job

    def trial(
        self,
        job: Job,
        number: int,
        scores: list[float],
        *,
        plain: bool = False,
        metric: str = "accuracy",
    ) -> None:
        """Let a worker run a trial to its end."""
        origin = Origin.BASELINE if plain else Origin.SAMPLER
        pipeline = PLAIN if plain else PipelineSpec()
        with self.store.write() as tx:
            driving = tx.driving(job.id, job.owner_epoch)
            driving.suggest(
                number, TrialSpec(pipeline=pipeline, student="cut-2", seed=number), origin, "a test"
            )
            driving.start(number)
            measured = [
                Measurement(epoch=i, values={f"dev/{metric}": score})
                for i, score in enumerate(scores, start=1)
            ]
            driving.measure({number: measured})
            best = {metric: max(scores)}
            driving.finish(number, TrialState.COMPLETE, dev=best, test=best, seconds=1.0)


@pytest.fixture(scope="session")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root with a dataset `reviews` and a model `teacher` of four layers."""
    root = tmp_path_factory.mktemp("ready")
    app = create_app(Settings(data_root=root))
    with TestClient(app, HERE) as http:
        world = World(http, app.state.store, root)
        assert world.upload("reviews").status_code == 201
        assert world.model("teacher").status_code == 201
    return root


@pytest.fixture
def open_world(tmp_path: Path) -> Iterator[Callable[..., World]]:
    """Open worlds with settings of their own."""
    opened: list[TestClient] = []

    def start(root: Path = tmp_path, **settings: Any) -> World:
        app = create_app(Settings(data_root=root, **settings))
        http = TestClient(app, HERE, raise_server_exceptions=False)
        opened.append(http)
        http.__enter__()
        return World(http, app.state.store, root)

    yield start
    for http in opened:
        http.__exit__(None, None, None)


@pytest.fixture
def world(open_world: Callable[..., World], ready: Path, tmp_path: Path) -> World:
    """A service of its own with what is ready."""
    root = tmp_path / "root"
    shutil.copytree(ready, root)
    return open_world(root)


@pytest.fixture(scope="session")
def postgres_ready(
    postgres: Engine, postgres_template: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str]:
    """The same in PostgreSQL: a data root, and the name of a database to copy."""
    root, name = tmp_path_factory.mktemp("postgres_ready"), "ready"
    _copied(postgres, postgres_template, name)
    app = create_app(Settings(data_root=root, database_url=_url(postgres, name)))
    with TestClient(app, HERE) as http:
        world = World(http, app.state.store, root)
        assert world.upload("reviews").status_code == 201
        assert world.model("teacher").status_code == 201
    return root, name


@pytest.fixture
def postgres_copy(
    postgres: Engine, postgres_ready: tuple[Path, str], tmp_path: Path
) -> Iterator[tuple[Path, str]]:
    """A data root of its own with what is ready, and the address of its database."""
    ready, template = postgres_ready
    root, name = tmp_path / "postgres", f"world_{next(SERIAL)}"
    shutil.copytree(ready, root)
    _copied(postgres, template, name)
    yield root, _url(postgres, name)
    with postgres.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def _copied(postgres: Engine, template: str, name: str) -> None:
    with postgres.connect() as connection:
        copy = f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy"
        connection.execute(text(copy))


def _url(postgres: Engine, name: str) -> str:
    return postgres.url.set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def listening() -> Callable[..., AbstractContextManager[str]]:
    """Let a service listen for real, and return its address."""

    @contextmanager
    def listen(root: Path, **settings: Any) -> Iterator[str]:
        app = create_app(Settings(data_root=root, **settings))
        config = uvicorn.Config(app, port=0, log_level="warning", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
        server.should_exit = True
        thread.join()

    return listen
