"""R9: pause, resume, drain and restart of everything, in seconds; and the same suggestions."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from autodistill.record import JobState
from benchmarks.service.databases import opened
from benchmarks.service.figures import Figure
from benchmarks.service.machine import Machine, tiny_job, until

TRIALS = 14


def restart() -> list[Figure]:
    """Measure on both databases."""
    return restart_on("SQLite") + restart_on("PostgreSQL")


def restart_on(engine: str, *, trials: int = TRIALS) -> list[Figure]:
    """Disturb a job in every orderly and disorderly way, and compare it with one left alone."""
    with tempfile.TemporaryDirectory() as folder, opened(engine) as url:
        machine = Machine(Path(folder), url, {"AUTODISTILL_SLOTS": "1"})
        try:
            took = _disturb(machine, trials)
            same = _same(machine)
        finally:
            machine.kill()
    bars = {
        "pause until every slot is free": 30,
        "resume until the next epoch": 60,
        "drain until the worker has ended": 30,
        "start after a drain until the next epoch": 60,
        "kill -9 of everything and start, until the next epoch": 60,
    }
    figures = [
        Figure("R9", f"s from {what}, {engine}", took[what], f"<= {most}", took[what] <= most)
        for what, most in bars.items()
    ]
    what = f"suggestions that differ from those of a job that nobody disturbed, {engine}"
    return [*figures, Figure("R9", what, len(same), "0", not same, {"numbers": same})]


def _disturb(machine: Machine, trials: int) -> dict[str, float]:
    took: dict[str, float] = {}
    with machine.api() as client:
        machine.furnish(client)
        job = client.submit(tiny_job(trials)).id
        machine.start()
        machine.wait_for_epochs(job, 4)

        client.pause(job)

        def free() -> bool:
            return client.job(job).state is JobState.PAUSED and not machine.processes("ray::")

        took["pause until every slot is free"] = until(free)
        client.resume(job)
        took["resume until the next epoch"] = machine.wait_for_epochs(job, 1)
        machine.wait_for_epochs(job, 2)

        took["drain until the worker has ended"] = machine.stop()
        machine.start()
        took["start after a drain until the next epoch"] = machine.wait_for_epochs(job, 1)
        machine.wait_for_epochs(job, 2)
        machine.kill()
    with machine.api() as client:
        machine.start()
        what = "kill -9 of everything and start, until the next epoch"
        took[what] = machine.wait_for_epochs(job, 1)
        until(lambda: client.job(job).state.terminal)
        twin = client.submit(tiny_job(trials)).id
        until(lambda: client.job(twin).state.terminal)
    return took


def _same(machine: Machine) -> Sequence[int]:
    """Return the numbers of trials that are not what they are in the other job."""
    with machine.store.read() as tx:
        first, second = ([(t.spec, t.state) for t in tx.trials.all(j.id)] for j in tx.jobs.list())
    return [n for n, (a, b) in enumerate(zip(first, second, strict=True)) if a != b]
