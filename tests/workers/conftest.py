from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from autodistill.record import Event, Job, Outcome, Trial, Wish
from autodistill.store import Store
from autodistill.testing.played import COSTS, PlayedRun, measured, prepared, request, submit
from workers.claim import Driver
from workers.conductor import Conductor, Supply
from workers.folders import TrialFolders
from workers.inline import run_inline
from workers.report import Report


class Desk:
    """One job and its conductor, with trials that the test plays itself."""

    def __init__(self, store: Store, root: Path, **asked: Any) -> None:
        self.store, self.root = store, root
        wanted = request(**asked)
        self.task = prepared(root, wanted)
        submit(store, wanted)
        self.draining, self.lost = threading.Event(), threading.Event()
        self.time, self.slots = 0.0, 9
        self.conductor = self.crash()

    def claim(self) -> Conductor:
        """Take the job, as a fresh driver does after the last one has died between two reports."""
        self.conductor.commit()
        return self.crash()

    def crash(self) -> Conductor:
        """The same, where what the last one had not committed is lost."""
        with self.store.write() as tx:
            held = tx.jobs.get("job_1")
            tx.leases.release("job_1", held.owner_epoch)
            job = tx.leases.claim("a test", 60)
            assert job is not None
            tx.leases.grant(job.id, job.owner_epoch, self.slots)
        self.job = job
        folders = TrialFolders(self.root, job.id, job.owner_epoch)
        self.conductor = Conductor(
            self.store,
            job,
            self.task,
            folders,
            self.draining,
            self.lost,
            clock=lambda: self.time,
        )
        return self.conductor

    def folder(self, number: int) -> Path:
        """Return the folder of a trial."""
        row = next(t for t in self.conductor.rows if t.number == number)
        return Path(self.conductor.config(row)["folder"])

    def folders(self) -> set[int]:
        """Return the numbers of the trials that have a folder."""
        parent = self.root / "trials" / "job_1" / f"{self.job.owner_epoch}"
        return {int(p.name) for p in parent.iterdir() if p.is_dir()}

    def take(self) -> Trial:
        """Return the next trial, which there must be."""
        trial = self.conductor.next()
        assert not isinstance(trial, Supply)
        return trial

    def begin(self) -> int:
        """Take a trial, say that it has started, and return its number."""
        trial = self.take()
        assert not self.conductor.hear(Report(number=trial.number, started=True))
        return trial.number

    def tell(self, number: int, epoch: int, accuracy: float) -> bool:
        """Report an epoch; True when the trial is to stop."""
        measurements = (measured(epoch, accuracy),)
        return self.conductor.hear(Report(number=number, measurements=measurements))

    measured = staticmethod(measured)

    def complete(self, accuracy: float = 0.5) -> int:
        """Play a trial to its end and return its number."""
        number = self.begin()
        for epoch in (1, 2, 3):
            if self.tell(number, epoch, accuracy):
                return number
        self.end(number, accuracy)
        return number

    def end(self, number: int, accuracy: float = 0.5) -> None:
        """Report the outcome of a trial."""
        student = self.folder(number) / "student"
        student.mkdir(parents=True, exist_ok=True)
        scores = {"accuracy": accuracy}
        outcome = Outcome(best_epoch=3, dev=scores | COSTS, test=scores, student=student)
        assert self.conductor.hear(Report(number=number, outcome=outcome))

    def trial(self, number: int) -> Trial:
        """Return a trial as the store has it."""
        self.conductor.commit()
        with self.store.read() as tx:
            return tx.trials.get("job_1", number)

    def events(self) -> list[Event]:
        """Return the job's log."""
        self.conductor.commit()
        with self.store.read() as tx:
            return tx.events.after("job_1", 0)

    def wish(self, wish: Wish) -> None:
        """Say what the user wants, and let the conductor look."""
        with self.store.write() as tx:
            tx.jobs.wish("job_1", wish)
        self.time += 1

    def stop(self, number: int) -> None:
        """Ask for the end of one trial, and let the conductor look."""
        self.conductor.commit()
        with self.store.write() as tx:
            tx.jobs.stop("job_1", number)
        self.time += 1
        self.conductor.halted()

    def grant(self, slots: int) -> None:
        """Say how many trials may run at once, and let the conductor look."""
        with self.store.write() as tx:
            tx.leases.grant("job_1", self.job.owner_epoch, slots)
        self.time += 1

    def now(self) -> Job:
        """Return the job as the store has it."""
        with self.store.read() as tx:
            return tx.jobs.get("job_1")


class Garage:
    """A store with one job, and drivers that run it in this process on trials of no work."""

    def __init__(self, store: Store, root: Path, *, job_id: str = "job_1", **asked: Any) -> None:
        self.store, self.root, self.job_id = store, root, job_id
        submit(store, request(**asked), job_id)
        self.draining, self.lost = threading.Event(), threading.Event()

    def driver(self, **settings: Any) -> Driver:
        """Claim the job and return its driver."""
        self.draining.clear()
        with self.store.write() as tx:
            job = tx.leases.claim("a test", 60)
            assert job is not None
            tx.leases.grant(job.id, job.owner_epoch, 2)
        draining, lost = self.draining, self.lost
        return Driver(self.store, self.root, job, draining=draining, lost=lost, **settings)

    def drive(self, execute: Callable[[Conductor], None] = run_inline) -> Job:
        """Run one claim to where it goes, and return the job then."""
        self.driver().drive(execute)
        return self.job

    def abandon(self) -> None:
        """Let the lease of a driver that has died run out."""
        with self.store.write() as tx:
            tx.leases.renew(self.job_id, self.job.owner_epoch, 0.0)

    @property
    def job(self) -> Job:
        with self.store.read() as tx:
            return tx.jobs.get(self.job_id)

    def wish(self, wish: Wish) -> None:
        with self.store.write() as tx:
            tx.jobs.wish(self.job_id, wish)

    def trials(self) -> Sequence[Trial]:
        with self.store.read() as tx:
            return tx.trials.all(self.job_id)

    def kinds(self) -> list[str]:
        with self.store.read() as tx:
            return [e.kind for e in tx.events.after(self.job_id, 0)]


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("database") / "autodistill.db"
    store = Store(f"sqlite:///{path}")
    store.migrate()
    store.close()
    return path


@pytest.fixture
def store(tmp_path: Path, empty_database: Path) -> Iterator[Store]:
    shutil.copy(empty_database, tmp_path / "autodistill.db")
    store = Store(f"sqlite:///{tmp_path / 'autodistill.db'}")
    yield store
    store.close()


@pytest.fixture
def submitted(store: Store) -> Callable[..., None]:
    def queue(job_id: str, **asked: Any) -> None:
        submit(store, request(**asked), job_id)

    return queue


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Callable[..., Desk]:
    return lambda **asked: Desk(store, tmp_path, **asked)


@pytest.fixture
def desk_on(tmp_path: Path) -> Callable[..., Desk]:
    """The same, on a store that the test chooses."""
    return lambda store, **asked: Desk(store, tmp_path, **asked)


@pytest.fixture
def garage(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Garage]:
    def build(*, job_id: str = "job_1", **asked: Any) -> Garage:
        task = prepared(tmp_path, request(**asked))
        monkeypatch.setattr("workers.claim.prepare", lambda *_, **__: task)
        monkeypatch.setattr("workers.attempt.TrialRun", PlayedRun)
        monkeypatch.setattr("workers.conductor.POLL_S", 0.0)
        monkeypatch.setattr("workers.conductor.RETRY_DELAY_S", 0.0)
        return Garage(store, tmp_path, job_id=job_id, **asked)

    return build
