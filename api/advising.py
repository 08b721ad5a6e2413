"""What is recommended for a task, and the short trials that would tell more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from autodistill.effort import Budget, Search
from autodistill.history import Recommendation
from autodistill.metrics import METRICS
from autodistill.recommend import recommend
from autodistill.recommend.tryout import MOST, Tried, ordered, untried
from autodistill.record import Dataset, Job, Model, TrialState
from autodistill.spec import JobRequest, JobSpec, PipelineSpec, Student, TeacherSpec
from autodistill.store import Transaction
from autodistill.task import TaskFacts
from autodistill.teachers.as_is import AsIs
from autodistill.teachers.fine_tuned import FineTuned


@dataclass(frozen=True)
class Question:
    """For which job pipelines are to be recommended."""

    dataset: Dataset
    facts: TaskFacts
    teacher: TeacherSpec
    student: Student
    max_length: int = JobRequest.model_fields["max_length"].default
    max_train_examples: int | None = None

    def is_of(self, spec: JobSpec) -> bool:
        """Return whether a job of this dataset trains the student under these conditions."""
        return (
            spec.teacher.model == self.teacher.model
            and self.student in spec.students
            and spec.max_length == self.max_length
            and spec.max_train_examples == self.max_train_examples
        )


def question(
    dataset: Dataset, facts: TaskFacts, teacher: Model, student: Student, jobs: Iterable[Job]
) -> Question:
    """Return the question under the conditions of the first of some jobs with this teacher."""
    for job in jobs:
        if (spec := job.spec).teacher.model == teacher.id:
            conditions = spec.max_length, spec.max_train_examples
            return Question(dataset, facts, spec.teacher, student, *conditions)
    preparation = AsIs() if teacher.knows(dataset) else FineTuned()
    asked = TeacherSpec(model=teacher.id, preparation=preparation)
    return Question(dataset, facts, asked, student)


def advise(
    tx: Transaction, asked: Question, *, k: int, sees: Callable[[Job], bool]
) -> Recommendation:
    """Return what the recommender says now, in the order of what was tried out on the dataset.

    What was tried out orders everyone's list, as everyone's jobs are its history.

    Args:
        tx: Of the store.
        asked: For whom.
        k: How many pipelines.
        sees: Whether whoever asks may see a job; others under way are not named.
    """
    found = recommend(asked.dataset, asked.facts, tx.history.tasks(), k=max(k, MOST))
    tried = _tried(tx, asked, sees)
    listed = ordered(found, tried, METRICS[asked.facts.task][0])
    return listed.model_copy(
        update={
            "advice": listed.advice[:k],
            "tryout": _tryout(asked, untried(found, tried, asked.facts)),
            "trying": tried.job,
        }
    )


def _tried(tx: Transaction, asked: Question, sees: Callable[[Job], bool]) -> Tried:
    reached: dict[PipelineSpec, list[float]] = defaultdict(list)
    failed: set[PipelineSpec] = set()
    awaited: set[PipelineSpec] = set()
    under_way, metric = None, METRICS[asked.facts.task][0]
    for job, trials in tx.history.tryouts(asked.dataset.id):
        if not asked.is_of(job.spec):
            continue
        for trial in trials:
            if trial.spec.student != asked.student.label:
                continue
            if trial.state is TrialState.COMPLETE:
                reached[trial.spec.pipeline].append(trial.dev[metric])
            elif trial.state is TrialState.FAILED:
                failed.add(trial.spec.pipeline)
        if not job.state.terminal:
            awaited |= set(job.spec.start)
            under_way = job.id if sees(job) else under_way
    means = {pipeline: fmean(scores) for pipeline, scores in reached.items()}
    return Tried(means, failed - means.keys(), awaited, under_way)


def _tryout(asked: Question, pipelines: tuple[PipelineSpec, ...]) -> dict[str, Any] | None:
    """Return the body of a job that tries pipelines out; None without any."""
    if not pipelines:
        return None
    job = JobRequest(
        name=f"Short trials on {asked.dataset.name}",
        dataset=asked.dataset.id,
        teacher=asked.teacher,
        students=(asked.student,),
        start=pipelines,
        tryout=True,
        budget=Budget(
            num_trials=1 + len(pipelines),
            max_epochs=max(pipeline.training.num_epochs for pipeline in pipelines),
        ),
        search=Search(early_stopping=False, recommended=0),
        max_length=asked.max_length,
        max_train_examples=asked.max_train_examples,
        confirmation_seeds=0,
    )
    return job.model_dump(mode="json", include=job.model_fields_set)
