from __future__ import annotations

import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn

from api.main import create_app
from api.routes import events
from api.settings import Settings
from autodistill.client import Client
from autodistill.record import (
    Contender,
    Graphs,
    Job,
    JobResult,
    Measurement,
    Origin,
    Score,
    TrialState,
)
from autodistill.spec import PipelineSpec, TrialSpec, plain_fine_tuning
from autodistill.store import ArtifactFolder, Store
from autodistill.testing.shells import reviews, shell_model

MARKUP = "[/because] of markup"
PLAIN = plain_fine_tuning(PipelineSpec().training)


@dataclass
class Service:
    """An API that listens, and a worker that runs a job when it is told to."""

    url: str
    root: Path
    store: Store

    def run_next(self, *, message: str = "", members: tuple[str, ...] = ("config.json",)) -> None:
        """Drive the next queued job to its end; to its failure when there is a message."""
        job = self._claim()
        with self.store.write() as tx:
            driving = tx.driving(job.id, job.owner_epoch)
            for number, pipeline in enumerate((PLAIN, PipelineSpec())):
                spec = TrialSpec(pipeline=pipeline, student="cut-2", seed=0)
                driving.suggest(number, spec, Origin.SAMPLER, MARKUP)
                driving.start(number)
                score = {"accuracy": 0.75 + number / 8}
                measured = Measurement(epoch=1, values={"dev/accuracy": score["accuracy"]})
                driving.measure({number: [measured]})
                driving.finish(
                    number, TrialState.COMPLETE, dev=score, test=score, seconds=1.0, reason=MARKUP
                )
        if message:
            with self.store.write() as tx:
                tx.driving(job.id, job.owner_epoch).fail(message)
            return
        path = self.root / "student.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for member in members:
                archive.writestr(member, "{}")
        artifact = ArtifactFolder(self.root / "artifacts").put(path)
        scores = {"dev/accuracy": 0.87, "latency_ms": 2.0}
        graphs = Graphs(artifact=artifact, float32=scores, int8=scores, difference=0.0)
        broken = tuple(limit.metric for limit in job.spec.limits)
        result = _result(artifact).model_copy(update={"graphs": graphs, "broken": broken})
        with self.store.write() as tx:
            tx.driving(job.id, job.owner_epoch).succeed(result)

    def _claim(self) -> Job:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with self.store.write() as tx:
                if (job := tx.leases.claim("a worker", 60)) is not None:
                    return job
            time.sleep(0.02)
        pytest.fail("nobody submitted a job")


def _result(artifact: str) -> JobResult:
    scores = [Score(mean=m, sd=0.01, seeds=3) for m in (0.75, 0.875)]
    plain, best = (
        Contender(trial=i, student="cut-2", pipeline=p, dev=score, test=score)
        for i, (p, score) in enumerate(zip((PLAIN, PipelineSpec()), scores, strict=True))
    )
    costs = {"num_parameters": 2e6, "latency_ms": 3.0}
    return JobResult(
        metric="accuracy",
        teacher={"test/accuracy": 0.9, **costs},
        plain=plain,
        best=best,
        gain=0.125,
        within_noise=False,
        student={"test/accuracy": 0.87, **costs},
        artifact=artifact,
    )


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    root = tmp_path_factory.mktemp("service")
    events.POLL_S, usual = 0.02, events.POLL_S
    app = create_app(Settings(data_root=root))
    config = uvicorn.Config(
        app, port=0, log_level="warning", ws="none", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    found = Service(f"http://127.0.0.1:{port}", root, app.state.store)
    with Client(found.url) as client:
        client.upload_dataset(reviews(root / "reviews.csv"), name="reviews")
        source = {"kind": "directory", "path": str(shell_model(root / "teacher"))}
        client.register_model("teacher", source)
    yield found
    server.should_exit = True
    thread.join()
    events.POLL_S = usual


@pytest.fixture
def client(service: Service) -> Iterator[Client]:
    with Client(service.url) as found:
        yield found
