"""R7: real jobs on one real Ray cluster, and what each had of its slots."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from autodistill.record import JobState
from benchmarks.service.databases import opened
from benchmarks.service.figures import Figure
from benchmarks.service.machine import Machine, tiny_job, until

SLOTS = 4
TWO, SIX = (10, 30), (10, 10, 20, 20, 30, 30)
"""Priorities."""
TWO_S, SIX_S = 300.0, 1080.0
"""Seconds watched: a slot stays where it is for thirty, so little says nothing."""
STEP_S = 0.5
NEVER = 5000
"""Trials, more than anybody sees."""


def fairness() -> list[Figure]:
    """Watch two jobs, then six."""
    return shares(TWO, TWO_S) + shares(SIX, SIX_S)


def shares(priorities: Sequence[int], seconds: float) -> list[Figure]:
    """Watch jobs that never run out of trials."""
    with (
        tempfile.TemporaryDirectory() as folder,
        opened("PostgreSQL") as url,
        ray_cluster(SLOTS) as cluster,
    ):
        mine = {"AUTODISTILL_SLOTS": f"{SLOTS}", "AUTODISTILL_DRIVERS": f"{len(priorities)}"}
        machine = Machine(Path(folder), url, cluster | mine)
        try:
            jobs = _submit(machine, priorities)
            machine.start()
            until(lambda: _searching(machine, jobs))
            held, worked, most = _watch(machine, jobs, seconds)
        finally:
            machine.kill()
    if not worked:
        raise RuntimeError("No trial ran: see the log of the worker's jobs.")
    fair = {job: p / sum(priorities) for job, p in zip(jobs, priorities, strict=True)}
    had = {job: held[job] / held.total() for job in jobs}
    off = max(abs(had[job] / fair[job] - 1) for job in jobs)
    detail = {
        "weights": list(priorities),
        "fair": [round(fair[j], 3) for j in jobs],
        "held": [round(had[j], 3) for j in jobs],
        "worked": [round(worked[j] / worked.total(), 3) for j in jobs],
        "slots held": round(held.total() * STEP_S / seconds, 2),
        "seconds": seconds,
    }
    where = f"{len(jobs)} jobs on {SLOTS} slots of one Ray cluster"
    return [
        Figure(
            "R7", f"share off its weight, the worst of {where}", off, "<= 0.1", off <= 0.1, detail
        ),
        Figure("R7", f"slots granted at once, {where}", most, f"<= {SLOTS}", most <= SLOTS),
    ]


def _submit(machine: Machine, priorities: Sequence[int]) -> list[str]:
    with machine.api() as client:
        machine.furnish(client)
        asked = [
            tiny_job(NEVER, priority=p, seed=i, parallelism=SLOTS) for i, p in enumerate(priorities)
        ]
        return [client.submit(job).id for job in asked]


def _searching(machine: Machine, jobs: Sequence[str]) -> bool:
    with machine.store.read() as tx:
        return all(tx.jobs.get(job).state is JobState.SEARCHING for job in jobs)


def _watch(
    machine: Machine, jobs: Sequence[str], seconds: float
) -> tuple[Counter[str], Counter[str], int]:
    """Return how often a slot was held and worked by each job, and the most that were granted."""
    held, worked, most = Counter[str](), Counter[str](), 0
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        with machine.store.read() as tx:
            granted = {job: tx.jobs.get(job).slots for job in jobs}
            running = tx.trials.running(jobs)
        most = max(most, sum(granted.values()))
        worked.update(running)
        held.update({job: max(granted[job], running.get(job, 0)) for job in jobs})
        time.sleep(STEP_S)
    return held, worked, most


@contextmanager
def ray_cluster(slots: int) -> Iterator[dict[str, str]]:
    """Start a Ray on loopback that asks for a token; yield the environment that finds it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    known = {
        "AUTODISTILL_RAY_ADDRESS": f"127.0.0.1:{port}",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # on Linux: everything binds to loopback
    }
    command = [str(Path(sys.executable).parent / "ray"), "start", "--head", "--block"]
    command += [f"--port={port}", f"--num-cpus={slots}", "--node-ip-address=127.0.0.1"]
    command += ["--include-dashboard=false", "--object-store-memory=268435456"]
    with (
        tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as scratch,
        (Path(scratch) / "head.log").open("wb") as log,
    ):
        head = subprocess.Popen(
            [*command, f"--temp-dir={scratch}"],
            stdout=log,
            stderr=subprocess.STDOUT,
            env=os.environ | known,
        )
        try:
            yield known
        finally:
            head.terminate()
            head.wait(60)
