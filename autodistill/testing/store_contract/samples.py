"""Small records, and the steps that most promises start with."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from autodistill.record import (
    Contender,
    Dataset,
    Job,
    JobResult,
    Measurement,
    Model,
    Origin,
    Score,
    TrialState,
)
from autodistill.spec import (
    CutStudent,
    JobRequest,
    JobSpec,
    PipelineSpec,
    TeacherSpec,
    TrialSpec,
    plain_fine_tuning,
)
from autodistill.store import Store
from autodistill.task import Task, TaskFacts

LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)
TTL_S = 60.0
FACTS = TaskFacts(
    task=Task.TEXT_CLASSIFICATION,
    num_outputs=2,
    num_train=100,
    teacher_layers=6,
    student_layers=2,
    teacher_width=32,
    student_width=32,
    shared_tokenizer=True,
)
DISTILLED = TrialSpec(pipeline=PipelineSpec(), student="cut-2", seed=1)
PLAIN = DISTILLED.model_copy(update={"pipeline": plain_fine_tuning(DISTILLED.pipeline.training)})
SCORE = Score(mean=0.9, sd=None, seeds=1)
CONTENDER = Contender(trial=0, student="cut-2", pipeline=PipelineSpec(), dev=SCORE, test=SCORE)
RESULT = JobResult(
    metric="accuracy",
    teacher={"dev/accuracy": 0.95},
    plain=CONTENDER,
    best=CONTENDER,
    gain=0.0,
    within_noise=None,
    student={"dev/accuracy": 0.9},
    artifact="0" * 64,
)


def a_dataset(name: str = "reviews", digit: str = "a") -> Dataset:
    """Return a dataset whose content is told by a digit."""
    return Dataset(
        id=f"ds_{digit * 16}",
        name=name,
        sha256=digit * 64,
        task=Task.TEXT_CLASSIFICATION,
        labels=("bad", "good"),
        has_pair=False,
        num_examples={"train": 100, "dev": 10, "test": 10},
        licence="CC0",
        meta_features={"log_train": 4.6, "class_entropy": 1.0},
        created_at=LONG_AGO,
    )


def a_model(name: str = "teacher", digit: str = "b") -> Model:
    """Return a model whose content is told by a digit."""
    return Model(
        id=f"md_{digit * 16}",
        name=name,
        sha256=digit * 64,
        source={"kind": "directory", "path": "models/teacher"},
        path="/models/teacher",
        architecture="bert",
        num_layers=6,
        hidden_size=32,
        num_heads=2,
        num_parameters=5_000_000_000,
        tokenizer_sha256="c" * 64,
        head="",
        labels=(),
        created_at=LONG_AGO,
    )


def a_spec(**changes: Any) -> JobSpec:
    """Return an admitted job on `a_dataset`."""
    request = JobRequest(
        dataset=a_dataset().id,
        teacher=TeacherSpec(model=a_model().id),
        students=(CutStudent(num_layers=2),),
    )
    return request.resolve([FACTS]).model_copy(update=changes)


def epoch(number: int, accuracy: float = 0.5) -> Measurement:
    """Return what one epoch measured."""
    return Measurement(epoch=number, values={"loss/total": 1.0, "dev/accuracy": accuracy})


def add_job(store: Store, job_id: str = "job_1", **changes: Any) -> Job:
    """Queue a job."""
    with store.write() as tx:
        tx.datasets.add(a_dataset())
        return tx.jobs.add(job_id, a_spec(**changes), facts={"cut-2": FACTS})


def claim(store: Store, owner: str = "worker", ttl_s: float = TTL_S) -> Job:
    """Claim the next job, which there must be."""
    with store.write() as tx:
        job = tx.leases.claim(owner, ttl_s)
    assert job is not None
    return job


def claimed(store: Store, job_id: str = "job_1", ttl_s: float = TTL_S, **changes: Any) -> int:
    """Queue a job, claim it, and return the epoch of the claim."""
    add_job(store, job_id, **changes)
    return claim(store, ttl_s=ttl_s).owner_epoch


def complete(
    store: Store,
    epoch: int,
    number: int,
    accuracy: float,
    spec: TrialSpec = DISTILLED,
    *,
    origin: Origin = Origin.SAMPLER,
    state: TrialState = TrialState.COMPLETE,
) -> None:
    """Let a trial be suggested, run and end with a score."""
    with store.write() as tx:
        driving = tx.driving("job_1", epoch)
        driving.suggest(number, spec, origin, "drawn")
        driving.start(number)
        scores = {"accuracy": accuracy}
        driving.finish(number, state, dev=scores, test=scores, seconds=1.0)


def kinds(store: Store, job_id: str = "job_1") -> list[str]:
    """Return the kinds of a job's events, having checked that their numbers have no gap."""
    with store.read() as tx:
        events = tx.events.after(job_id, 0)
        assert [e.seq for e in events] == list(range(1, len(events) + 1))
        assert tx.events.latest(job_id) == len(events)
    return [e.kind for e in events]
