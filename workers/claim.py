"""One claim of a job, from `preparing` to its end."""

from __future__ import annotations

import logging
import math
import os
import shutil
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from autodistill.errors import AutodistillError, LeaseLost
from autodistill.prepare import prepare
from autodistill.record import Job, JobState, Model, Orders, PreparedTask, Wish
from autodistill.spec import RegisteredStudent
from autodistill.store import ArtifactFolder, Driving, Store, Transaction
from workers import cluster
from workers.conductor import POLL_S, Conductor, orders
from workers.folders import RUNS, TRIALS, TrialFolders
from workers.ledger import write
from workers.result import conclude
from workers.settings import TEMPORARY_FAILURE, Settings
from workers.silence import watched
from workers.tuning import run_on_ray

Executor = Callable[[Conductor], None]


class Interrupted(Exception):  # a signal, not an error
    """Leaves the preparation of a job that is to stop."""


class Driver:
    """Drives one claim of a job; `execute` runs its trials.

    Args:
        store: Where everything is written.
        root: Data root.
        job: As it was claimed.
        draining: Set when this process is to stop at the next epoch.
        lost: Set when another driver owns the job.
        onnx: Whether the exported student is written as ONNX graphs too.
        stall_s: Seconds without work after which preparation, or the job's end, may be taken for
            one that hangs; the process ends then, and another driver begins it again.
    """

    def __init__(
        self,
        store: Store,
        root: Path,
        job: Job,
        *,
        draining: threading.Event,
        lost: threading.Event,
        onnx: bool = False,
        stall_s: float = math.inf,
    ) -> None:
        self._store, self._root, self._job = store, root, job
        self._stall_s = stall_s
        self._draining, self._lost, self._onnx = draining, lost, onnx
        self._artifacts = ArtifactFolder(root / "artifacts")

    def drive(self, execute: Executor) -> None:
        """Take the job as far as it goes now: to its end, or to a pause.

        Raises:
            LeaseLost: When another driver owns the job.
        """
        try:
            torch.set_num_threads(self._wait_for_slots())  # of the preparation; a trial has one
            self._state(JobState.PREPARING)
            with watched(self._stall_s, self._hang):
                task = self._prepare()
            told = {k: v for k, v in task.teacher_scores.items() if not k.startswith("test/")}
            self._progress("ready", told)
            self._state(JobState.SEARCHING)
            folders = TrialFolders(self._root, self._job.id, self._job.owner_epoch)
            conductor = Conductor(self._store, self._job, task, folders, self._draining, self._lost)
            execute(conductor)
            while conductor.parked:
                self._wait_for_slots()
                execute(conductor)
            if self._lost.is_set():
                raise LeaseLost(f"Job {self._job.id} is owned by a later claim.")
            conductor.commit()
            if conductor.exhausted:
                with watched(self._stall_s, self._hang):
                    self._conclude(task, conductor, folders)
            elif conductor.halted():
                self._stand_down()
            else:
                raise RuntimeError("The executor ended before the trials did.")
        except Interrupted:
            self._stand_down()
        except LeaseLost:
            raise
        except AutodistillError as error:
            self._fail(str(error))

    def _prepare(self) -> PreparedTask:
        spec = self._job.spec
        with self._store.read() as tx:
            dataset = tx.datasets.get(spec.dataset)
            teacher = tx.models.get(spec.teacher.model)
            students: dict[str, Model | None] = {
                s.label: tx.models.get(s.model) if isinstance(s, RegisteredStudent) else None
                for s in spec.students
            }
            augmenters = {name: tx.models.get(name) for name in spec.augmenters.models}
        return prepare(
            spec,
            dataset,
            teacher,
            students,
            augmenters,
            dataset_path=self._artifacts.path(dataset.sha256),
            root=self._root,
            progress=self._progress,
        )

    def _conclude(self, task: PreparedTask, conductor: Conductor, folders: TrialFolders) -> None:
        if reason := conductor.too_many_failures():
            self._fail(reason)
            return
        self._state(JobState.FINALISING, conductor.cut_short)
        with self._store.read() as tx:
            dataset = tx.datasets.get(self._job.spec.dataset)
            teacher = tx.models.get(self._job.spec.teacher.model).name
        known = (self._job, dataset, teacher, task, conductor.rows)
        result = conclude(*known, folders, self._artifacts, onnx=self._onnx)
        made = {"student": result.artifact}
        if result.graphs is not None:
            made["graphs"] = result.graphs.artifact

        def succeed(tx: Transaction) -> None:
            for kind, sha256 in made.items():
                assert sha256 is not None
                size = self._artifacts.path(sha256).stat().st_size
                tx.artifacts.add(sha256, kind=kind, size=size)
            self._driving(tx).succeed(result)

        write(self._store, succeed)
        self._discard()

    def _stand_down(self) -> None:
        """End the claim as the user wants: paused, cancelled, or queued for another driver."""
        state = write(self._store, lambda tx: self._driving(tx).yield_job(JobState.QUEUED))
        if state.terminal:
            self._discard()

    def _fail(self, message: str) -> None:
        write(self._store, lambda tx: self._driving(tx).fail(message))
        self._discard()

    def _discard(self) -> None:
        """Delete what the trials of an ended job left."""
        shutil.rmtree(self._root / TRIALS / self._job.id, ignore_errors=True)

    def _progress(self, step: str, data: dict[str, Any]) -> None:
        write(self._store, lambda tx: self._driving(tx).log("prepare", {"step": step, **data}))
        self._go_on()

    def _hang(self, still_s: float) -> None:
        """End this process: a thread that stands still cannot be ended alone."""
        said = (
            f"The driver did nothing for {still_s:.0f} s and is ended; another one "
            "begins again. Where its disks may be away for longer, set AUTODISTILL_STALL_S of the "
            "workers."
        )
        logging.error("%s", said)
        try:
            write(self._store, lambda tx: self._driving(tx).log("log", {"message": said}), 0.0)
        finally:  # whatever becomes of that
            os._exit(TEMPORARY_FAILURE)

    def _wait_for_slots(self) -> int:
        """Return how many slots there are, once there is one."""
        while (slots := self._go_on()) == 0:
            self._draining.wait(POLL_S)
        return slots

    def _go_on(self) -> int:
        """Return how many slots there are; leave when the job is to stop."""
        now = orders(self._store, self._job.id) or Orders(Wish.RUN, 0)
        if self._draining.is_set() or self._lost.is_set() or now.wish is not Wish.RUN:
            raise Interrupted
        return now.slots

    def _state(self, state: JobState, message: str = "") -> None:
        write(self._store, lambda tx: self._driving(tx).state(state, message))

    def _driving(self, tx: Transaction) -> Driving:
        return tx.driving(self._job.id, self._job.owner_epoch)


def run(
    store: Store,
    settings: Settings,
    job: Job,
    slots: int,
    *,
    draining: threading.Event,
    lost: threading.Event,
) -> int:
    """Drive a claim on Ray, and return the exit code of its process."""

    def on_ray(conductor: Conductor) -> None:
        cluster.connect(settings.ray_address, slots)
        signal.signal(signal.SIGTERM, lambda *_: draining.set())  # Ray has put its own in place
        runs = settings.root / RUNS / job.id
        try:
            run_on_ray(conductor, slots, runs, settings.stall_s)
        finally:
            cluster.disconnect()
            shutil.rmtree(runs, ignore_errors=True)

    driver = Driver(
        store,
        settings.root,
        job,
        draining=draining,
        lost=lost,
        onnx=settings.onnx,
        stall_s=settings.stall_s,
    )
    try:
        driver.drive(on_ray)
    except LeaseLost as error:
        logging.warning("%s", error)
        return TEMPORARY_FAILURE
    return 0
