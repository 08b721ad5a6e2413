"""Records for tests of what thinks about trials: nothing of them was ever run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from autodistill.history import PastTask
from autodistill.metrics import METRICS
from autodistill.record import Dataset, Measurement, Origin, Trial, TrialState
from autodistill.spec import PipelineSpec, TrialSpec
from autodistill.task import Task, TaskFacts

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def facts_of(task: Task = Task.TEXT_CLASSIFICATION, layers: int = 2, train: int = 500) -> TaskFacts:
    """Return the facts of a student of so many layers, under a teacher of six."""
    return TaskFacts(
        task=task,
        num_outputs=3 if task.is_classification else 1,
        num_train=train,
        teacher_layers=6,
        student_layers=layers,
        teacher_width=32,
        student_width=32,
        shared_tokenizer=True,
    )


def trial_of(
    number: int,
    pipeline: PipelineSpec,
    state: TrialState = TrialState.COMPLETE,
    *,
    student: str = "cut-2",
    origin: Origin = Origin.SAMPLER,
    dev: Mapping[str, float] | None = None,
    curve: Sequence[Mapping[str, float]] = (),
) -> Trial:
    """Return a trial that ended as the `number`-th of its job; `curve` has metrics by epoch."""
    return Trial(
        job_id="jb_test",
        number=number,
        spec=TrialSpec(pipeline=pipeline, student=student, seed=number),
        origin=origin,
        state=state,
        reason="",
        finish_order=number,
        num_attempts=1,
        epochs_done=len(curve),
        dev=dict(dev or {}),
        test={},
        curve=tuple(
            Measurement(epoch=i, values={f"dev/{k}": v for k, v in values.items()})
            for i, values in enumerate(curve, start=1)
        ),
        seconds=1.0,
        created_at=NOW,
        finished_at=NOW,
    )


def dataset_of(name: str, facts: TaskFacts, meta_features: Mapping[str, float]) -> Dataset:
    """Return a registered dataset whose content is known by its name alone."""
    return Dataset(
        id=f"ds_{name}",
        name=name,
        sha256=name,
        task=facts.task,
        labels=tuple(map(str, range(facts.num_outputs))) if facts.task.is_classification else (),
        has_pair=False,
        num_examples={"train": facts.num_train, "dev": 100, "test": 100},
        licence="",
        meta_features=dict(meta_features),
        created_at=NOW,
    )


def past_of(dataset: Dataset, facts: TaskFacts, trials: Sequence[Trial]) -> PastTask:
    """Return a past task, judged by its task's headline metric."""
    return PastTask(
        dataset=dataset, facts=facts, metric=METRICS[facts.task][0], trials=tuple(trials)
    )
