"""The real service on one machine: an API and a worker that can be stopped and killed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from autodistill.client import Client
from autodistill.record import Event
from autodistill.store import Store
from autodistill.testing.tiny import tiny_dataset, tiny_encoder
from benchmarks.serving import served

PATIENCE_S = 600.0


class Machine:
    """A data root with tiny data and a tiny encoder, and the processes that work in it.

    Args:
        root: Data root.
        database: Address of its database.
        environment: Of the worker.
    """

    def __init__(self, root: Path, database: str, environment: Mapping[str, str]) -> None:
        self.root, self._database = root, database
        self.store = Store(database)
        self.store.migrate()
        self._environment = os.environ | {
            "AUTODISTILL_DATA_ROOT": str(root),
            "AUTODISTILL_DATABASE_URL": database,
            **environment,
        }
        self._worker: subprocess.Popen[bytes] | None = None

    @contextmanager
    def api(self) -> Iterator[Client]:
        """Serve the API for a while."""
        with served(self.root, self._database) as (url, _), Client(url) as client:
            yield client

    def furnish(self, client: Client) -> None:
        """Register data and encoder."""
        tiny_dataset(self.root / "data", num_train=512, num_held_out=48)
        path = self.root / "data" / "examples.parquet"
        client.upload_dataset(path, name="tiny", split_column="split")
        encoder = tiny_encoder(self.root / "models" / "encoder", num_layers=4, width=32)
        client.register_model("tiny", {"kind": "directory", "path": str(encoder)})

    def start(self) -> None:
        """Start a worker."""
        with (self.root / "worker.log").open("ab") as log:
            self._worker = subprocess.Popen(
                [sys.executable, "-m", "workers"],
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def stop(self) -> float:
        """Ask the worker to end, and return the seconds that it took."""
        worker = self._worker
        assert worker is not None
        worker.terminate()
        return until(lambda: worker.poll() is not None)

    def kill(self) -> None:
        """Kill -9 everything that works in this root."""
        for process in self.processes():
            process.kill()
        if self._worker is not None:
            self._worker.wait()
        self.store.close()

    def processes(self, called: str = "") -> list[psutil.Process]:
        """Return the processes of this root that have a word in their command."""
        found = []
        for process in psutil.process_iter():
            try:
                mine = process.environ().get("AUTODISTILL_DATA_ROOT") == str(self.root)
                if mine and called in " ".join(process.cmdline()):
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return found

    def events(self, job: str, after: int = 0) -> list[Event]:
        """Return the log of a job, from an event on."""
        with self.store.read() as tx:
            return [e for e in tx.events.all(job) if e.seq > after]

    def wait_for_epochs(self, job: str, more: int) -> float:
        """Wait until so many epochs more are committed, and return the seconds that it took."""
        last = self.events(job)[-1].seq

        def there() -> bool:
            return sum(e.kind == "measurement" for e in self.events(job, last)) >= more

        return until(there)


def until(happened: Callable[[], bool]) -> float:
    """Wait, and return the seconds that it took.

    Raises:
        TimeoutError: When it does not happen.
    """
    began = time.monotonic()
    while not happened():
        if time.monotonic() - began > PATIENCE_S:
            raise TimeoutError(f"Nothing happened for {PATIENCE_S:.0f} s.")
        time.sleep(0.1)
    return time.monotonic() - began


def tiny_job(trials: int, **asked: Any) -> dict[str, Any]:
    """Return a request of real trials that take about a second each."""
    training = {"kind": "fine_tuned", "training": {"num_epochs": 1}}
    return {
        "dataset": "tiny",
        "teacher": {"model": "tiny", "preparation": training},
        "students": [{"kind": "cut", "num_layers": 2}],
        "space": {"augmentation": "none", "training.num_epochs": 3},
        "budget": {"num_trials": trials, "max_epochs": 3},
        "search": {"recommended": 0},
        "max_length": 32,
        "confirmation_seeds": 0,
        **asked,
    }
