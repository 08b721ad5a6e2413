"""R6: how busy the slots are with trials of one second on a real Ray."""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import closing
from pathlib import Path

from autodistill.store import Store
from autodistill.testing.played import request, submit
from benchmarks.service import player
from benchmarks.service.databases import opened
from benchmarks.service.figures import Figure
from workers.settings import Settings

TRIALS, TRIAL_S, EPOCHS = 300, 1.0, 4
PATIENCE_S = 1200.0


def slots() -> list[Figure]:
    """Measure on both databases."""
    return [busy("SQLite"), busy("PostgreSQL")]


def busy(engine: str, *, trials: int = TRIALS) -> Figure:
    """Return which part of the slots' time was work, from the first trial's start to the last end.

    Only the second that a trial takes by itself counts as work.
    """
    num = os.cpu_count() or 1
    with (
        tempfile.TemporaryDirectory() as folder,
        opened(engine) as url,
        closing(Store(url)) as store,
    ):
        store.migrate()
        asked = request(
            space={"training.num_epochs": EPOCHS},
            budget={"num_trials": trials, "max_epochs": EPOCHS},
            search={"sampler": "tpe", "early_stopping": False, "recommended": 0},
            parallelism=num,
        )
        job = submit(store, asked).id
        settings = Settings(data_root=Path(folder), database_url=url, slots=num)
        with player.dispatching(store, settings, epoch_s=TRIAL_S / EPOCHS, on="ray"):
            _wait(store, job)
        with store.read() as tx:
            events = list(tx.events.all(job))
    starts = [e.created_at for e in events if e.kind == "trial.running"]
    ends = [e.created_at for e in events if e.kind == "trial.complete"]
    wall_s = (max(ends) - min(starts)).total_seconds()
    part = len(ends) * TRIAL_S / (num * wall_s)
    what = f"part of {num} slots' time that {trials} trials of {TRIAL_S:g} s worked, {engine}"
    detail = {"seconds": round(wall_s, 1), "complete": len(ends)}
    return Figure("R6", what, part, ">= 0.9", part >= 0.9 and len(ends) == trials, detail)


def _wait(store: Store, job: str) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        with store.read() as tx:
            if tx.jobs.get(job).state.terminal:
                return
        time.sleep(0.5)
