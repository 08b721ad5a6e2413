"""R2: what a trial costs the database, beside Optuna's own storage on the same server."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import optuna

from autodistill.record import Outcome
from autodistill.store import Store
from autodistill.testing.economy import Counted, counted, counted_on
from autodistill.testing.played import COSTS, measured, prepared, request, submit
from benchmarks.service.databases import new_database, postgres, sqlite
from benchmarks.service.figures import Figure
from workers.conductor import Conductor, Supply
from workers.folders import TrialFolders
from workers.report import Report

REPORTS, ROUNDS, TRIALS = 20, 5, 40
PARAMETERS = 6


@dataclass
class Cost:
    """What some trials took."""

    trials: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0
    statements: int = 0
    commits: int = 0

    def add(self, trials: int, act: Callable[[], Counted]) -> None:
        """Run some trials and add what they took."""
        wall, cpu = time.perf_counter(), time.process_time()
        found = act()
        self.wall_s += time.perf_counter() - wall
        self.cpu_s += time.process_time() - cpu
        self.trials += trials
        self.statements += found.statements
        self.commits += found.commits


class Ours:
    """A conductor whose trials report at once; the suggestion of each is part of the cost."""

    def __init__(self, url: str, root: Path, trials: int, reports: int) -> None:
        self._store, self._reports = Store(url), reports
        self._store.migrate()
        asked = request(
            space={"training.num_epochs": reports},
            budget={"num_trials": trials, "max_epochs": reports},
            search={"sampler": "random", "early_stopping": False},
        )
        submit(self._store, asked)
        with self._store.write() as tx:
            job = tx.leases.claim("benchmark", 3600)
            assert job is not None
            tx.leases.grant(job.id, job.owner_epoch, 1)
        folders = TrialFolders(root, job.id, job.owner_epoch)
        quiet = threading.Event(), threading.Event()
        self._conductor = Conductor(self._store, job, prepared(root, asked), folders, *quiet)
        self._student = root

    def run(self, trials: int) -> Counted:
        """Play some trials; everything is committed at the end."""
        with counted(self._store) as cost:
            for _ in range(trials):
                self._trial()
            self._conductor.commit()
        return cost

    def close(self) -> None:
        """Close the store."""
        self._store.close()

    def _trial(self) -> None:
        conductor = self._conductor
        trial = conductor.next()
        assert not isinstance(trial, Supply)
        conductor.hear(Report(number=trial.number, started=True))
        for epoch in range(1, self._reports + 1):
            report = Report(number=trial.number, measurements=(measured(epoch, 0.5),))
            conductor.hear(Report.model_validate_json(report.packed()["report"]))
        score = {"accuracy": 0.5}
        outcome = Outcome(best_epoch=1, dev=score | COSTS, test=score, student=self._student)
        conductor.hear(Report(number=trial.number, outcome=outcome))


class Theirs:
    """Optuna's ask, report and tell on its relational storage."""

    def __init__(self, url: str, reports: int) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._storage = optuna.storages.RDBStorage(url)
        sampler = optuna.samplers.RandomSampler(seed=0)
        self._study = optuna.create_study(storage=self._storage, sampler=sampler)
        self._reports = reports

    def run(self, trials: int) -> Counted:
        """Run some trials."""
        with counted_on(self._storage.engine) as cost:
            for _ in range(trials):
                trial = self._study.ask()
                for i in range(PARAMETERS):
                    trial.suggest_float(f"x{i}", 0, 1)
                for step in range(self._reports):
                    trial.report(0.5, step)
                self._study.tell(trial, 0.5)
        return cost

    def close(self) -> None:
        """Close the storage."""
        self._storage.remove_session()
        self._storage.engine.dispose()


def economy(rounds: int = ROUNDS, trials: int = TRIALS, reports: int = REPORTS) -> list[Figure]:
    """Measure both, in turns."""
    with tempfile.TemporaryDirectory() as folder, postgres() as server:
        root = Path(folder)
        total = rounds * trials
        with (
            closing(Ours(new_database(server, "ours"), root, total, reports)) as ours,
            closing(Theirs(new_database(server, "theirs"), reports)) as theirs,
        ):
            mine, other = Cost(), Cost()
            for _ in range(rounds):
                mine.add(trials, lambda: ours.run(trials))
                other.add(trials, lambda: theirs.run(trials))
        with sqlite(root) as url, closing(Ours(url, root / "file", trials, reports)) as ours:
            file = Cost()
            file.add(trials, lambda: ours.run(trials))
    figures = []
    for engine, cost in (("PostgreSQL", mine), ("SQLite", file)):
        for name, value, most in (
            ("statements", cost.statements, 8),
            ("commits", cost.commits, 4),
        ):
            each = value / cost.trials
            what = f"SQL {name} of a trial with {reports} reports, {engine}"
            figures.append(Figure("R2", what, each, f"<= {most}", each <= most))
    rate, their_rate = mine.trials / mine.wall_s, other.trials / other.wall_s
    ratio = rate / their_rate
    detail = {
        "trials_per_s": round(rate, 1),
        "optuna_trials_per_s": round(their_rate, 1),
        "cpu_ms": round(1000 * mine.cpu_s / mine.trials, 2),
        "optuna_cpu_ms": round(1000 * other.cpu_s / other.trials, 2),
        "optuna_statements": other.statements / other.trials,
        "optuna_commits": other.commits / other.trials,
    }
    what = "trials/s, times those of Optuna's RDBStorage on the same PostgreSQL"
    figures.append(Figure("R2", what, ratio, ">= 5", ratio >= 5, detail))
    return figures
