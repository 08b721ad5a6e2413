"""R3 and R5: four jobs at once, each watched by somebody who often reconnects."""

from __future__ import annotations

import random
import statistics
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from autodistill.client import Client
from autodistill.record import Event
from autodistill.store import Store
from autodistill.testing.played import request, submit
from benchmarks.chaos.checker import check
from benchmarks.service import player
from benchmarks.service.databases import opened
from benchmarks.service.figures import Figure
from benchmarks.serving import served
from workers.settings import Settings

JOBS, TRIALS, EPOCHS = 4, 500, 20
EPOCH_S = 0.015
"""With four jobs about 2,000 points a second, which is the bar."""
STAY = 50, 400
"""Events after which a watcher leaves and comes again."""
PATIENCE_S = 900.0
ENDS = ("job.succeeded", "job.failed", "job.cancelled")


@dataclass
class Watcher:
    """Somebody who follows a job and writes down what arrived when."""

    url: str
    job: str
    seed: int
    told: list[Event] = field(default_factory=list)
    delays_s: list[float] = field(default_factory=list)
    visits: int = 0

    def watch(self) -> None:
        """Follow the job to its end."""
        rng = random.Random(self.seed)
        with Client(self.url) as client:
            while not self.told or self.told[-1].kind not in ENDS:
                self._visit(client, rng.randint(*STAY))

    def _visit(self, client: Client, stay: int) -> None:
        self.visits += 1
        events = client.watch(self.job, after=self.told[-1].seq if self.told else 0)
        for _, event in zip(range(stay), events, strict=False):
            self.told.append(event)
            if event.kind == "measurement":
                said = event.data["values"][player.SAID_AT]
                self.delays_s.append(time.time() - said)
        events.close()  # type: ignore[attr-defined]  # a generator: the connection ends here


def load() -> list[Figure]:
    """Measure on both databases."""
    return load_on("SQLite") + load_on("PostgreSQL")


def load_on(
    engine: str,
    *,
    jobs: int = JOBS,
    trials: int = TRIALS,
    epochs: int = EPOCHS,
    epoch_s: float = EPOCH_S,
) -> list[Figure]:
    """Run the jobs and measure."""
    with tempfile.TemporaryDirectory() as folder, opened(engine) as url, ExitStack() as stack:
        root = Path(folder)
        store = Store(url)
        stack.callback(store.close)
        store.migrate()
        asked = request(
            space={"training.num_epochs": epochs},
            budget={"num_trials": trials, "max_epochs": epochs},
            search={"sampler": "random", "early_stopping": False, "recommended": 0},
            parallelism=1,
        )
        settings = Settings(data_root=root, database_url=url, slots=jobs)
        address, _ = stack.enter_context(served(root, url))
        watchers = [Watcher(address, submit(store, asked, f"job_{i}").id, i) for i in range(jobs)]
        with player.dispatching(store, settings, epoch_s=epoch_s):
            _watch_all(watchers)
        wrong = check(url, trials, {w.job: w.told for w in watchers}, root / "artifacts")
        logs = "".join(path.read_text() for path in (root / "logs").glob("*.log"))
    return _figures(engine, trials, watchers, wrong, logs)


def _watch_all(watchers: Sequence[Watcher]) -> None:
    threads = [threading.Thread(target=w.watch, daemon=True) for w in watchers]
    for thread in threads:
        thread.start()
    until = time.monotonic() + PATIENCE_S
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))


def _figures(
    engine: str, trials: int, watchers: Sequence[Watcher], wrong: list[str], logs: str
) -> list[Figure]:
    where = f"{len(watchers)} jobs, {len(watchers) * trials:,} trials, {engine}"
    locked, lost = logs.count("locked"), len(wrong)
    points = player.POINTS * _rate(watchers)
    p95 = statistics.quantiles((d for w in watchers for d in w.delays_s), n=20)[-1]
    told = {"events": sum(len(w.told) for w in watchers), "visits": sum(w.visits for w in watchers)}
    what = f"wrong in the rows, the log or what watchers were told, {where}"
    return [
        Figure("R3", f"lock errors, {where}", locked, "0", locked == 0),
        Figure("R3", what, lost, "0", lost == 0, told | {"wrong": wrong[:5]}),
        Figure("R5", f"metric points/s, committed, {where}", points, ">= 2000", points >= 2000),
        Figure("R5", f"s from an epoch to its watcher, p95, {where}", p95, "<= 1", p95 <= 1),
    ]


def _rate(watchers: Sequence[Watcher]) -> float:
    """Return measurements per second while every job was at work; 0 where that never was."""
    times = [
        [e.created_at.timestamp() for e in w.told if e.kind == "measurement"] for w in watchers
    ]
    since, until = max(t[0] for t in times), min(t[-1] for t in times)
    if until <= since:
        return 0.0
    return sum(since <= t <= until for job in times for t in job) / (until - since)
