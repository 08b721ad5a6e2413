from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from autodistill.record import Event
from autodistill.store import Store
from autodistill.testing.played import PlayedRun, prepared, request, submit
from benchmarks.chaos.checker import check
from workers.claim import Driver
from workers.inline import run_inline

TRIALS = 4


@dataclass
class Finished:
    """What a job left that went well, for a test to break."""

    root: Path
    told: list[Event]

    def break_(self, *statements: str) -> None:
        """Change the database behind everybody's back."""
        file = sqlite3.connect(self.root / "autodistill.db")
        with file:
            for statement in statements:
                file.execute(statement)
        file.close()

    @property
    def blob(self) -> Path:
        return next(p for p in (self.root / "artifacts").rglob("*") if p.is_file())

    def wrong(self, told: Sequence[Event] | None = None) -> list[str]:
        told = self.told if told is None else told
        url = f"sqlite:///{self.root / 'autodistill.db'}"
        return check(url, TRIALS, {"job_1": told}, self.root / "artifacts")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    root = tmp_path_factory.mktemp("whole")
    asked = request(
        budget={"num_trials": TRIALS, "max_epochs": 3},
        search={"sampler": "random", "early_stopping": False},
    )
    store = Store(f"sqlite:///{root / 'autodistill.db'}")
    store.migrate()
    submit(store, asked)
    with store.write() as tx:
        job = tx.leases.claim("a test", 60)
        assert job is not None
        tx.leases.grant(job.id, job.owner_epoch, 1)
    quiet = threading.Event()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("workers.claim.prepare", lambda *_, **__: prepared(root, asked))
        patched.setattr("workers.attempt.TrialRun", PlayedRun)
        Driver(store, root, job, draining=quiet, lost=quiet).drive(run_inline)
    with store.read() as tx:
        told = list(tx.events.all("job_1"))
    store.close()
    return Finished(root, told)


@pytest.fixture
def finished(whole: Finished, tmp_path: Path) -> Finished:
    shutil.copytree(whole.root, tmp_path, dirs_exist_ok=True)
    return Finished(tmp_path, whole.told)


def test_what_went_well_is_found_well(finished: Finished) -> None:
    assert finished.wrong() == []


LAST = "(SELECT max(seq) FROM event)"
ANNOUNCED = "FROM event WHERE kind = 'measurement' ORDER BY seq LIMIT 1"
BREAKS: dict[str, tuple[str, tuple[str, ...]]] = {
    "a measurement is lost": (
        "trial 1 is complete with the epochs [1, 3]",
        ("DELETE FROM measurement WHERE number = 1 AND epoch = 2",),
    ),
    "a measurement is not what was told": (
        "the epochs of the log are not those of the rows",
        ("""UPDATE measurement SET "values" = '{"seconds": 9}' WHERE number = 1 AND epoch = 2""",),
    ),
    "a trial runs for ever": (
        "trial 1 is running for ever",
        ("UPDATE trial SET state = 'running' WHERE number = 1",),
    ),
    "a trial failed": (
        "trial 1 failed for a fault that was not its own",
        ("UPDATE trial SET state = 'failed' WHERE number = 1",),
    ),
    "a trial is there twice": (
        "1 trials are there twice",
        ("UPDATE trial SET spec = (SELECT spec FROM trial WHERE number = 0) WHERE number = 1",),
    ),
    "a trial is lost": (
        f"{TRIALS - 1} trials with numbers up to 2 for a budget of {TRIALS}",
        (
            f"DELETE FROM measurement WHERE number = {TRIALS - 1}",
            f"DELETE FROM trial WHERE number = {TRIALS - 1}",
        ),
    ),
    "every trial is lost": (
        f"0 trials with numbers up to None for a budget of {TRIALS}",
        ("DELETE FROM measurement", "DELETE FROM trial"),
    ),
    "a score is not what was told": (
        "trial 1 is complete with {'accuracy': 2} and ended as",
        ("""UPDATE trial SET dev = '{"accuracy": 2}' WHERE number = 1""",),
    ),
    "a trial finished in between and is lost": (
        "the order of finishing has gaps or repeats",
        ("UPDATE trial SET finish_order = 9 WHERE number = 1",),
    ),
    "an attempt was not told": (
        "trial 1 has 2 attempts and started 1 times",
        ("UPDATE trial SET num_attempts = 2 WHERE number = 1",),
    ),
    "an event is lost": (
        "the numbers of events have gaps",
        ("DELETE FROM event WHERE seq = 5",),
    ),
    "an event was changed": (
        "1 acknowledged events are lost or changed",
        ("UPDATE event SET data = json_object('x', 1) WHERE seq = 1",),
    ),
    "an epoch was announced twice": (
        "an epoch was announced twice",
        (f"INSERT INTO event SELECT job_id, {LAST} + 1, kind, data, created_at {ANNOUNCED}",),
    ),
    "somebody was not told of the newest": (
        "a watcher was told",
        (f"INSERT INTO event SELECT job_id, {LAST} + 1, kind, data, created_at {ANNOUNCED}",),
    ),
    "the job did not end": (
        "job_1 is searching",
        ("UPDATE job SET state = 'searching'",),
    ),
    "the job is held for ever": (
        "job_1 is held by somebody for ever",
        ("UPDATE job SET slots = 1",),
    ),
    "the job is another": (
        "jobs: ['job_2'] are there, ['job_1'] were submitted",
        ("PRAGMA foreign_keys = OFF", "UPDATE job SET id = 'job_2'"),
    ),
}


@pytest.mark.parametrize("broken", BREAKS)
def test_each_broken_promise_is_seen(finished: Finished, broken: str) -> None:
    says, statements = BREAKS[broken]
    finished.break_(*statements)
    assert any(says in what for what in finished.wrong()), finished.wrong()


def test_a_watcher_who_missed_something_is_seen(finished: Finished) -> None:
    told = finished.told
    assert any("a watcher missed" in what for what in finished.wrong([*told[:3], *told[4:]]))
    assert any("a watcher missed" in what for what in finished.wrong([*told[:3], *told[2:]]))
    assert any("a watcher was told" in what for what in finished.wrong(told[:-1]))


def test_a_student_that_is_gone_or_changed_is_seen(finished: Finished) -> None:
    finished.blob.write_bytes(b"other")
    assert any("is not what its name says" in what for what in finished.wrong())
    finished.blob.unlink()
    assert any("is not in the artifacts" in what for what in finished.wrong())
