"""What a job's search knows of others: similar ones that had ended when it was submitted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from autodistill.history import PastTask
from autodistill.recommend.similarity import evidence, similarities
from autodistill.recommend.witnesses import MAX_TASKS, SIMILAR
from autodistill.record import Job
from autodistill.search import Past, remembered
from autodistill.store import Store
from autodistill.task import TaskFacts


class _Witness(NamedTuple):
    similarity: float
    student: str
    past: PastTask


def lore(store: Store, job: Job, facts: Mapping[str, TaskFacts]) -> list[Past]:
    """Return similar past tasks, the most similar first; none where the sampler asks for none.

    Only trials that had ended when the job was submitted count, so that a restarted driver proposes
    what the last one would have. Each past student stands for the job's student that is most like
    it.
    """
    if job.spec.search.sampler != "transfer":
        return []
    with store.read() as tx:
        dataset = tx.datasets.get(job.spec.dataset)
        history = [_before(job, past) for past in tx.history.tasks(exclude_job=job.id)]
    history = [past for past in history if past.trials]
    if not history:
        return []
    alike = np.stack([similarities(dataset, of_student, history) for of_student in facts.values()])
    nearest, students = alike.argmax(axis=0), list(facts)
    found = sorted(
        (
            _Witness(float(alike[nearest[i], i]), students[nearest[i]], past)
            for i, past in enumerate(history)
            if alike[nearest[i], i] >= SIMILAR
        ),
        key=lambda witness: -witness.similarity,
    )[:MAX_TASKS]
    weights = evidence([w.similarity for w in found], [w.past for w in found])
    return [
        remembered(w.past, w.student, weight, job.spec.space, job.spec.objectives)
        for w, weight in zip(found, weights, strict=True)
    ]


def _before(job: Job, past: PastTask) -> PastTask:
    ended = tuple(
        t for t in past.trials if t.finished_at is not None and t.finished_at < job.created_at
    )
    return past.model_copy(update={"trials": ended})
