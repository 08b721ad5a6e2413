"""A worker of its own on one job."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from autodistill.facts import task_facts
from autodistill.record import Job, JobState, Wish
from autodistill.spec import JobRequest
from autodistill.store import ArtifactFolder, Store
from autodistill.testing.tiny import tiny_dataset, tiny_encoder, tiny_model

PATIENCE_S = 240


class Machine:
    """A worker of its own on one job, and everything it starts."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.store = Store(f"sqlite:///{root / 'autodistill.db'}")
        self.store.migrate()
        dataset, path = tiny_dataset(root / "data", num_train=400)
        ArtifactFolder(root / "artifacts").put(path)
        teacher = tiny_model(tiny_encoder(root / "encoder", num_layers=6, width=64))
        training = {"kind": "fine_tuned", "training": {"num_epochs": 1}}
        request = JobRequest.model_validate(
            {
                "dataset": dataset.id,
                "teacher": {"model": teacher.id, "preparation": training},
                "students": [{"kind": "cut", "num_layers": 3}],
                "space": {"augmentation": "none", "training.num_epochs": 8},
                "budget": {"num_trials": 150, "max_epochs": 8},
                "search": {"early_stopping": False},
            }
        )
        facts = task_facts(dataset, teacher, request.students[0], None)
        with self.store.write() as tx:
            tx.datasets.add(dataset)
            tx.models.add(teacher)
            tx.jobs.add("job_1", request.resolve([facts]), facts={"cut-3": facts})

    def start(self, **settings: str) -> subprocess.Popen[bytes]:
        """Start a dispatcher."""
        mine = {"AUTODISTILL_DATA_ROOT": str(self.root), "AUTODISTILL_LEASE_TTL_S": "5", **settings}
        with (self.root / "worker.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "workers"],
                env=os.environ | mine,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    @property
    def job(self) -> Job:
        with self.store.read() as tx:
            return tx.jobs.get("job_1")

    def wish(self, wish: Wish) -> None:
        with self.store.write() as tx:
            tx.jobs.wish("job_1", wish)

    def measured(self) -> list[tuple[int, int]]:
        """Return (trial, epoch) of each measurement that was announced, in order."""
        with self.store.read() as tx:
            found = [e.data for e in tx.events.all("job_1") if e.kind == "measurement"]
        return [(d["number"], d["epoch"]) for d in found]

    def said(self) -> list[str]:
        """Return the messages of the job's log."""
        with self.store.read() as tx:
            return [e.data["message"] for e in tx.events.all("job_1") if e.kind == "log"]

    def wait_for_epochs(self, more: int) -> None:
        before = len(self.measured())
        self.until(lambda: len(self.measured()) >= before + more)

    def wait_for(self, state: JobState) -> None:
        self.until(lambda: self.job.state is state)

    def until(self, happened: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not happened():
            if time.monotonic() > deadline:
                logs = "".join(p.read_text()[-3000:] for p in self.root.glob("logs/*.log"))
                pytest.fail(f"{self.job.state}: {self.job.message}\n{logs}")
            time.sleep(0.2)

    def processes(self, called: str = "") -> list[psutil.Process]:
        """Return the processes that work in this root and have a word in their command."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("AUTODISTILL_DATA_ROOT") == str(self.root) and (
                    called in " ".join(process.cmdline())
                ):
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
                continue
        return found
