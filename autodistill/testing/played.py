"""A job whose trials are played, not trained: for tests and measurements of what is around."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from autodistill.facts import task_facts
from autodistill.record import (
    Dataset,
    Job,
    Measurement,
    Model,
    Outcome,
    PreparedTask,
)
from autodistill.spec import JobRequest, JobSpec, TrialSpec
from autodistill.store import Store
from autodistill.task import Task

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
DATASET = Dataset(
    id="ds_topics",
    name="topics",
    sha256="0" * 64,
    task=Task.TEXT_CLASSIFICATION,
    labels=("animal", "food"),
    has_pair=False,
    num_examples={"train": 64, "dev": 16, "test": 16},
    licence="",
    meta_features={},
    created_at=LONG_AGO,
)
TEACHER = Model(
    id="md_tiny",
    name="tiny",
    sha256="1" * 64,
    source={},
    path="/nowhere",
    architecture="bert",
    num_layers=4,
    hidden_size=32,
    num_heads=2,
    num_parameters=1000,
    tokenizer_sha256="2" * 64,
    head="SequenceClassification",
    labels=DATASET.labels,
    created_at=LONG_AGO,
)
COSTS = {"num_parameters": 500.0, "latency_ms": 1.0}


class PlayedRun:
    """Stands in for `TrialRun`: epochs of no work, a checkpoint after each, one score."""

    seconds = 0.0
    """How long an epoch takes."""

    def __init__(
        self, task: PreparedTask, spec: TrialSpec, folder: Path, *, slices: int = 1
    ) -> None:
        self.folder, self.num_epochs = folder, spec.pipeline.training.num_epochs
        self.score = 0.8 if spec.pipeline.distils else 0.5
        folder.mkdir(parents=True, exist_ok=True)
        self._checkpoint = folder / "checkpoint.pt"
        done = int(self._checkpoint.read_text()) if self._checkpoint.exists() else 0
        self.history = tuple(measured(epoch, self.score) for epoch in range(1, done + 1))

    def __iter__(self) -> Iterator[Measurement]:
        for epoch in range(len(self.history) + 1, self.num_epochs + 1):
            if self.seconds:
                time.sleep(self.seconds)
            self._checkpoint.write_text(str(epoch))
            yield measured(epoch, self.score)

    def finish(self) -> Outcome:
        """Leave a student of no worth."""
        student = self.folder / "student"
        student.mkdir(exist_ok=True)
        (student / "model.safetensors").write_text("weights")
        scores = {"accuracy": self.score}
        return Outcome(best_epoch=1, dev=scores | COSTS, test=scores, student=student)


def measured(epoch: int, accuracy: float) -> Measurement:
    """Return what an epoch measured."""
    return Measurement(epoch=epoch, values={"dev/accuracy": accuracy, "seconds": 1.0})


def request(**asked: Any) -> JobRequest:
    """Return a job of three epochs and random search, where nothing else is asked for."""
    return JobRequest.model_validate(
        {
            "dataset": DATASET.id,
            "teacher": {"model": TEACHER.id},
            "students": [{"kind": "cut", "num_layers": 2}],
            "space": {"training.num_epochs": 3},
            "confirmation_seeds": 0,
            "search": {"sampler": "random"},
            **asked,
        }
    )


def submit(store: Store, asked: JobRequest, job_id: str = "job_1") -> Job:
    """Queue a job."""
    facts = task_facts(DATASET, TEACHER, asked.students[0], None)
    with store.write() as tx:
        tx.datasets.add(DATASET)
        tx.models.add(TEACHER)
        return tx.jobs.add(job_id, asked.resolve([facts]), facts={"cut-2": facts})


def prepared(root: Path, asked: JobRequest | JobSpec) -> PreparedTask:
    """Return a task of which nothing is read."""
    return PreparedTask(
        dataset=root,
        task=DATASET.task,
        labels=DATASET.labels,
        tokens=root,
        student_tokens={"cut-2": root},
        teacher=root,
        teacher_scores={"dev/accuracy": 0.9, "test/accuracy": 0.9} | COSTS,
        outputs=root,
        students={"cut-2": root},
        student_costs={"cut-2": COSTS},
        facts={"cut-2": task_facts(DATASET, TEACHER, asked.students[0], None)},
        max_length=16,
        train_positions=None,
    )
