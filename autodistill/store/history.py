"""What the recommender learns from: the finished trials of every job."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import CompoundSelect, Connection, func, literal, select, union, union_all

from autodistill.history import PastTask
from autodistill.metrics import LOWER_IS_BETTER, METRICS
from autodistill.record import Dataset, Job, Origin, Trial, TrialState
from autodistill.store import tables
from autodistill.store.chronicles import LEARNT, Chronicles, shipped
from autodistill.store.events import Events
from autodistill.store.jobs import Jobs
from autodistill.store.registry import Registry
from autodistill.store.trials import Trials, select_trials, to_trial

MOST, BEST = 150, 20
"""Trials of a job that are read at most, about; and the best, which are read in any case."""
TERMS = 200
"""Of one compound query; SQLite takes 500."""
TOLD = (*LEARNT, TrialState.FAILED)
"""Trials that say something to others: that a pipeline diverges as well."""


class History:
    """Reading the past."""

    def __init__(self, connection: Connection, chronicles: Chronicles, *, shipped: bool) -> None:
        self._connection, self._chronicles, self._shipped = connection, chronicles, shipped

    def tasks(self, exclude_job: str | None = None) -> list[PastTask]:
        """Return all that is known of the past: own tasks, then imported and shipped ones.

        A job's student that comes in several ways counts once, the first time.
        """
        found = [*self.own(exclude_job), *self._chronicles.tasks()]
        found += shipped() if self._shipped else ()
        distinct: dict[tuple[str, str], PastTask] = {}
        for task in found:
            if task.job != exclude_job:
                distinct.setdefault((task.job, task.student), task)
        return list(distinct.values())

    def own(self, exclude_job: str | None = None) -> list[PastTask]:
        """Return each (job, student) with its finished trials, oldest first.

        Confirmations and curves are left out, students without a finished trial, and tryouts. Of a
        job with more than `MOST` trials there are about that many: an even sample, and its best.
        """
        job, trial = tables.job, tables.trial
        learnt = trial.c.state.in_(LEARNT), trial.c.origin != Origin.CONFIRMATION
        picked = self._picked().subquery()
        mine = (
            trial.c.job_id == picked.c.job_id,
            trial.c.finish_order == picked.c.finish_order,
        )
        query = select_trials().where(*learnt, *mine).order_by(trial.c.job_id, trial.c.number)
        if exclude_job is not None:
            query = query.where(trial.c.job_id != exclude_job)
        groups: dict[tuple[str, str], list[Trial]] = defaultdict(list)
        for row in self._connection.execute(query):
            found = to_trial(row, epochs_done=row.epochs_done)
            groups[found.job_id, found.spec.student].append(found)
        jobs = select(job.c.id, job.c.dataset_id, job.c.facts).where(~job.c.tryout)
        datasets = self._datasets()
        return [
            PastTask(
                dataset=datasets[dataset_id],
                facts=of_student,
                metric=METRICS[of_student.task][0],
                trials=tuple(groups[job_id, student]),
                job=job_id,
                student=student,
            )
            for job_id, dataset_id, facts in self._connection.execute(jobs.order_by(job.c.position))
            for student, of_student in facts.items()
            if (job_id, student) in groups
        ]

    def tryouts(self, dataset: str) -> list[tuple[Job, list[Trial]]]:
        """Return the tryouts on a dataset, by its id, the oldest first, without curves."""
        job, trial = tables.job.c, tables.trial.c
        theirs = job.dataset_id == dataset, job.tryout
        ids = self._connection.scalars(select(job.id).where(*theirs).order_by(job.position)).all()
        trials: dict[str, list[Trial]] = {job_id: [] for job_id in ids}
        query = select_trials().where(trial.job_id.in_(ids)).order_by(trial.number)
        for row in self._connection.execute(query):
            found = to_trial(row, epochs_done=row.epochs_done)
            trials[found.job_id].append(found)
        jobs = Jobs(self._connection, Events(self._connection))
        return [(jobs.get(job_id), trials[job_id]) for job_id in ids]

    def whole(self, job: Job) -> list[PastTask]:
        """Return each student of a job with all that ended, confirmations and curves included."""
        ended = [t for t in Trials(self._connection).all(job.id) if t.state in TOLD]
        dataset = Registry(self._connection, tables.dataset, Dataset).get(job.spec.dataset)
        facts = Jobs(self._connection, Events(self._connection)).facts(job.id)
        conditions: dict[str, float] = {"max_length": job.spec.max_length}
        if (most := job.spec.max_train_examples) is not None:
            conditions["max_train_examples"] = most
        return [
            PastTask(
                dataset=dataset,
                facts=of_student,
                metric=METRICS[of_student.task][0],
                trials=tuple(t for t in ended if t.spec.student == student),
                job=job.id,
                student=student,
                teacher=job.result.teacher if job.result else {},
                conditions=conditions,
            )
            for student, of_student in facts.items()
            if any(t.spec.student == student for t in ended)
        ]

    def _picked(self) -> CompoundSelect[Any]:
        """Return (job, finish order) of what is read, from indexes alone."""
        job, trial = tables.job, tables.trial
        last = func.max(trial.c.finish_order)
        step = (last - 1) // literal(MOST) + 1
        steps = select(trial.c.job_id, step.label("step")).group_by(trial.c.job_id).subquery()
        even = select(trial.c.job_id, trial.c.finish_order).where(
            trial.c.job_id == steps.c.job_id, trial.c.finish_order % steps.c.step == 0
        )
        large = select(job.c.id, job.c.objective).where(
            job.c.id.in_(select(steps.c.job_id).where(steps.c.step > 1))
        )
        best = [
            select(trial.c.job_id, trial.c.finish_order)
            .where(trial.c.job_id == job_id, trial.c.score.is_not(None))
            .order_by(trial.c.score if objective in LOWER_IS_BETTER else trial.c.score.desc())
            .limit(BEST)
            .subquery()
            for job_id, objective in self._connection.execute(large).all()
        ]
        some = [union_all(*map(select, best[i : i + TERMS])) for i in range(0, len(best), TERMS)]
        return union(even, *(select(part.subquery()) for part in some))

    def _datasets(self) -> dict[str, Dataset]:
        rows = self._connection.execute(select(tables.dataset)).mappings()
        return {row["id"]: Dataset.model_validate(dict(row)) for row in rows}
