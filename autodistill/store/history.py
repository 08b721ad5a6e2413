"""What the recommender learns from: the finished trials of every job."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import Connection, select

from autodistill.record import Dataset, Origin, PastTask, Trial, TrialState
from autodistill.spec import METRICS
from autodistill.store import tables
from autodistill.store.trials import COLUMNS, to_trial
from autodistill.task import TaskFacts

LEARNT = (TrialState.COMPLETE, TrialState.PRUNED)


class History:
    """Reading the past."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def tasks(self, exclude_job: str | None = None) -> list[PastTask]:
        """Return every past (dataset, student) pair with its trials, confirmations left out."""
        job, trial, dataset = tables.job, tables.trial, tables.dataset
        query = (
            select(*COLUMNS)
            .where(trial.c.state.in_(LEARNT), trial.c.origin != Origin.CONFIRMATION)
            .order_by(trial.c.job_id, trial.c.number)
        )
        if exclude_job is not None:
            query = query.where(trial.c.job_id != exclude_job)
        groups: dict[tuple[str, str], list[Trial]] = defaultdict(list)
        for found in map(to_trial, self._connection.execute(query)):
            groups[found.job_id, found.spec.student].append(found)
        jobs = {
            row.id: row
            for row in self._connection.execute(select(job.c.id, job.c.dataset_id, job.c.facts))
        }
        datasets = {
            row["id"]: Dataset.model_validate(dict(row))
            for row in self._connection.execute(select(dataset)).mappings()
        }
        past = []
        for (job_id, student), trials in groups.items():
            facts: TaskFacts = jobs[job_id].facts[student]
            past.append(
                PastTask(
                    dataset=datasets[jobs[job_id].dataset_id],
                    facts=facts,
                    metric=METRICS[facts.task][0],
                    trials=tuple(trials),
                )
            )
        return past
