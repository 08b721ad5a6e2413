"""What is recommended for a task, and the short trials that would tell more."""

from __future__ import annotations

from typing import Any

from autodistill.effort import Budget, Search
from autodistill.history import Recommendation
from autodistill.metrics import METRICS
from autodistill.recommend import recommend
from autodistill.recommend.tryout import ordered, untried
from autodistill.record import Dataset, Model
from autodistill.spec import JobRequest, StudentSpec, TeacherSpec
from autodistill.store import Sought, Transaction
from autodistill.task import TaskFacts
from autodistill.teachers.as_is import AsIs
from autodistill.teachers.fine_tuned import FineTuned

EARLIER = 50
"""Newest jobs of a dataset among which its teacher is looked up."""
MOST_LETTERS = 200
"""Of a job's name."""


def advise(tx: Transaction, dataset: Dataset, facts: TaskFacts, *, k: int) -> Recommendation:
    """Return what the recommender says now, in the order of what was tried out on the dataset."""
    found = recommend(dataset, facts, tx.history.tasks(), k=k)
    return ordered(found, tx.history.tried_out(dataset.id, facts), METRICS[facts.task][0])


def tryout(
    tx: Transaction, dataset: Dataset, teacher: Model, student: StudentSpec, found: Recommendation
) -> dict[str, Any] | None:
    """Return the request of a job that tries out what of a list was not yet; None: all was.

    The teacher is prepared as for the newest job of both.
    """
    if not (pipelines := untried(found)):
        return None
    earlier = tx.jobs.list(Sought(registered=dataset.id), limit=EARLIER)
    same = (job.spec.teacher for job in earlier if job.spec.teacher.model == teacher.id)
    preparation = AsIs() if teacher.knows(dataset) else FineTuned()
    asked = JobRequest(
        name=f"Short trials on {dataset.name}"[:MOST_LETTERS],
        dataset=dataset.id,
        teacher=next(same, TeacherSpec(model=teacher.id, preparation=preparation)),
        students=(student,),
        start=pipelines,
        tryout=True,
        budget=Budget(
            num_trials=1 + len(pipelines),
            max_epochs=max(pipeline.training.num_epochs for pipeline in pipelines),
        ),
        search=Search(early_stopping=False, recommended=0),
        confirmation_seeds=0,
    )
    return asked.model_dump(mode="json", include=asked.model_fields_set)
