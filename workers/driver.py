"""One job, from `preparing` to its end. `python -m workers.driver JOB EPOCH` is one claim of it."""

from __future__ import annotations

import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from autodistill.errors import AutodistillError, LeaseLost
from autodistill.prepare import prepare
from autodistill.record import Job, JobState, Model, PreparedTask, Wish
from autodistill.spec import RegisteredStudent
from autodistill.store import ArtifactFolder, Store
from workers import tuning
from workers.conductor import Conductor
from workers.result import conclude
from workers.settings import Settings

Executor = Callable[[Conductor], None]


class Driver:
    """Drives one claim of a job; `execute` runs its trials."""

    def __init__(self, store: Store, root: Path, job_id: str, epoch: int) -> None:
        self._store, self._root, self._epoch = store, root, epoch
        self._artifacts = ArtifactFolder(root / "artifacts")
        with store.read() as tx:
            self._job = tx.jobs.get(job_id)

    def drive(self, execute: Executor, draining: threading.Event) -> None:
        """Take the job as far as it goes now: to its end, or to a pause.

        Raises:
            LeaseLost: When another driver owns the job.
        """
        try:
            self._state(JobState.PREPARING)
            task = self._prepare()
            self._state(JobState.SEARCHING)
            with self._store.read() as tx:
                self._job = tx.jobs.get(self._job.id)
            conductor = Conductor(self._store, self._job, self._epoch, task, self._root)
            execute(conductor)
            if conductor.lost:
                raise LeaseLost(f"Job {self._job.id} is owned by a later claim.")
            if (wish := conductor.wish()) is not Wish.RUN or draining.is_set():
                ends = {Wish.PAUSE: JobState.PAUSED, Wish.CANCEL: JobState.CANCELLED}
                conductor.give_up(ends.get(wish, JobState.QUEUED))
            else:
                self._conclude(task, conductor)
        except LeaseLost:
            raise
        except AutodistillError as error:
            with self._store.write() as tx:
                tx.driving(self._job.id, self._epoch).fail(str(error))

    def _conclude(self, task: PreparedTask, conductor: Conductor) -> None:
        if reason := conductor.too_many_failures():
            with self._store.write() as tx:
                tx.driving(self._job.id, self._epoch).fail(reason)
            return
        self._state(JobState.FINALISING)
        with self._store.read() as tx:
            dataset = tx.datasets.get(self._job.spec.dataset)
        result = conclude(self._job, dataset, task, conductor, self._artifacts)
        size = self._artifacts.path(result.artifact).stat().st_size
        with self._store.write() as tx:
            tx.artifacts.add(result.artifact, kind="student", size=size)
            tx.driving(self._job.id, self._epoch).succeed(result)
        conductor.discard()

    def _prepare(self) -> PreparedTask:
        spec = self._job.spec
        with self._store.read() as tx:
            dataset = tx.datasets.get(spec.dataset)
            teacher = tx.models.get(spec.teacher.model)
            students: dict[str, Model | None] = {
                s.label: tx.models.get(s.model) if isinstance(s, RegisteredStudent) else None
                for s in spec.students
            }
        return prepare(
            spec,
            dataset,
            teacher,
            students,
            dataset_path=self._artifacts.path(dataset.sha256),
            root=self._root,
            progress=self._progress,
        )

    def _progress(self, step: str, data: dict[str, Any]) -> None:
        with self._store.write() as tx:
            tx.driving(self._job.id, self._epoch).log("prepare", {"step": step, **data})

    def _state(self, state: JobState) -> None:
        with self._store.write() as tx:
            tx.driving(self._job.id, self._epoch).state(state)


def hold(store: Store, job: Job, epoch: int, ttl_s: float, lost: threading.Event) -> None:
    """Renew the lease until it is lost; on a thread of its own, so that work cannot delay it."""
    while not lost.is_set():
        try:
            with store.write() as tx:
                tx.leases.renew(job.id, epoch, ttl_s)
        except LeaseLost:
            lost.set()
            break
        time.sleep(ttl_s / 3)


def main(job_id: str, epoch: int, slots: int) -> int:
    """Drive one claim of a job on Ray, and return the exit code."""
    torch.set_num_threads(slots)  # of the preparation; trials have one thread each
    settings = Settings()
    store = Store(settings.database)
    draining, lost = threading.Event(), threading.Event()
    driver = Driver(store, settings.root, job_id, epoch)
    with store.read() as tx:
        job = tx.jobs.get(job_id)
    holding = (store, job, epoch, settings.lease_ttl_s, lost)
    threading.Thread(target=hold, args=holding, daemon=True).start()

    def on_ray(conductor: Conductor) -> None:
        tuning.connect(settings.ray_address, slots)
        signal.signal(signal.SIGTERM, lambda *_: draining.set())
        threading.Thread(target=_follow, args=(lost, conductor), daemon=True).start()
        runs = settings.root / "ray" / job_id
        tuning.run_on_ray(conductor, min(slots, job.spec.parallelism), runs, draining)
        shutil.rmtree(runs, ignore_errors=True)

    signal.signal(signal.SIGTERM, lambda *_: draining.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; SIGTERM follows
    try:
        driver.drive(on_ray, draining)
    except LeaseLost as error:
        print(error, file=sys.stderr)
        return tuning.TEMPORARY_FAILURE
    return 0


def _follow(lost: threading.Event, conductor: Conductor) -> None:
    lost.wait()
    conductor.lost = True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
