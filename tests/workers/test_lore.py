from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from autodistill.facts import task_facts
from autodistill.planning import lore
from autodistill.record import Wish
from autodistill.testing.played import DATASET, TEACHER, request
from workers.conductor import Conductor, Supply
from workers.folders import TrialFolders

Desk = Callable[..., Any]


def finished(desk: Desk) -> Any:
    d = desk(budget={"num_trials": 6, "max_epochs": 3}, search={"sampler": "random"})
    while not isinstance(trial := d.conductor.next(), Supply):
        d.end(trial.number, 0.5 + 0.01 * trial.number)
    return d


def stored(d: Any) -> Any:
    d.conductor.commit()
    with d.store.read() as tx:
        return tx.trials.all("job_1")


def later(d: Any, sampler: str = "transfer", **update: Any) -> Any:
    search = d.job.spec.search.model_copy(update={"sampler": sampler})
    spec = d.job.spec.model_copy(update={"search": search})
    ended = max(t.finished_at for t in stored(d))
    created = ended + timedelta(seconds=1)
    return d.job.model_copy(update={"id": "job_2", "spec": spec, "created_at": created} | update)


def test_a_job_knows_the_trials_of_similar_ones(desk: Desk) -> None:
    d = finished(desk)
    (known,) = lore(d.store, later(d), d.task.facts)
    scores = [t.dev["accuracy"] for t in stored(d) if t.dev]
    assert sorted(known.values[:, 0]) == sorted(scores)
    assert {s["student"] for s in known.settings} == {"cut-2"}
    assert known.weight == 1.0
    assert not np.isnan(known.values).any()


def test_it_does_not_know_what_ended_after_it_was_submitted(desk: Desk) -> None:
    d = finished(desk)
    early = min(t.finished_at for t in stored(d))
    assert lore(d.store, later(d, created_at=early), d.task.facts) == []


def test_other_samplers_do_not_ask(desk: Desk) -> None:
    d = finished(desk)
    assert lore(d.store, later(d, "tpe"), d.task.facts) == []


def test_a_job_does_not_know_itself(desk: Desk) -> None:
    d = finished(desk)
    assert lore(d.store, later(d, id=d.job.id), d.task.facts) == []


def test_a_second_job_starts_from_what_the_first_one_saw(desk: Desk, tmp_path: Path) -> None:
    d = finished(desk)
    stored(d)
    asked = request(budget={"num_trials": 4, "max_epochs": 3}, search={"sampler": "transfer"})
    with d.store.write() as tx:
        held = tx.jobs.get("job_1")
        tx.leases.release("job_1", held.owner_epoch)
        tx.jobs.wish("job_1", Wish.CANCEL)
        facts = task_facts(DATASET, TEACHER, asked.students[0], None)
        tx.jobs.add("job_2", asked.resolve([facts]), facts={"cut-2": facts})
        job = tx.leases.claim("a test", 60)
        assert job is not None
        assert job.id == "job_2"
        tx.leases.grant(job.id, job.owner_epoch, 9)
    folders = TrialFolders(tmp_path, job.id, job.owner_epoch)
    conductor = Conductor(d.store, job, d.task, folders, threading.Event(), threading.Event())
    reasons = [trial.reason for _ in range(3) if not isinstance(trial := conductor.next(), Supply)]
    assert reasons == [
        "the same student without a teacher",
        "good in 1 similar past task",
        "good in 1 similar past task",
    ]
