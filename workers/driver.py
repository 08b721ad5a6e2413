"""The process of one claim: `python -m workers.driver JOB EPOCH SLOTS`.

It holds the lease from its first second on; what takes long to import comes after that.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading

from sqlalchemy.exc import OperationalError

from autodistill.errors import LeaseLost
from autodistill.logs import configure
from autodistill.record import Job
from autodistill.store import Store
from workers.settings import TEMPORARY_FAILURE, Settings


def hold(store: Store, job: Job, ttl_s: float, lost: threading.Event) -> None:
    """Renew the lease until it is lost; on a thread of its own, so that work cannot delay it."""
    while not lost.is_set():
        try:
            with store.write() as tx:
                tx.leases.renew(job.id, job.owner_epoch, ttl_s)
        except LeaseLost:
            lost.set()
        except OperationalError as error:  # nobody can take the job over as long as this lasts
            logging.warning("The lease was not renewed: %s", error)
        lost.wait(ttl_s / 3)


def main(job_id: str, epoch: int, slots: int) -> int:
    """Drive one claim of a job on Ray, and return the exit code."""
    settings = Settings()
    configure(settings.log_format, service="driver", job=job_id)
    store = Store(settings.database, shipped=settings.shipped_history)
    with store.read() as tx:
        job = tx.jobs.get(job_id)
    if job.owner_epoch != epoch:
        return TEMPORARY_FAILURE
    draining, lost = threading.Event(), threading.Event()
    holding = (store, job, settings.lease_ttl_s, lost)
    threading.Thread(target=hold, args=holding, daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: draining.set())
    from workers.claim import run  # noqa: PLC0415  # torch and Ray: a minute on a busy machine

    return run(store, settings, job, slots, draining=draining, lost=lost)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
