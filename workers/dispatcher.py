"""Claims queued jobs and runs one driver process for each, sharing the machine's slots."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass

from autodistill.record import Job
from autodistill.store import Store
from workers.settings import RAY_ENVIRONMENT, Settings


@dataclass(frozen=True)
class Drive:
    """A driver process at work."""

    job: Job
    slots: int
    process: subprocess.Popen[bytes]


class Dispatcher:
    """The worker's main loop.

    Drivers hold their jobs' leases themselves, so that they outlive a dispatcher that is killed; a
    new one counts the slots that live leases of this machine use.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store, self._settings = store, settings
        self._owner = socket.gethostname()
        self._drives: list[Drive] = []
        self._crashes: dict[str, tuple[int, int]] = {}
        self._stopping = threading.Event()

    def run(self) -> None:
        """Work until SIGTERM or SIGINT; then let the drivers stop at their next epoch."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        while not self._stopping.wait(self._settings.poll_s):
            self._reap()
            self._claim()
        for drive in self._drives:
            drive.process.terminate()
        for drive in self._drives:
            drive.process.wait()
        self._reap()

    def _stop(self, number: int, frame: object) -> None:
        if self._stopping.is_set():  # asked twice: do not wait for the next epoch
            for drive in self._drives:
                os.killpg(drive.process.pid, signal.SIGKILL)
        self._stopping.set()

    def _claim(self) -> None:
        """Start a driver for the next job, if there is one and a slot is free."""
        free = self._settings.slots - self._used()
        if free < 1:
            return
        with self._store.write() as tx:
            job = tx.leases.claim(self._owner, self._settings.lease_ttl_s)
        if job is None:
            return
        slots = min(free, job.spec.parallelism)
        log = self._settings.root / "logs" / f"{job.id}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "workers.driver", job.id, str(job.owner_epoch), str(slots)]
        with log.open("ab") as out:
            process = subprocess.Popen(
                command,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=os.environ | RAY_ENVIRONMENT,
            )
        self._drives.append(Drive(job, slots, process))

    def _used(self) -> int:
        """Return the slots of this machine in use, by orphans of an earlier dispatcher too."""
        mine = {drive.job.id for drive in self._drives}
        with self._store.read() as tx:
            orphans = [j for j in tx.leases.live() if j.owner == self._owner and j.id not in mine]
        return sum(d.slots for d in self._drives) + sum(j.spec.parallelism for j in orphans)

    def _reap(self) -> None:
        """Look after drivers that have ended; a job whose driver crashed is claimed again."""
        for drive in [d for d in self._drives if d.process.poll() is not None]:
            self._drives.remove(drive)
            with self._store.write() as tx:
                tx.leases.release(drive.job.id, drive.job.owner_epoch)
                job = tx.jobs.get(drive.job.id)
                if drive.process.returncode == 0 or job.state.terminal:
                    continue
                progress = tx.trials.epochs_done(job.id)
                crashes, before = self._crashes.get(job.id, (0, -1))
                crashes = crashes + 1 if progress == before else 1
                self._crashes[job.id] = (crashes, progress)
                if crashes >= self._settings.max_crashes:
                    message = (
                        f"The job's driver crashed {crashes} times in a row without progress; "
                        f"logs/{job.id}.log in the data root says why."
                    )
                    tx.driving(job.id, job.owner_epoch).fail(message)
