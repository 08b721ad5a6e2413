"""A small job and its prepared task, for tests of what comes after."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autodistill.facts import task_facts
from autodistill.optimisation import Training
from autodistill.prepare import prepare
from autodistill.record import Dataset, Model, PreparedTask
from autodistill.spec import CutStudent, JobRequest, JobSpec, PipelineSpec, TeacherSpec, TrialSpec
from autodistill.task import Task
from autodistill.teachers.fine_tuned import FineTuned
from autodistill.testing.tiny import tiny_dataset, tiny_encoder, tiny_model, tiny_vit

QUICK = Training(learning_rate=5e-3, num_epochs=2, batch_size=8, warmup_fraction=0.0)
"""Settings with which a tiny model learns something in a second."""
TEACHER = QUICK.model_copy(update={"num_epochs": 4})
STUDENT = CutStudent(num_layers=2)


def tiny_job(
    dataset: Dataset, teacher: Model, student: CutStudent = STUDENT, /, **changes: Any
) -> JobSpec:
    """Return a job with one cut student whose teacher is fine-tuned quickly."""
    asked: dict[str, Any] = {
        "dataset": dataset.id,
        "teacher": TeacherSpec(model=teacher.id, preparation=FineTuned(training=TEACHER)),
        "students": (student,),
        "max_length": 32,
    }
    request = JobRequest(**asked | changes)
    facts = task_facts(dataset, teacher, student, None, request.augmenters)
    return request.resolve([facts])


def tiny_task(
    folder: Path,
    task: Task = Task.TEXT_CLASSIFICATION,
    models: Mapping[str, Model] | None = None,
    student: CutStudent = STUDENT,
    **changes: Any,
) -> PreparedTask:
    """Prepare a tiny job on a tiny dataset, everything under one folder.

    Args:
        folder: Where everything goes.
        task: What is predicted.
        models: By id, those that rewrite texts, where the changed job names some.
        student: Who learns.
        changes: Of the job.
    """
    dataset, path = tiny_dataset(folder / "data", task)
    encoder = tiny_vit if task.reads_images else tiny_encoder
    teacher = tiny_model(encoder(folder / "encoder"))
    return prepare(
        tiny_job(dataset, teacher, student, **changes),
        dataset,
        teacher,
        {student.label: None},
        models,
        dataset_path=path,
        root=folder,
        progress=lambda *_: None,
    )


def tiny_trial(seed: int = 0, **slots: Any) -> TrialSpec:
    """Return a trial of the cut student, quick where nothing else is said."""
    pipeline = PipelineSpec(**{"training": QUICK} | slots)
    return TrialSpec(pipeline=pipeline, student=STUDENT.label, seed=seed)
