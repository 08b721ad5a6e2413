"""Claims queued jobs and runs one driver process for each; they share the worker's slots."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy.exc import InterfaceError, OperationalError

from autodistill.errors import LeaseLost
from autodistill.record import Job, JobState
from autodistill.store import Store
from workers.folders import sweep
from workers.settings import Settings
from workers.shares import Demand, Shares

Process = subprocess.Popen[bytes]
STARTUP_S = 60.0
"""Until a driver renews its lease itself: importing torch takes long on a busy machine."""
BACK_OFF_S, LONGEST_BACK_OFF_S = 1.0, 60.0
SWEEP_S = 300.0
ALONE = (JobState.PREPARING, JobState.FINALISING)
"""States in which a driver works itself, in one slot."""


@dataclass(frozen=True)
class Drive:
    """A driver process at work."""

    job: Job
    process: Process
    since: float


@dataclass(frozen=True)
class Crashes:
    """How often a job's driver has crashed in a row without progress."""

    in_a_row: int
    epochs_done: int


class Dispatcher:
    """The worker's main loop.

    Drivers hold their jobs' leases themselves, so that they outlive a dispatcher that is killed; a
    new one goes on sharing its slots among the jobs whose leases have this worker's name.

    Args:
        store: Where jobs are claimed.
        settings: Of this worker.
        start: Starts the driver of a job that can use so many slots.
        clock: Seconds, as they pass here.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        start: Callable[[Job, int], Process],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._settings, self._start, self._clock = store, settings, start, clock
        self._drives: list[Drive] = []
        self._crashes: dict[str, Crashes] = {}
        self._stopping = threading.Event()
        self._shares, self._shared_at = Shares(), clock()
        self._sweep_at = self._vouch_at = clock()
        self._calm_at = clock() + settings.lease_ttl_s

    def run(self) -> None:
        """Work until SIGTERM or SIGINT; then let the drivers stop at their next epoch."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        while not self._stopping.wait(self._settings.poll_s):
            try:
                self.step()
            except (OperationalError, InterfaceError) as error:  # drivers go on
                logging.warning("Waiting for the database: %s", error)
                # Leases ran out while nobody could renew them; that says nothing about drivers.
                self._calm_at = self._clock() + self._settings.lease_ttl_s
        self.drain()

    def drain(self) -> None:
        """Let the drivers stop at their next epoch, and wait for them."""
        for drive in self._drives:
            drive.process.terminate()
        for drive in self._drives:
            drive.process.wait()
        self._reap()

    def step(self) -> None:
        """Look after drivers, start one where there is work and room, and share the slots."""
        self._vouch()
        with self._store.read() as tx:
            live = tx.leases.live()
        self._stop_silent(live)
        self._reap()
        self._claim(live)
        self._share()
        self._sweep()

    @property
    def _calm(self) -> bool:
        """Whether this worker and the database have been up long enough to judge by leases."""
        return self._clock() >= self._calm_at

    def _stop(self, number: int, frame: object) -> None:
        if self._stopping.is_set():  # asked twice: do not wait for the next epoch
            for drive in self._drives:
                _kill(drive.process)
        self._stopping.set()

    def _vouch(self) -> None:
        """Renew the leases of drivers that have only just started."""
        if self._clock() < self._vouch_at:
            return
        self._vouch_at = self._clock() + self._settings.lease_ttl_s / 3
        for drive in self._drives:
            if self._is_young(drive) and drive.process.poll() is None:
                try:
                    with self._store.write() as tx:
                        ttl_s = self._settings.lease_ttl_s
                        tx.leases.renew(drive.job.id, drive.job.owner_epoch, ttl_s)
                except LeaseLost:
                    continue  # it is stopped, as nobody renews its lease any more

    def _stop_silent(self, live: Sequence[Job]) -> None:
        """Kill drivers that have lost their leases: they hang, or were asleep for too long."""
        held = {(job.id, job.owner_epoch) for job in live}
        for drive in self._drives:
            claim = drive.job.id, drive.job.owner_epoch
            if claim not in held and self._calm and not self._is_young(drive):
                _kill(drive.process)

    def _is_young(self, drive: Drive) -> bool:
        return self._clock() - drive.since < STARTUP_S

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

    def _claim(self, live: Sequence[Job]) -> None:
        """Start a driver for the next job, if there is one and room for it."""
        settings = self._settings
        drives = {job.id for job in self._mine(live)} | {drive.job.id for drive in self._drives}
        if len(drives) >= (settings.drivers or settings.slots):
            return
        with self._store.write() as tx:
            job = tx.leases.claim(settings.worker, settings.lease_ttl_s, expired=self._calm)
        if job is not None:
            process = self._start(job, min(job.spec.parallelism, settings.slots))
            self._drives.append(Drive(job, process, self._clock()))

    def _share(self) -> None:
        """Grant slots to the jobs of this worker; they are granted anew as trials end."""
        with self._store.read() as tx:
            live = tx.leases.live()
            running = tx.trials.running(job.id for job in live)
            projects = {j.spec.project: tx.projects.get(j.spec.project) for j in live}
        mine = self._mine(live)
        demands = [
            Demand(
                job=job.id,
                project=job.spec.project,
                weight=job.spec.priority,
                most=min(job.spec.parallelism, self._settings.slots),
                granted=job.slots,
                using=1 if job.state in ALONE else running.get(job.id, 0),
            )
            for job in mine
        ]
        elsewhere: Counter[str] = Counter()
        for job in live:
            if job not in mine:
                elsewhere[job.spec.project] += job.slots
        now = self._clock()
        self._shares.spend(demands, projects, now - self._shared_at)
        self._shared_at = now
        dealt = self._shares.deal(demands, projects, self._settings.slots, elsewhere)
        if changed := [job for job in mine if dealt[job.id] != job.slots]:
            with self._store.write() as tx:
                for job in changed:
                    tx.leases.grant(job.id, job.owner_epoch, dealt[job.id])

    def _mine(self, live: Sequence[Job]) -> list[Job]:
        """Return the jobs that drivers of this worker drive, an earlier dispatcher's among them."""
        resting = self._crashes.keys() - {drive.job.id for drive in self._drives}
        return [j for j in live if j.owner == self._settings.worker and j.id not in resting]

    def _sweep(self) -> None:
        if self._clock() >= self._sweep_at:
            sweep(self._store, self._settings.root, self._settings.cache_bytes)
            self._sweep_at = self._clock() + SWEEP_S


def _kill(process: Process) -> None:
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()


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
