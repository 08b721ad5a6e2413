from __future__ import annotations

import subprocess
import sys

import pytest

from autodistill.store import Store
from autodistill.testing.store_contract.samples import add_job, kinds

pytestmark = pytest.mark.e2e
WORKER = """
import sys
from autodistill.store import Store

store = Store(sys.argv[1])
while True:
    with store.write() as tx:
        job = tx.leases.claim(sys.argv[2], 60.0)
    if job is None:
        break
    for line in range(3):
        with store.write() as tx:
            tx.driving(job.id, job.owner_epoch).log("log", {"line": line})
    print(job.id)
"""


@pytest.mark.parametrize("engine", ["sqlite_store", "postgres_store"])
def test_four_processes_share_forty_jobs(request: pytest.FixtureRequest, engine: str) -> None:
    store: Store = request.getfixturevalue(engine)
    jobs = [f"job_{i}" for i in range(40)]
    for job in jobs:
        add_job(store, job)
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, store.url, f"worker-{i}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for i in range(4)
    ]
    said = [worker.communicate() for worker in workers]
    assert [errors for _, errors in said] == [""] * 4
    assert sorted(job for out, _ in said for job in out.split()) == sorted(jobs)
    for job in jobs:
        assert kinds(store, job) == ["job.queued", "log", "log", "log"]
