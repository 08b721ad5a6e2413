"""What the recommender learns from: the finished trials of every job."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import Connection, select

from autodistill.metrics import METRICS
from autodistill.record import Dataset, Origin, PastTask, Trial, TrialState
from autodistill.store import tables
from autodistill.store.trials import select_trials, to_trial
from autodistill.task import TaskFacts

LEARNT = (TrialState.COMPLETE, TrialState.PRUNED)


class History:
    """Reading the past."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def tasks(self, exclude_job: str | None = None) -> list[PastTask]:
        """Return each (job, student) with its finished trials, oldest first.

        Confirmations and curves are left out, and students without a finished trial.
        """
        job, trial = tables.job, tables.trial
        query = (
            select_trials()
            .where(trial.c.state.in_(LEARNT), trial.c.origin != Origin.CONFIRMATION)
            .order_by(trial.c.job_id, trial.c.number)
        )
        if exclude_job is not None:
            query = query.where(trial.c.job_id != exclude_job)
        groups: dict[tuple[str, str], list[Trial]] = defaultdict(list)
        for row in self._connection.execute(query):
            found = to_trial(row, epochs_done=row.epochs_done)
            groups[found.job_id, found.spec.student].append(found)
        jobs = select(job.c.id, job.c.dataset_id, job.c.facts).order_by(job.c.position)
        datasets = self._datasets()
        return [
            _past(datasets[dataset_id], of_student, groups[job_id, student])
            for job_id, dataset_id, facts in self._connection.execute(jobs)
            for student, of_student in facts.items()
            if (job_id, student) in groups
        ]

    def _datasets(self) -> dict[str, Dataset]:
        rows = self._connection.execute(select(tables.dataset)).mappings()
        return {row["id"]: Dataset.model_validate(dict(row)) for row in rows}


def _past(dataset: Dataset, facts: TaskFacts, trials: list[Trial]) -> PastTask:
    metric = METRICS[facts.task][0]
    return PastTask(dataset=dataset, facts=facts, metric=metric, trials=tuple(trials))
