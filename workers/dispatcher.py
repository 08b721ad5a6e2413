"""Claims queued jobs and runs one driver process for each, sharing the machine's slots."""

from __future__ import annotations

import logging
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.exc import OperationalError

from autodistill.errors import LeaseLost
from autodistill.record import Job, JobState
from autodistill.store import Sought, Store
from workers.folders import sweep
from workers.settings import Settings

Process = subprocess.Popen[bytes]
STARTUP_S = 60.0
"""Until a driver renews its lease itself: importing torch takes long on a busy machine."""
BACK_OFF_S, LONGEST_BACK_OFF_S = 1.0, 60.0
SWEEP_S = 300.0


@dataclass(frozen=True)
class Drive:
    """A driver process at work."""

    job: Job
    slots: int
    process: Process


@dataclass(frozen=True)
class Crashes:
    """How often a job's driver has crashed in a row without progress."""

    in_a_row: int
    epochs_done: int


class Dispatcher:
    """The worker's main loop.

    Drivers hold their jobs' leases themselves, so that they outlive a dispatcher that is killed; a
    new one counts the slots that live leases of this machine use.

    Args:
        store: Where jobs are claimed.
        settings: Of this worker.
        start: Starts the driver of a job on so many slots.
    """

    def __init__(
        self, store: Store, settings: Settings, start: Callable[[Job, int], Process]
    ) -> None:
        self._store, self._settings, self._start = store, settings, start
        self._owner = settings.worker
        self._drives: list[Drive] = []
        self._crashes: dict[str, Crashes] = {}
        self._stopping = threading.Event()
        self._sweep_at = 0.0

    def run(self) -> None:
        """Work until SIGTERM or SIGINT; then let the drivers stop at their next epoch."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        while not self._stopping.wait(self._settings.poll_s):
            try:
                self.step()
            except OperationalError as error:  # the database is away; drivers go on
                logging.warning("Waiting for the database: %s", error)
        for drive in self._drives:
            drive.process.terminate()
        for drive in self._drives:
            drive.process.wait()
        self._reap()

    def step(self) -> None:
        """Look after drivers that have ended, and start one where there is work and room."""
        self._reap()
        self._claim()
        self._sweep()

    def _stop(self, number: int, frame: object) -> None:
        if self._stopping.is_set():  # asked twice: do not wait for the next epoch
            for drive in self._drives:
                if drive.process.poll() is None:
                    os.killpg(drive.process.pid, signal.SIGKILL)
        self._stopping.set()

    def _claim(self) -> None:
        """Start a driver for the next job, if there is one and a slot is free."""
        free = self._settings.slots - self._used()
        if free < 1:
            return
        with self._store.write() as tx:
            job = tx.leases.claim(self._owner, max(STARTUP_S, self._settings.lease_ttl_s))
            if job is None:
                return
            queued = tx.jobs.list(Sought(state=JobState.QUEUED))
        others = sum(j.lease_until is None for j in queued if j.id != job.id)
        slots = min(job.spec.parallelism, math.ceil(free / (1 + others)))
        self._drives.append(Drive(job, slots, self._start(job, slots)))

    def _used(self) -> int:
        """Return the slots of this machine in use, by orphans of an earlier dispatcher too."""
        known = {drive.job.id for drive in self._drives} | self._crashes.keys()
        with self._store.read() as tx:
            orphans = [j for j in tx.leases.live() if j.owner == self._owner and j.id not in known]
        most = self._settings.slots
        return sum(d.slots for d in self._drives) + sum(
            min(j.spec.parallelism, most) for j in orphans
        )

    def _reap(self) -> None:
        """Look after drivers that have ended; a job whose driver crashed is claimed again."""
        for drive in [d for d in self._drives if d.process.poll() is not None]:
            try:
                self._ended(drive)
            except LeaseLost:  # the job is another worker's now
                self._crashes.pop(drive.job.id, None)
            self._drives.remove(drive)

    def _ended(self, drive: Drive) -> None:
        job, epoch = drive.job, drive.job.owner_epoch
        with self._store.write() as tx:
            driving = tx.driving(job.id, epoch)
            if drive.process.returncode == 0 or tx.jobs.get(job.id).state.terminal:
                self._crashes.pop(job.id, None)
                tx.leases.release(job.id, epoch)
                return
            progress = tx.trials.epochs_done(job.id)
            before = self._crashes.get(job.id)
            stuck = before is not None and progress == before.epochs_done
            crashes = Crashes(before.in_a_row + 1 if before and stuck else 1, progress)
            self._crashes[job.id] = crashes
            logging.warning("The driver of %s ended with %s.", job.id, drive.process.returncode)
            if crashes.in_a_row >= self._settings.max_crashes:
                driving.fail(
                    f"The job's driver crashed {crashes.in_a_row} times in a row without progress; "
                    f"logs/{job.id}.log in the data root says why."
                )
            elif crashes.in_a_row == 1:
                tx.leases.release(job.id, epoch)
            else:  # nobody can claim it for a while
                back_off = BACK_OFF_S * 2 ** (crashes.in_a_row - 2)
                tx.leases.renew(job.id, epoch, min(back_off, LONGEST_BACK_OFF_S))

    def _sweep(self) -> None:
        if time.monotonic() >= self._sweep_at:
            sweep(self._store, self._settings.root)
            self._sweep_at = time.monotonic() + SWEEP_S


def start_driver(settings: Settings, job: Job, slots: int) -> Process:
    """Start a process that drives a claimed job; it outlives this one."""
    log = settings.root / "logs" / f"{job.id}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "workers.driver", job.id, str(job.owner_epoch), str(slots)]
    with log.open("ab") as out:
        return subprocess.Popen(
            command,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=settings.driver_environment(),
        )
